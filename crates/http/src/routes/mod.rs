//! All routes, one file per feature. The paths stand in full beside the functions.

mod activity;
mod audit;
mod auth;
mod credentials;
mod health;
mod jobs;
mod mailbox;
mod mfa;
mod outbox;
mod pages;
mod sessions;
mod swagger;
mod users;
mod well_known;

use utoipa_actix_web::service_config::ServiceConfig;

/// What the OpenAPI document describes.
pub(crate) fn documented(config: &mut ServiceConfig) {
    auth::routes(config);
    credentials::routes(config);
    sessions::routes(config);
    mfa::routes(config);
    users::routes(config);
    activity::routes(config);
    jobs::routes(config);
    audit::routes(config);
    outbox::routes(config);
    health::routes(config);
    well_known::routes(config);
    mailbox::routes(config);
}

/// What a process serves that serves nothing else.
pub(crate) fn health(config: &mut ServiceConfig) {
    health::routes(config);
}

/// Pages for people.
pub(crate) fn pages(config: &mut actix_web::web::ServiceConfig, docs: bool, mailbox: bool) {
    config.service(pages::verify_email_form).service(pages::verify_email);
    config.service(pages::reset_password_form).service(pages::reset_password);
    config.service(well_known::security_txt);
    if mailbox {
        config.service(mailbox::page);
    }
    if docs {
        config.service(well_known::openapi).service(swagger::file);
    }
}
