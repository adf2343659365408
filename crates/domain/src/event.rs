//! Domain events: what happened, told to whoever is interested, after the fact and at least once.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Timestamp;

/// What an event is about, as `users/<uuid>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject(pub String);

/// Something that happened. The name is stable; a change of shape is a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainEvent {
    /// Somebody registered and has to prove the address. Told again when an unproven address registers anew.
    UserRegistered {
        /// The account.
        user: Uuid,
    },
    /// Somebody tried to register an address that is proven already.
    RegistrationRepeated {
        /// The account that has the address.
        user: Uuid,
    },
    /// The address was proven.
    EmailVerified {
        /// The account.
        user: Uuid,
    },
    /// Somebody asked for another mail to prove the address with.
    VerificationRequested {
        /// The account; one that does not exist when the address is unknown or proven.
        user: Uuid,
    },
    /// Somebody asked to choose a password anew.
    PasswordResetRequested {
        /// The account; one that does not exist when the address is unknown.
        user: Uuid,
    },
    /// An account has another password.
    PasswordChanged {
        /// The account.
        user: Uuid,
    },
    /// An account asks for a second factor from now on.
    MfaEnabled {
        /// The account.
        user: Uuid,
    },
    /// An account asks for no second factor any more.
    MfaDisabled {
        /// The account.
        user: Uuid,
    },
    /// An account was made for somebody whom another provider knows, and who has proven the address there.
    UserJoined {
        /// The account.
        user: Uuid,
    },
    /// An account can be logged in to with another provider's.
    IdentityLinked {
        /// The account.
        user: Uuid,
    },
    /// An account can't be logged in to with another provider's any more.
    IdentityUnlinked {
        /// The account.
        user: Uuid,
    },
    /// An account can be entered with another passkey.
    PasskeyAdded {
        /// The account.
        user: Uuid,
        /// The passkey.
        passkey: Uuid,
    },
    /// An account can't be entered with a passkey any more.
    PasskeyRemoved {
        /// The account.
        user: Uuid,
        /// The passkey.
        passkey: Uuid,
    },
    /// A passkey signed with a counter that was passed already: there may be a copy of it.
    PasskeyCloned {
        /// The account.
        user: Uuid,
        /// The passkey.
        passkey: Uuid,
    },
    /// A program may act for an account.
    ApiKeyCreated {
        /// The account.
        user: Uuid,
        /// The key.
        key: Uuid,
    },
    /// A program may not act for an account any more.
    ApiKeyRevoked {
        /// The account.
        user: Uuid,
        /// The key.
        key: Uuid,
    },
    /// An account shall have another address, which has to be proven.
    EmailChangeRequested {
        /// The account.
        user: Uuid,
    },
    /// An account has another address.
    EmailChanged {
        /// The account.
        user: Uuid,
    },
    /// An administrator made an account, whose address has to be proven.
    UserCreated {
        /// The account.
        user: Uuid,
    },
    /// What an account says about its person has changed.
    UserUpdated {
        /// The account.
        user: Uuid,
    },
    /// An account was closed by an administrator.
    UserLocked {
        /// The account.
        user: Uuid,
    },
    /// A closed account was opened again.
    UserUnlocked {
        /// The account.
        user: Uuid,
    },
    /// An account was deleted. It can still be restored.
    UserDeleted {
        /// The account.
        user: Uuid,
    },
    /// A deleted account was brought back.
    UserRestored {
        /// The account.
        user: Uuid,
    },
    /// A deleted account has been removed for good: forget what you know of it.
    UserPurged {
        /// The account.
        user: Uuid,
    },
    /// A tenant was founded.
    TenantCreated {
        /// Which.
        tenant: Uuid,
    },
    /// What a tenant is like has changed, or whether its members get in.
    TenantUpdated {
        /// Which.
        tenant: Uuid,
    },
    /// A tenant is gone: forget what you know of it.
    TenantDeleted {
        /// Which.
        tenant: Uuid,
    },
    /// Somebody is asked to belong to a tenant.
    MemberInvited {
        /// To which.
        tenant: Uuid,
        /// The question.
        invitation: Uuid,
    },
    /// Somebody belongs to a tenant.
    MemberJoined {
        /// To which.
        tenant: Uuid,
        /// Who.
        user: Uuid,
    },
    /// A member has other roles.
    MemberChanged {
        /// Of which tenant.
        tenant: Uuid,
        /// Who.
        user: Uuid,
    },
    /// Somebody does not belong to a tenant any more.
    MemberRemoved {
        /// To which.
        tenant: Uuid,
        /// Who.
        user: Uuid,
    },
    /// Somebody has logged in to an account from a device that it has not been used from lately.
    DeviceSeen {
        /// The account.
        user: Uuid,
        /// The device.
        device: Uuid,
    },
    /// A spent refresh token was presented: its family was ended.
    TokenReused {
        /// Whose session.
        user: Uuid,
        /// The ended session.
        session: Uuid,
    },
}

impl DomainEvent {
    /// Type without the configured prefix, with its schema version: `user.registered.v1`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UserRegistered { .. } => "user.registered.v1",
            Self::RegistrationRepeated { .. } => "user.registration-repeated.v1",
            Self::EmailVerified { .. } => "user.email-verified.v1",
            Self::VerificationRequested { .. } => "user.verification-requested.v1",
            Self::PasswordResetRequested { .. } => "user.password-reset-requested.v1",
            Self::PasswordChanged { .. } => "user.password-changed.v1",
            Self::MfaEnabled { .. } => "user.mfa-enabled.v1",
            Self::MfaDisabled { .. } => "user.mfa-disabled.v1",
            Self::UserJoined { .. } => "user.joined.v1",
            Self::IdentityLinked { .. } => "user.identity-linked.v1",
            Self::IdentityUnlinked { .. } => "user.identity-unlinked.v1",
            Self::PasskeyAdded { .. } => "user.passkey-added.v1",
            Self::PasskeyRemoved { .. } => "user.passkey-removed.v1",
            Self::PasskeyCloned { .. } => "user.passkey-cloned.v1",
            Self::ApiKeyCreated { .. } => "user.api-key-created.v1",
            Self::ApiKeyRevoked { .. } => "user.api-key-revoked.v1",
            Self::EmailChangeRequested { .. } => "user.email-change-requested.v1",
            Self::EmailChanged { .. } => "user.email-changed.v1",
            Self::UserCreated { .. } => "user.created.v1",
            Self::UserUpdated { .. } => "user.updated.v1",
            Self::UserLocked { .. } => "user.locked.v1",
            Self::UserUnlocked { .. } => "user.unlocked.v1",
            Self::UserDeleted { .. } => "user.deleted.v1",
            Self::UserRestored { .. } => "user.restored.v1",
            Self::UserPurged { .. } => "user.purged.v1",
            Self::TenantCreated { .. } => "tenant.created.v1",
            Self::TenantUpdated { .. } => "tenant.updated.v1",
            Self::TenantDeleted { .. } => "tenant.deleted.v1",
            Self::MemberInvited { .. } => "member.invited.v1",
            Self::MemberJoined { .. } => "member.joined.v1",
            Self::MemberChanged { .. } => "member.changed.v1",
            Self::MemberRemoved { .. } => "member.removed.v1",
            Self::DeviceSeen { .. } => "session.device-seen.v1",
            Self::TokenReused { .. } => "session.token-reused.v1",
        }
    }

    /// What it is about. Events of one subject are delivered in order.
    pub fn subject(&self) -> Subject {
        match self {
            Self::UserRegistered { user }
            | Self::RegistrationRepeated { user }
            | Self::EmailVerified { user }
            | Self::VerificationRequested { user }
            | Self::PasswordResetRequested { user }
            | Self::PasswordChanged { user }
            | Self::MfaEnabled { user }
            | Self::MfaDisabled { user }
            | Self::UserJoined { user }
            | Self::IdentityLinked { user }
            | Self::IdentityUnlinked { user }
            | Self::PasskeyAdded { user, .. }
            | Self::PasskeyRemoved { user, .. }
            | Self::PasskeyCloned { user, .. }
            | Self::ApiKeyCreated { user, .. }
            | Self::ApiKeyRevoked { user, .. }
            | Self::EmailChangeRequested { user }
            | Self::EmailChanged { user }
            | Self::UserCreated { user }
            | Self::UserUpdated { user }
            | Self::UserLocked { user }
            | Self::UserUnlocked { user }
            | Self::UserDeleted { user }
            | Self::UserRestored { user }
            | Self::UserPurged { user }
            | Self::DeviceSeen { user, .. }
            | Self::TokenReused { user, .. } => Subject(format!("users/{user}")),
            Self::TenantCreated { tenant }
            | Self::TenantUpdated { tenant }
            | Self::TenantDeleted { tenant }
            | Self::MemberInvited { tenant, .. }
            | Self::MemberJoined { tenant, .. }
            | Self::MemberChanged { tenant, .. }
            | Self::MemberRemoved { tenant, .. } => Subject(format!("tenants/{tenant}")),
        }
    }

    /// The payload: ids only. Consumers read what they need, so that no personal data lies in a queue.
    pub fn data(&self) -> Value {
        match self {
            Self::DeviceSeen { user, device } => json!({ "userId": user, "deviceId": device }),
            Self::TokenReused { user, session } => json!({ "userId": user, "sessionId": session }),
            Self::TenantCreated { tenant }
            | Self::TenantUpdated { tenant }
            | Self::TenantDeleted { tenant } => {
                json!({ "tenantId": tenant })
            }
            Self::MemberInvited { tenant, invitation } => {
                json!({ "tenantId": tenant, "invitationId": invitation })
            }
            Self::MemberJoined { tenant, user }
            | Self::MemberChanged { tenant, user }
            | Self::MemberRemoved { tenant, user } => json!({ "tenantId": tenant, "userId": user }),
            Self::ApiKeyCreated { user, key } | Self::ApiKeyRevoked { user, key } => {
                json!({ "userId": user, "apiKeyId": key })
            }
            Self::PasskeyAdded { user, passkey }
            | Self::PasskeyRemoved { user, passkey }
            | Self::PasskeyCloned { user, passkey } => json!({ "userId": user, "passkeyId": passkey }),
            Self::UserRegistered { user }
            | Self::RegistrationRepeated { user }
            | Self::EmailVerified { user }
            | Self::VerificationRequested { user }
            | Self::PasswordResetRequested { user }
            | Self::PasswordChanged { user }
            | Self::MfaEnabled { user }
            | Self::MfaDisabled { user }
            | Self::UserJoined { user }
            | Self::IdentityLinked { user }
            | Self::IdentityUnlinked { user }
            | Self::EmailChangeRequested { user }
            | Self::EmailChanged { user }
            | Self::UserCreated { user }
            | Self::UserUpdated { user }
            | Self::UserLocked { user }
            | Self::UserUnlocked { user }
            | Self::UserDeleted { user }
            | Self::UserRestored { user }
            | Self::UserPurged { user } => json!({ "userId": user }),
        }
    }
}

/// An event on its way, in the JSON format of CloudEvents 1.0 (sections 3.1 and 3.2 of its specification;
/// the trace context by its Distributed Tracing extension).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventEnvelope {
    /// Always `1.0`.
    pub specversion: String,
    /// Unique together with `source`; consumers deduplicate by it.
    pub id: Uuid,
    /// Stable and configured.
    pub source: String,
    /// Reverse-DNS prefix and kind: `dev.mainstay.user.registered.v1`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// When it happened.
    pub time: Timestamp,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The tenant it happened in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenantid: Option<Uuid>,
    /// W3C trace context of the request that caused it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traceparent: Option<String>,
    /// The payload.
    pub data: Value,
}
