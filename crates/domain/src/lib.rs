//! Pure types and rules of Mainstay: what a user, a session, a job *is*, and what may happen to it.
//!
//! **Invariant:** no async, no I/O, no clock, no randomness. Time and random bytes come in as arguments,
//! so every rule here can be tested as a table. Values parse, they are not validated: an [`Email`] that
//! exists is a valid one.

mod access;
mod activity;
mod api_key;
mod audit;
mod auth_method;
mod base;
mod catalogue;
mod credential;
mod device;
mod email;
mod event;
mod export;
mod job;
mod job_attempt;
mod job_limits;
mod key;
mod lockout;
mod mail_token;
mod member;
mod mfa;
mod name;
mod oauth;
mod passkey;
mod password;
mod phone;
mod region;
mod role;
mod schedule;
mod search;
mod session;
mod tenant;
mod totp;
mod user;

pub use access::{Permission, PermissionError, Permissions, SystemRole};
pub use activity::UserActivity;
pub use api_key::ApiKey;
pub use audit::{Actor, AuditEntry, Outcome};
pub use auth_method::{AuthMethod, AuthMethods, AuthMethodsError};
pub use base::{Base, Timestamp};
pub use catalogue::{KnownPermission, PERMISSIONS, Realm};
pub use credential::Credential;
pub use device::{Device, FAMILIAR, Seen, agent_family};
pub use email::{Email, EmailError};
pub use event::{DomainEvent, EventEnvelope, Subject};
pub use export::Export;
pub use job::{Backoff, Failure, Job, JobStatus, NewJob, UnknownStatus};
pub use job_attempt::{Attempt, Reason, Trouble, UnknownReason};
pub use job_limits::{Allowance, Limits, Rate};
pub use key::{KeyPurpose, RingKey};
pub use lockout::{Attempts, Lockout, host_of, network_of};
pub use mail_token::{MailPurpose, MailToken};
pub use member::{Invitation, Member};
pub use mfa::{MfaChallenge, RECOVERY_CODES, TotpEnrollment, read_recovery_code, recovery_code};
pub use name::{DisplayName, Label, NameError, RoleName, TenantName};
pub use oauth::{Arrival, Binding, Identity, OAuthCode, OAuthLogin};
pub use passkey::{Passkey, PasskeyChallenge, PasskeyPurpose};
pub use password::{Password, PasswordError, PasswordPolicy};
pub use phone::{Phone, PhoneError};
pub use region::{Locale, LocaleError, TimeZone, TimeZoneError};
pub use role::{MAX_INHERITANCE, Policy, PolicyRole, Role, RoleLink};
pub use schedule::{Cron, CronError, Misfire, ScheduleState, spread};
pub use search::SearchKey;
pub use session::{Lifetimes, Presented, RefreshToken, STEP_UP, Session, USE_IS_NOTED_EVERY, judge_refresh};
pub use tenant::{Slug, SlugError, Tenant, TenantScope, TenantStatus};
pub use totp::{TotpSecret, TotpSecretError};
pub use user::{User, UserStatus};
