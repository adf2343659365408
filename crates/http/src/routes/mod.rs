//! All routes, one file per feature. The paths stand in full beside the functions.

mod activity;
mod api_keys;
mod audit;
mod auth;
mod credentials;
mod health;
mod jobs;
mod mailbox;
mod members;
mod mfa;
mod oauth;
mod outbox;
mod pages;
mod passkeys;
mod people;
mod queues;
mod roles;
mod schedules;
mod services;
mod sessions;
mod swagger;
mod tenants;
mod users;
mod well_known;

pub(crate) use self::services::Services;

/// What the OpenAPI document describes.
pub(crate) fn documented(config: &mut impl Services) {
    auth::routes(config);
    credentials::routes(config);
    sessions::routes(config);
    mfa::routes(config);
    oauth::routes(config);
    passkeys::routes(config);
    api_keys::routes(config);
    users::routes(config);
    roles::routes(config);
    people::routes(config);
    activity::routes(config);
    jobs::routes(config);
    schedules::routes(config);
    queues::routes(config);
    audit::routes(config);
    outbox::routes(config);
    health::routes(config);
    well_known::routes(config);
    mailbox::routes(config);
}

/// What the document describes, too, but where everybody belongs to the one tenant there is.
pub(crate) fn tenancy(config: &mut impl Services) {
    tenants::routes(config);
    members::routes(config);
}

/// Whether a path is one of [`tenancy`]'s.
pub(crate) fn is_tenancy(path: &str) -> bool {
    ["/api/v1/tenants", "/api/v1/invitations"].iter().any(|area| path.starts_with(area))
}

/// What a process serves that serves nothing else.
pub(crate) fn health(config: &mut impl Services) {
    health::routes(config);
}

/// Pages for people.
pub(crate) fn pages(config: &mut actix_web::web::ServiceConfig, docs: bool, mailbox: bool, tenants: bool) {
    config.service(pages::verify_email_form).service(pages::verify_email);
    config.service(pages::reset_password_form).service(pages::reset_password);
    config.service(well_known::security_txt);
    if tenants {
        config.service(pages::accept_invitation_form).service(pages::accept_invitation);
    }
    if mailbox {
        config.service(mailbox::page);
    }
    if docs {
        config.service(well_known::openapi).service(swagger::file);
    }
}
