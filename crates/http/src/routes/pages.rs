//! The small pages that links in mails open. A GET consumes nothing: mail scanners follow links.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, get, post, web};
use application::Error;
use application::limits::Limit;
use application::tenants::Acceptance;
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::State;
use crate::edge::limited;
use crate::extract::Anyone;
use crate::respond::Failure;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; \
                      base-uri 'none'";

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    token: String,
}

#[derive(Deserialize)]
struct NewPassword {
    #[serde(default)]
    token: String,
    #[serde(default)]
    password: String,
}

#[derive(Template)]
#[template(path = "action.html")]
struct ActionPage<'a> {
    title: &'a str,
    text: &'a str,
    form: Option<Form<'a>>,
}

/// What the button posts.
struct Form<'a> {
    action: &'static str,
    label: &'static str,
    token: &'a str,
    /// Whether a new password is asked for.
    password: bool,
    /// Whether it may stay empty.
    optional: bool,
}

/// Asks for the click that verifies.
#[get("/verify-email")]
pub(super) async fn verify_email_form(link: web::Query<Link>) -> Result<HttpResponse, Failure> {
    html(&ActionPage {
        title: "Verify your e-mail address",
        text: "One click, and it is yours.",
        form: Some(Form {
            action: "/verify-email",
            label: "Verify address",
            token: &link.token,
            password: false,
            optional: false,
        }),
    })
}

/// The click.
#[post("/verify-email", wrap = "limited(Limit::Secrets)")]
pub(super) async fn verify_email(
    state: web::Data<State>,
    Anyone(context): Anyone,
    form: web::Form<Link>,
) -> Result<HttpResponse, Failure> {
    let token = SecretString::from(form.into_inner().token);
    match state.app.auth.verify_email(&context, &token).await {
        Ok(()) => done("Your address is verified", "You can log in now. This page can be closed."),
        Err(Error::TokenInvalid) => refused(&ActionPage {
            title: STALE,
            text: "It has been used, or is older than 24 hours. If you have verified the address already, just \
                   log in; otherwise ask for another mail.",
            form: None,
        }),
        Err(error) => Err(error.into()),
    }
}

/// Asks for a new password.
#[get("/reset-password")]
pub(super) async fn reset_password_form(link: web::Query<Link>) -> Result<HttpResponse, Failure> {
    html(&choose("The longer the better; a sentence is fine.", &link.token))
}

/// The new password.
#[post("/reset-password", wrap = "limited(Limit::Secrets)")]
pub(super) async fn reset_password(
    state: web::Data<State>,
    Anyone(context): Anyone,
    form: web::Form<NewPassword>,
) -> Result<HttpResponse, Failure> {
    let NewPassword { token, password } = form.into_inner();
    let (token, password) = (SecretString::from(token), SecretString::from(password));
    match state.app.auth.reset_password(&context, &token, &password).await {
        Ok(()) => done("Your password is changed", "Log in with it. This page can be closed."),
        Err(Error::TokenInvalid) => refused(&ActionPage {
            title: STALE,
            text: "It has been used, or is older than 30 minutes. Ask for another mail.",
            form: None,
        }),
        Err(Error::Invalid(errors)) => {
            let why = errors.first().map(|error| error.message.as_str()).unwrap_or_default();
            refused(&choose(
                &format!("That password {why}. Please choose another one."),
                token.expose_secret(),
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks whether they want to.
#[get("/accept-invitation")]
pub(super) async fn accept_invitation_form(link: web::Query<Link>) -> Result<HttpResponse, Failure> {
    html(&join("Without an account yet, choose its password. With one, leave that empty.", &link.token))
}

/// They do.
#[post("/accept-invitation", wrap = "limited(Limit::Secrets)")]
pub(super) async fn accept_invitation(
    state: web::Data<State>,
    Anyone(context): Anyone,
    form: web::Form<NewPassword>,
) -> Result<HttpResponse, Failure> {
    let NewPassword { token, password } = form.into_inner();
    let token = SecretString::from(token);
    let password = (!password.is_empty()).then(|| SecretString::from(password));
    let acceptance = Acceptance { token: token.clone(), password, display_name: None };
    match state.app.tenants.accept(&context, acceptance).await {
        Ok(_) => done("You are in", "Log in with your address. This page can be closed."),
        Err(Error::TokenInvalid) => refused(&ActionPage {
            title: STALE,
            text: "It has been used or taken back, or is older than seven days. Ask for another invitation.",
            form: None,
        }),
        Err(Error::Invalid(errors)) => {
            let why = errors.first().map(|error| error.message.as_str()).unwrap_or_default();
            refused(&join(&format!("A password {why}. Please choose one."), token.expose_secret()))
        }
        Err(error) => Err(error.into()),
    }
}

const STALE: &str = "This link is not valid any more";

fn choose<'a>(text: &'a str, token: &'a str) -> ActionPage<'a> {
    ActionPage {
        title: "Choose a new password",
        text,
        form: Some(Form {
            action: "/reset-password",
            label: "Change password",
            token,
            password: true,
            optional: false,
        }),
    }
}

fn join<'a>(text: &'a str, token: &'a str) -> ActionPage<'a> {
    ActionPage {
        title: "You are invited",
        text,
        form: Some(Form {
            action: "/accept-invitation",
            label: "Accept invitation",
            token,
            password: true,
            optional: true,
        }),
    }
}

fn done(title: &str, text: &str) -> Result<HttpResponse, Failure> {
    html(&ActionPage { title, text, form: None })
}

fn refused(page: &ActionPage<'_>) -> Result<HttpResponse, Failure> {
    let mut response = html(page)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
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
