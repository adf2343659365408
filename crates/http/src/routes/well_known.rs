//! What has a well-known place: keys, contact, the OpenAPI document.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};

use super::Services;
use crate::State;

pub(super) fn routes(config: &mut impl Services) {
    config.service(jwks);
}

/// The public keys that verify access tokens (RFC 7517).
#[utoipa::path(tag = "well-known", responses((status = 200, description = "A JWK set", body = Object)))]
#[get("/.well-known/jwks.json")]
async fn jwks(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .content_type("application/jwk-set+json")
        .body(state.app.keys.jwks().to_string())
}

/// Whom to tell about a weakness (RFC 9116). It has to expire within a year, so it is made anew each time.
#[get("/.well-known/security.txt")]
pub(super) async fn security_txt(state: web::Data<State>) -> HttpResponse {
    let expires = crate::respond::rfc3339(state.clock.now() + chrono::TimeDelta::days(180));
    let contact = &state.edge.settings.security_contact;
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(format!("Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n"))
}

/// The OpenAPI document.
#[get("/openapi.json")]
pub(super) async fn openapi(document: web::Data<utoipa::openapi::OpenApi>) -> HttpResponse {
    HttpResponse::Ok().json(&**document)
}
