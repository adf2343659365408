//! The use cases of Mainstay, one module per feature.
//!
//! **Invariant:** knows the domain and the ports, and nothing of HTTP, SQL or any driver. Every use case that
//! changes something does it in a [`Work`], which writes the audit entry with it.

mod again;
pub mod audit;
pub mod auth;
mod cached;
mod context;
mod core;
mod errand;
mod error;
mod exclusive;
pub mod first_start;
pub mod idempotency;
pub mod jobs;
pub mod keys;
pub mod limits;
mod lists;
pub mod mails;
pub mod maintenance;
pub mod outbox;
pub mod people;
pub mod roles;
pub mod schedules;
pub mod seeding;
mod settings;
pub mod tenant_archives;
pub mod tenants;
pub mod users;
mod work;

pub use context::Context;
pub use core::{Core, Outside};
pub use errand::TaskErrands;
pub use error::{AuthFailure, Error, FieldError, Result};
pub use lists::{Ask, Listed, Meta};
pub use settings::{Events, OAuth, RateLimits, Retention, Settings, Tenancy};
pub use work::{Action, Work};

/// All use cases, wired: what inbound adapters get.
#[derive(Clone)]
pub struct Application {
    /// Registration, login, tokens, sessions, and who a bearer is.
    pub auth: auth::Auth,
    /// Accounts: one's own, and everybody's for administrators.
    pub users: users::Users,
    /// Roles, and who has those of the platform.
    pub roles: roles::Roles,
    /// Tenants, who belongs to them and who is asked to.
    pub tenants: tenants::Tenants,
    /// Background jobs, as operators see them.
    pub jobs: jobs::Jobs,
    /// Recurring work.
    pub schedules: schedules::Schedules,
    /// Requests that are sent again.
    pub idempotency: idempotency::Idempotency,
    /// How often callers may do what.
    pub limits: limits::Limits,
    /// The audit trail.
    pub audit: audit::Audit,
    /// What is sent by mail, and why.
    pub mails: mails::Mails,
    /// What people may ask about their data.
    pub people: people::People,
    /// Clearing away what has expired.
    pub maintenance: maintenance::Maintenance,
    /// Events that wait, and dead letters.
    pub outbox: outbox::Outbox,
    /// What an installation begins with.
    pub seeding: seeding::Seeding,
    /// Tenants on their way out and in.
    pub tenant_archives: tenant_archives::TenantArchives,
    /// The keys of the ring.
    pub keys: keys::KeyRing,
}

impl Application {
    /// Wires the use cases to their collaborators.
    pub fn new(core: Core) -> Self {
        let keys = keys::KeyRing::new(core.clone());
        let (cache, clock, random) = (core.cache.clone(), core.clock.clone(), core.random.clone());
        let cached = cached::Cached::new(cache, clock, random);
        let lists = lists::Lists::new(keys.clone(), cached.clone());
        let limits = limits::Limits::new(core.cache.clone(), core.settings.rate_limits);
        let auth = auth::Auth::new(core.clone(), keys.clone(), cached, lists.clone(), limits.clone());
        let tenants = tenants::Tenants::new(core.clone(), lists.clone(), auth.clone(), keys.clone());
        Self {
            roles: roles::Roles::new(core.clone(), lists.clone(), auth.clone()),
            users: users::Users::new(core.clone(), lists.clone(), auth.clone()),
            auth,
            limits,
            jobs: jobs::Jobs::new(core.clone(), lists.clone()),
            schedules: schedules::Schedules::new(core.clone()),
            idempotency: idempotency::Idempotency::new(core.clone()),
            audit: audit::Audit::new(core.clone(), lists.clone()),
            mails: mails::Mails::new(core.clone(), keys.clone(), tenants.clone()),
            tenant_archives: tenant_archives::TenantArchives::new(core.clone(), tenants.clone()),
            tenants,
            outbox: outbox::Outbox::new(core.clone(), lists),
            people: people::People::new(core.clone()),
            maintenance: maintenance::Maintenance::new(core.clone(), people::People::new(core.clone())),
            seeding: seeding::Seeding::new(core),
            keys,
        }
    }
}
