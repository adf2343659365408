//! The kinds of jobs there are. A worker does not start when it lacks a handler
//! for one.

use std::time::Duration;

use domain::{Backoff, Limits, Rate};

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
    /// How long one try may take. It ends at the handler's next `.await` after that.
    pub timeout: Duration,
    /// How long to wait before the next try.
    pub backoff: Backoff,
    /// How much of it may go on, over all workers. A limited kind has slots of its own in each worker.
    pub limits: Option<Limits>,
}

/// From a second to a quarter of an hour.
const BACKOFF: Backoff = Backoff { base: Duration::from_secs(1), max: Duration::from_secs(15 * 60) };

/// Twenty tries take the better part of a day, as mail servers are away for hours.
const fn mail(name: &'static str) -> JobKind {
    let backoff = Backoff { base: Duration::from_secs(1), max: Duration::from_secs(2 * 60 * 60) };
    let timeout = Duration::from_secs(2 * 60);
    JobKind { name, queue: "mail", max_attempts: 20, submittable: false, timeout, backoff, limits: None }
}

const fn operator(name: &'static str, max_attempts: i32) -> JobKind {
    JobKind { submittable: true, ..caused(name, max_attempts) }
}

const fn caused(name: &'static str, max_attempts: i32) -> JobKind {
    let timeout = Duration::from_secs(15 * 60);
    JobKind {
        name,
        queue: "default",
        max_attempts,
        submittable: false,
        timeout,
        backoff: BACKOFF,
        limits: None,
    }
}

impl JobKind {
    /// With another limit for a try.
    const fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// With limits over all workers.
    const fn limited(self, concurrency: u32, rate: Option<Rate>) -> Self {
        Self { limits: Some(Limits { concurrency: Some(concurrency), rate }), ..self }
    }
}

const HOUR: Duration = Duration::from_secs(60 * 60);

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
    caused("people.export", 10)
        .within(HOUR)
        .limited(4, Some(Rate { jobs: 120, per: Duration::from_secs(60) })),
    caused("people.forget", 20),
    operator("maintenance.purge", 5).within(HOUR),
    // Encrypts whole tables anew, stretch by stretch.
    operator("keys.tend", 5).within(Duration::from_secs(24 * 60 * 60)),
    operator("diagnostics.echo", 3),
    operator("diagnostics.sleep", 3),
    operator("diagnostics.fail", 5),
    operator("diagnostics.panic", 2),
    operator("diagnostics.single", 3).limited(1, None),
    operator("diagnostics.hang", 2).within(Duration::from_secs(1)),
];

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static JobKind> {
    KINDS.iter().find(|kind| kind.name == name)
}
