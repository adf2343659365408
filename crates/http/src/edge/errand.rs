//! What a request is about, for whoever watches the database.

use actix_web::dev::ServiceRequest;
use actix_web::web;
use application::Application;
use ports::Errand;

use super::Operations;

/// Does the work as part of the request's errand, where anybody wants to know.
pub(super) async fn on_errand<T>(request: Option<Errand>, work: impl Future<Output = T>) -> T {
    match request {
        Some(errand) => Application::on_errand(errand, work).await,
        None => work.await,
    }
}

/// `None` for what is no operation.
pub(super) fn errand_of(request: &ServiceRequest) -> Option<Errand> {
    let operations = request.app_data::<web::Data<Operations>>()?;
    operations.find(request.method(), request.match_pattern())?.errand.clone()
}
