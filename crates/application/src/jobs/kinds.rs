//! The kinds of jobs there are. A worker does not start when it lacks a handler
//! for one.

/// A kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobKind {
    /// Name, as stored.
    pub name: &'static str,
    /// The queue it runs in unless told otherwise.
    pub queue: &'static str,
    /// Tries before it is dead.
    pub max_attempts: i32,
    /// Whether operators may submit it; the others are only caused by what happens.
    pub submittable: bool,
}

const fn mail(name: &'static str) -> JobKind {
    JobKind { name, queue: "mail", max_attempts: 20, submittable: false }
}

const fn operator(name: &'static str, max_attempts: i32) -> JobKind {
    JobKind { name, queue: "default", max_attempts, submittable: true }
}

const fn caused(name: &'static str, max_attempts: i32) -> JobKind {
    JobKind { name, queue: "default", max_attempts, submittable: false }
}

/// All kinds.
pub const KINDS: &[JobKind] = &[
    mail("mail.verify-email"),
    mail("mail.already-registered"),
    mail("mail.token-reused"),
    mail("mail.new-device"),
    mail("mail.reset-password"),
    mail("mail.password-changed"),
    mail("mail.change-email"),
    mail("mail.mfa-enabled"),
    mail("mail.mfa-disabled"),
    mail("invitation.mail"),
    mail("mail.identity-linked"),
    mail("mail.identity-unlinked"),
    mail("mail.passkey-added"),
    mail("mail.passkey-removed"),
    mail("mail.passkey-cloned"),
    mail("mail.api-key-created"),
    mail("mail.account-deleted"),
    caused("people.export", 10),
    caused("people.forget", 20),
    operator("maintenance.purge", 5),
    operator("keys.tend", 5),
    operator("diagnostics.echo", 3),
    operator("diagnostics.sleep", 3),
    operator("diagnostics.fail", 5),
    operator("diagnostics.panic", 2),
];

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static JobKind> {
    KINDS.iter().find(|kind| kind.name == name)
}
