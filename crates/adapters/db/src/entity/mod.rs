//! The tables as SeaORM entities: one file per table, no behaviour. How rows become domain values stands in
//! the repositories.
#![allow(unreachable_pub, reason = "the derives write `pub` items")]

pub(crate) mod api_keys;
pub(crate) mod audit_entries;
pub(crate) mod captured_mails;
pub(crate) mod credentials;
pub(crate) mod devices;
pub(crate) mod exports;
pub(crate) mod former_passwords;
pub(crate) mod idempotency_keys;
pub(crate) mod identities;
pub(crate) mod inbox;
pub(crate) mod invitation_roles;
pub(crate) mod invitations;
pub(crate) mod job_attempts;
pub(crate) mod job_gates;
pub(crate) mod job_queues;
pub(crate) mod jobs;
pub(crate) mod login_attempts;
pub(crate) mod mail_tokens;
pub(crate) mod membership_roles;
pub(crate) mod memberships;
pub(crate) mod mfa_challenges;
pub(crate) mod oauth_codes;
pub(crate) mod oauth_logins;
pub(crate) mod outbox;
pub(crate) mod outbox_partitions;
pub(crate) mod outbox_relays;
pub(crate) mod passkey_challenges;
pub(crate) mod passkeys;
pub(crate) mod person_keys;
pub(crate) mod platform_roles;
pub(crate) mod policies;
pub(crate) mod recovery_codes;
pub(crate) mod refresh_tokens;
pub(crate) mod ring_keys;
pub(crate) mod role_parents;
pub(crate) mod role_permissions;
pub(crate) mod roles;
pub(crate) mod schedules;
pub(crate) mod sessions;
pub(crate) mod tenants;
pub(crate) mod totp_enrollments;
pub(crate) mod users;

/// The `domain::Base` of a row that has its columns.
macro_rules! base_of {
    ($row:expr) => {
        domain::Base {
            id: $row.id,
            uuid: $row.uuid,
            created_at: $row.created_at,
            updated_at: $row.updated_at,
            deleted_at: $row.deleted_at,
            version: $row.version,
        }
    };
}

/// A row with the columns of `domain::Base` and those named after it.
macro_rules! row_with_base {
    ($model:path, $base:expr, { $($field:ident: $value:expr),* $(,)? }) => {{
        let base = &$base;
        $model {
            id: base.id,
            uuid: base.uuid,
            created_at: base.created_at,
            updated_at: base.updated_at,
            deleted_at: base.deleted_at,
            version: base.version,
            $($field: $value),*
        }
    }};
}

pub(crate) use {base_of, row_with_base};
