//! What the core needs from the outside: one trait per capability, one error type for all.
//!
//! **Invariant:** no trait names a technology, and none has a default body that could hide a missing method.
//! Every sentence of a contract below has a case in the conformance suites of the `testkit` crate.
#![warn(missing_docs)]

mod access;
mod activity;
mod api_keys;
mod audit;
mod blobs;
mod broker;
mod bulk;
mod cache;
mod cluster;
mod columns;
mod devices;
mod errand;
mod error;
mod expired_tokens;
mod http;
mod idempotency;
mod identity;
mod identity_provider;
mod inbox;
mod jobs;
mod keys;
mod list;
mod locks;
mod mail;
mod mfa;
mod oauth;
mod outbox;
mod passkeys;
mod password;
mod personal;
mod policy;
mod quota;
mod relying_party;
mod revisions;
mod roles;
mod schedules;
mod store;
mod system;
mod tenancy;
mod tenant_content;
mod token;

pub use access::{AccessQueries, AccessRepo, Membership, Revisions};
pub use activity::ActivityQueries;
pub use api_keys::{ApiKeyQueries, ApiKeyRepo};
pub use audit::{AUDIT_ORDERS, AuditFilter, AuditQueries, AuditTrail};
pub use blobs::{Blob, BlobEntry, BlobKey, BlobMeta, BlobStore, ByteStream};
pub use broker::{BrokerCapabilities, EventBroker, EventHandler, RefusedEvent};
pub use bulk::{BulkQueries, BulkRepo, BulkTable, MembershipRow, TenantRows};
pub use cache::{Cache, CacheCapabilities, CacheKey, CachePattern, Count, Hit, Lookup, Stamp, Subscription};
pub use cluster::Cluster;
pub use columns::{
    ColumnCipher, ColumnKey, ColumnKeys, Floor, SealedColumn, SealedQueries, SealedRepo, StaleValue, Stretch,
};
pub use devices::{DeviceQueries, DeviceRepo};
pub use errand::{Errand, Errands};
pub use error::{Chain, Error, Kind, Result, ResultExt};
pub use expired_tokens::{ExpiredTokens, PurgedTokens};
pub use http::{HttpClient, HttpMethod, HttpRequest, HttpResponse, Target};
pub use idempotency::{Answer, IdempotencyKeys, Reservation, Reserved};
pub use identity::{
    CredentialQueries, CredentialRepo, LoginAttempts, MailTokenQueries, MailTokenRepo, RefreshTokenRepo,
    SESSION_ORDERS, SessionFilter, SessionQueries, SessionRepo, USER_ORDERS, UserFilter, UserQueries,
    UserRepo,
};
pub use identity_provider::{ForeignIdentity, IdentityProvider, ProviderReply, Question};
pub use inbox::Inbox;
pub use jobs::{
    Claim, JOB_ORDERS, JobControl, JobFilter, JobLeases, JobQueries, JobQueue, Limited, QueueState, Wakeups,
};
pub use keys::{KeyQueries, KeyRepo, Sealer};
pub use list::{KeyValue, Order, Page, PageOf, SortKey, Start};
pub use locks::{Fences, Lease, Locks};
pub use mail::{Captured, Mail, Mailbox, Mailer};
pub use mfa::{MfaQueries, MfaRepo};
pub use oauth::{IdentityQueries, IdentityRepo, OAuthQueries, OAuthRepo};
pub use outbox::{
    DEAD_LETTER_ORDERS, DeadLetter, Outbox, OutboxDepth, OutboxQueries, OutboxRelay, OutboxRow, Partition,
    Setback, Unpublished,
};
pub use passkeys::{PasskeyQueries, PasskeyRepo};
pub use password::{PasswordHasher, Verdict};
pub use personal::{PersonalQueries, PersonalRepo};
pub use policy::{CompiledPolicy, PolicyEngine};
pub use quota::{Allowance, Quota};
pub use relying_party::{Asserted, Attested, Claimed, PasskeyOwner, PasskeyRefusal, RelyingParty};
pub use revisions::{Place, Raise, RevisionMirror, RevisionOf, Seen};
pub use roles::{ROLE_ORDERS, RoleQueries, RoleRepo};
pub use schedules::{ScheduleQueries, ScheduleRepo};
pub use store::{Copies, Relaxed, Store, Tx};
pub use system::{Clock, Ids, Random};
pub use tenancy::{
    InvitationQueries, InvitationRepo, MemberQueries, MemberRepo, TENANCY_ORDERS, TenantFilter,
    TenantQueries, TenantRepo,
};
pub use tenant_content::{
    Identified, InvitationRow, MemberRow, NewInvitation, NewMember, RoleRow, TenantContentQueries,
    TenantContentRepo, TrailStretch,
};
pub use token::{AccessClaims, SigningKey, TokenError, TokenIssuer};
