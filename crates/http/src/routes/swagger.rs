//! Swagger UI at `/`, from files that are compiled in.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use utoipa_swagger_ui::Config;

use crate::respond::Failure;

const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// One file of it.
#[get(
    "/{file:(swagger-ui[a-z.-]*|index\\.(html|css)|swagger-initializer\\.js|favicon-[0-9x]+\\.png|oauth2-redirect\\.html)?}"
)]
pub(super) async fn file(path: web::Path<String>) -> Result<HttpResponse, Failure> {
    let config = Arc::new(Config::from("/openapi.json"));
    let missing = || Failure::of_status(actix_web::http::StatusCode::NOT_FOUND);
    let file =
        utoipa_swagger_ui::serve(&path, config).map_err(|_| Failure::internal())?.ok_or_else(missing)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .content_type(file.content_type)
        .body(file.bytes.into_owned()))
}
