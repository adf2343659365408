//! The database as the core sees it: plain reads, and the unit of work.

use async_trait::async_trait;

use crate::{
    AccessQueries, AccessRepo, ActivityQueries, ApiKeyQueries, ApiKeyRepo, AuditQueries, AuditTrail,
    BulkQueries, BulkRepo, CredentialQueries, CredentialRepo, DeviceQueries, DeviceRepo, ExpiredTokens,
    Fences, IdempotencyKeys, IdentityQueries, IdentityRepo, Inbox, InvitationQueries, InvitationRepo,
    JobControl, JobQueries, JobQueue, KeyQueries, KeyRepo, LoginAttempts, MailTokenQueries, MailTokenRepo,
    Mailbox, MemberQueries, MemberRepo, MfaQueries, MfaRepo, OAuthQueries, OAuthRepo, Outbox, OutboxQueries,
    PasskeyQueries, PasskeyRepo, PersonalQueries, PersonalRepo, RefreshTokenRepo, Result, RoleQueries,
    RoleRepo, ScheduleQueries, ScheduleRepo, SealedQueries, SealedRepo, SessionQueries, SessionRepo,
    TenantContentQueries, TenantContentRepo, TenantQueries, TenantRepo, UserQueries, UserRepo,
};

/// Reads without a transaction (which would cost two round trips), and the beginning of one.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a unit of work. Nothing of it is visible to anybody else before its commit.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer in time.
    async fn begin(&self) -> Result<Box<dyn Tx>>;

    /// Answers when the database answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    async fn ping(&self) -> Result<()>;

    /// Names of migrations that this program knows and the database lacks.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    async fn pending_migrations(&self) -> Result<Vec<String>>;

    /// The reads that may be a little out of date.
    fn relaxed(&self) -> &dyn Relaxed;

    /// Users.
    fn users(&self) -> &dyn UserQueries;
    /// How much accounts are used.
    fn activity(&self) -> &dyn ActivityQueries;
    /// Credentials.
    fn credentials(&self) -> &dyn CredentialQueries;
    /// Sessions.
    fn sessions(&self) -> &dyn SessionQueries;
    /// Tokens that travel by mail.
    fn mail_tokens(&self) -> &dyn MailTokenQueries;
    /// Second factors.
    fn mfa(&self) -> &dyn MfaQueries;
    /// Accounts elsewhere.
    fn identities(&self) -> &dyn IdentityQueries;
    /// Logins on their way to another provider and back.
    fn oauth(&self) -> &dyn OAuthQueries;
    /// Passkeys.
    fn passkeys(&self) -> &dyn PasskeyQueries;
    /// Keys of programs.
    fn api_keys(&self) -> &dyn ApiKeyQueries;
    /// Devices that people have logged in from.
    fn devices(&self) -> &dyn DeviceQueries;
    /// How far recurring work is.
    fn schedules(&self) -> &dyn ScheduleQueries;
    /// What is stored about a person.
    fn personal(&self) -> &dyn PersonalQueries;
    /// Failed logins; kept outside the unit of work, because they must outlive its rollback. Not to be written
    /// while holding a unit of work: with one writer at a time they would wait for each other.
    fn login_attempts(&self) -> &dyn LoginAttempts;
    /// Keys of requests, to be reserved before the unit of work.
    fn idempotency(&self) -> &dyn IdempotencyKeys;
    /// Who may do what.
    fn access(&self) -> &dyn AccessQueries;
    /// Roles.
    fn roles(&self) -> &dyn RoleQueries;
    /// Tenants.
    fn tenants(&self) -> &dyn TenantQueries;
    /// Who belongs to a tenant.
    fn members(&self) -> &dyn MemberQueries;
    /// Who is asked to.
    fn invitations(&self) -> &dyn InvitationQueries;
    /// Keys.
    fn keys(&self) -> &dyn KeyQueries;
    /// Encrypted columns, whichever table they are in.
    fn sealed(&self) -> &dyn SealedQueries;
    /// What was loaded in bulk.
    fn bulk(&self) -> &dyn BulkQueries;
    /// Tenants as a whole.
    fn tenant_content(&self) -> &dyn TenantContentQueries;
    /// Jobs.
    fn jobs(&self) -> &dyn JobQueries;
    /// The audit trail.
    fn audit(&self) -> &dyn AuditQueries;
    /// Captured mails.
    fn mailbox(&self) -> &dyn Mailbox;
    /// Events that wait, and dead letters.
    fn outbox(&self) -> &dyn OutboxQueries;
}

/// Reads of what may be a few seconds old, perhaps from a copy of the database: lists and statistics. Nothing is decided
/// by them, and whoever has just written something may not see it yet. A copy that is away, or too far behind, is not
/// asked; the database itself is always there to be asked instead.
pub trait Relaxed: Send + Sync {
    /// Users.
    fn users(&self) -> &dyn UserQueries;
    /// How much accounts are used.
    fn activity(&self) -> &dyn ActivityQueries;
    /// Jobs.
    fn jobs(&self) -> &dyn JobQueries;
    /// The audit trail.
    fn audit(&self) -> &dyn AuditQueries;
    /// Events that wait, and dead letters.
    fn outbox(&self) -> &dyn OutboxQueries;
    /// How many copies there are.
    fn copies(&self) -> Copies;
}

/// Copies of the database to read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copies {
    /// Those that there should be.
    pub configured: usize,
    /// Those that are asked at the moment.
    pub used: usize,
}

/// A unit of work. Dropped means rolled back; what was written through it commits together or not at all.
/// Once a write was refused by a uniqueness rule, or the database itself failed, it can only be dropped:
/// everything further is refused, `commit` included.
#[async_trait]
pub trait Tx: Send + Sync {
    /// Users.
    fn users(&self) -> &dyn UserRepo;
    /// Credentials.
    fn credentials(&self) -> &dyn CredentialRepo;
    /// Sessions.
    fn sessions(&self) -> &dyn SessionRepo;
    /// Refresh tokens.
    fn refresh_tokens(&self) -> &dyn RefreshTokenRepo;
    /// Tokens in mails.
    fn mail_tokens(&self) -> &dyn MailTokenRepo;
    /// Tokens of both kinds that are worth nothing any more.
    fn expired_tokens(&self) -> &dyn ExpiredTokens;
    /// Devices that people have logged in from.
    fn devices(&self) -> &dyn DeviceRepo;
    /// How far recurring work is.
    fn schedules(&self) -> &dyn ScheduleRepo;
    /// What is stored about a person.
    fn personal(&self) -> &dyn PersonalRepo;
    /// Failed logins, to forget them together with a successful one.
    fn login_attempts(&self) -> &dyn LoginAttempts;
    /// Keys of requests, to be answered together with what was done.
    fn idempotency(&self) -> &dyn IdempotencyKeys;
    /// Second factors.
    fn mfa(&self) -> &dyn MfaRepo;
    /// Accounts elsewhere.
    fn identities(&self) -> &dyn IdentityRepo;
    /// Logins on their way to another provider and back.
    fn oauth(&self) -> &dyn OAuthRepo;
    /// Passkeys, and the challenges that wait to be signed with one.
    fn passkeys(&self) -> &dyn PasskeyRepo;
    /// Keys of programs.
    fn api_keys(&self) -> &dyn ApiKeyRepo;
    /// What keeps out whoever has lost a lock.
    fn fences(&self) -> &dyn Fences;
    /// Who may do what.
    fn access(&self) -> &dyn AccessRepo;
    /// Roles.
    fn roles(&self) -> &dyn RoleRepo;
    /// Tenants.
    fn tenants(&self) -> &dyn TenantRepo;
    /// Who belongs to a tenant.
    fn members(&self) -> &dyn MemberRepo;
    /// Who is asked to.
    fn invitations(&self) -> &dyn InvitationRepo;
    /// Keys.
    fn keys(&self) -> &dyn KeyRepo;
    /// Encrypted columns, whichever table they are in.
    fn sealed(&self) -> &dyn SealedRepo;
    /// Many rows at once.
    fn bulk(&self) -> &dyn BulkRepo;
    /// Tenants as a whole.
    fn tenant_content(&self) -> &dyn TenantContentRepo;
    /// Jobs to run once this has committed.
    fn jobs(&self) -> &dyn JobQueue;
    /// Jobs that are there.
    fn job_control(&self) -> &dyn JobControl;
    /// Events to tell once this has committed.
    fn outbox(&self) -> &dyn Outbox;
    /// What consumers of events have dealt with.
    fn inbox(&self) -> &dyn Inbox;
    /// The record of who did this.
    fn audit(&self) -> &dyn AuditTrail;

    /// Makes everything durable and visible, then wakes who waits for jobs or events. When it returns, the mirror of
    /// revisions (see [`RevisionMirror`](crate::RevisionMirror)) tells nobody any more what a revision was before this
    /// unit of work has raised it, or has deleted its user; so it returns later while the mirror is away and other
    /// processes are there. What is rolled back tells nothing.
    ///
    /// # Errors
    /// `Unavailable` when a concurrent unit of work won (a deadlock, a serialization failure; so may any statement
    /// before; `is_contended` tells), when the database went away, in which case it may or may not have committed, or when this process
    /// holds no lease on a node id (see `Cluster`): others may then rely on it to change nothing. Never `Conflict` for
    /// such a loss: that is about the request, and may be kept as its answer.
    async fn commit(self: Box<Self>) -> Result<()>;
}
