//! The small pages that links in mails open. A GET consumes nothing: mail scanners follow links.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, get, post, web};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

use crate::State;
use crate::extract::Anyone;
use crate::respond::Failure;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; \
                      base-uri 'none'";

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    token: String,
}

#[derive(Template)]
#[template(path = "action.html")]
struct ActionPage<'a> {
    title: &'a str,
    text: &'a str,
    /// Where to post the token, what the button says, the token.
    form: Option<(&'a str, &'a str, &'a str)>,
}

/// Asks for the click that verifies.
#[get("/verify-email")]
pub(super) async fn verify_email_form(link: web::Query<Link>) -> Result<HttpResponse, Failure> {
    html(&ActionPage {
        title: "Verify your e-mail address",
        text: "One click, and you can log in.",
        form: Some(("/verify-email", "Verify address", &link.token)),
    })
}

/// The click.
#[post("/verify-email")]
pub(super) async fn verify_email(
    state: web::Data<State>,
    Anyone(context): Anyone,
    form: web::Form<Link>,
) -> Result<HttpResponse, Failure> {
    let token = SecretString::from(form.into_inner().token);
    match state.app.auth.verify_email(&context, &token).await {
        Ok(()) => html(&ActionPage {
            title: "Your address is verified",
            text: "You can log in now. This page can be closed.",
            form: None,
        }),
        Err(application::Error::TokenInvalid) => {
            let mut response = html(&ActionPage {
                title: "This link is not valid any more",
                text: "It has been used, or is older than 24 hours. If you have verified the address already, just \
                       log in; otherwise register again.",
                form: None,
            })?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// Renders a page with the policy that pages need.
pub(super) fn html(page: &impl Template) -> Result<HttpResponse, Failure> {
    let body = page.render().map_err(|_| Failure::internal())?;
    let mut response = HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
