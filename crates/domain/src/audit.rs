//! The record of who did what. One entry per mutating use case, written in its transaction.

use uuid::Uuid;

use crate::Timestamp;

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Nobody has proven who they are yet.
    Anonymous,
    /// A signed-in user.
    User {
        /// Internal id.
        id: i64,
        /// Public id.
        uuid: Uuid,
    },
    /// A program with a key of a user's.
    ApiKey {
        /// Internal id of the key's owner.
        id: i64,
        /// Public id of the key's owner.
        uuid: Uuid,
        /// The key.
        key: Uuid,
    },
    /// Mainstay itself: a job, the first start, the operator's command.
    System(&'static str),
}

impl Actor {
    /// `anonymous`, `user`, `api-key` or `system`, the stored kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::User { .. } => "user",
            Self::ApiKey { .. } => "api-key",
            Self::System(_) => "system",
        }
    }

    /// The public id of a user, a key's owner too, or the name of a part of the system.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Anonymous => None,
            Self::User { uuid, .. } | Self::ApiKey { uuid, .. } => Some(uuid.to_string()),
            Self::System(name) => Some((*name).to_owned()),
        }
    }

    /// The user who acts, by themselves or by a key of theirs.
    pub fn user(&self) -> Option<Uuid> {
        match self {
            Self::User { uuid, .. } | Self::ApiKey { uuid, .. } => Some(*uuid),
            Self::Anonymous | Self::System(_) => None,
        }
    }

    /// The key that they act by.
    pub fn api_key(&self) -> Option<Uuid> {
        match self {
            Self::ApiKey { key, .. } => Some(*key),
            _ => None,
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Success,
    /// Refused, and the refusal itself is worth recording (a wrong password, a reused token).
    Denied,
}

impl Outcome {
    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
        }
    }
}

/// One line of the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Snowflake: the order within a node.
    pub id: i64,
    /// Public id.
    pub uuid: Uuid,
    /// When.
    pub created_at: Timestamp,
    /// Whose rows were touched.
    pub tenant_id: Option<i64>,
    /// `anonymous`, `user`, `api-key` or `system`.
    pub actor_kind: String,
    /// The public id of the user or the name of the part of the system.
    pub actor: Option<String>,
    /// The key that the user acted by.
    pub api_key: Option<Uuid>,
    /// `user.register`, `session.revoke` …
    pub action: String,
    /// Kind of thing acted on.
    pub resource: String,
    /// Its public id, where there is one.
    pub resource_id: Option<String>,
    /// `success` or `denied`.
    pub outcome: String,
    /// Why it was denied, as an error code.
    pub reason: Option<String>,
    /// From where.
    pub ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// The request that caused it.
    pub request_id: Option<String>,
    /// The trace it belongs to (W3C trace id).
    pub trace_id: Option<String>,
}

impl AuditEntry {
    /// Whose personal data it may hold: that of the user who acted, or, where nobody has proven who they are, of whom it
    /// is about, if that is a user.
    pub fn person(&self) -> Option<Uuid> {
        let named = match self.actor_kind.as_str() {
            "user" => &self.actor,
            "anonymous" => &self.resource_id,
            _ => &None,
        };
        named.as_deref().and_then(|text| Uuid::parse_str(text).ok())
    }
}
