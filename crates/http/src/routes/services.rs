//! Where routes go. Describing all of them leaves megabytes in the heap of the thread that does it, so the document is
//! made once, and the threads that serve only serve.

use actix_web::dev::HttpServiceFactory;
use utoipa_actix_web::OpenApiFactory;

/// Takes routes.
pub(crate) trait Services {
    /// Takes one.
    fn service<F>(&mut self, route: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static;
}

/// Serves them.
impl Services for actix_web::web::ServiceConfig {
    fn service<F>(&mut self, route: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        self.service(route)
    }
}

/// Describes them, too.
impl Services for utoipa_actix_web::service_config::ServiceConfig<'_> {
    fn service<F>(&mut self, route: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        self.service(route)
    }
}
