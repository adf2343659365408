//! The lines of an archive: one JSON object each, and their way from and to pieces of a stream.

use bytes::{Bytes, BytesMut};
use domain::{AuditEntry, Base, Tenant, TenantStatus, Timestamp};
use futures_util::TryStreamExt;
use ports::{ByteStream, InvitationRow, MemberRow, Result, RoleRow};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::unreadable;

/// The one that this program writes. A line or a field more is another format.
pub(super) const FORMAT: u32 = 2;
/// The oldest that it reads: what came later is empty in it.
pub(super) const OLDEST: u32 = 1;
/// Far more than any row holds; a stream without line ends is refused there.
const LONGEST: usize = 1024 * 1024;

/// One line. `line` says what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "camelCase")]
pub(super) enum Line {
    /// The first.
    Archive(Head),
    /// The second.
    Tenant(TenantLine),
    Role(RoleLine),
    Parents(ParentsLine),
    Member(MemberLine),
    Invitation(InvitationLine),
    Audit(AuditLine),
    /// The last.
    End(Counts),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) format: u32,
}

/// What every aggregate has. `key` is its id inside the installation, which other lines refer to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) key: i64,
    pub(super) id: Uuid,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantLine {
    #[serde(flatten)]
    pub(super) row: Row,
    pub(super) name: String,
    pub(super) slug: String,
    #[serde(default = "active")]
    pub(super) status: String,
    #[serde(default)]
    pub(super) requires_mfa: bool,
    #[serde(default)]
    pub(super) settings: Map<String, Value>,
}

fn active() -> String {
    TenantStatus::Active.as_str().to_owned()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleLine {
    #[serde(flatten)]
    pub(super) row: Row,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) system: bool,
    pub(super) permissions: Vec<String>,
}

/// From which roles a role inherits. Behind all roles, because any may inherit from any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ParentsLine {
    /// A key.
    pub(super) role: i64,
    /// Keys.
    pub(super) parents: Vec<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InvitationLine {
    #[serde(flatten)]
    pub(super) row: Row,
    pub(super) email: String,
    /// An address.
    pub(super) invited_by: String,
    pub(super) expires_at: Timestamp,
    /// Keys.
    pub(super) roles: Vec<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberLine {
    #[serde(flatten)]
    pub(super) row: Row,
    pub(super) status: String,
    pub(super) user: Uuid,
    pub(super) email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
    pub(super) locked: bool,
    /// Keys.
    pub(super) roles: Vec<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditLine {
    pub(super) key: i64,
    pub(super) id: Uuid,
    created_at: Timestamp,
    actor_kind: String,
    actor: Option<String>,
    /// Archives of earlier releases have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key: Option<Uuid>,
    action: String,
    resource: String,
    resource_id: Option<String>,
    outcome: String,
    reason: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    trace_id: Option<String>,
}

/// How many lines of each kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    pub(super) roles: u64,
    #[serde(default)]
    pub(super) parents: u64,
    pub(super) members: u64,
    #[serde(default)]
    pub(super) invitations: u64,
    pub(super) audit_entries: u64,
}

impl Row {
    fn of(base: &Base) -> Self {
        Self {
            key: base.id,
            id: base.uuid,
            created_at: base.created_at,
            updated_at: base.updated_at,
            version: base.version,
        }
    }

    /// The same row under other ids.
    pub(super) fn under(&self, (id, uuid): (i64, Uuid)) -> Base {
        let (created_at, updated_at) = (self.created_at, self.updated_at);
        Base { id, uuid, created_at, updated_at, deleted_at: None, version: self.version }
    }
}

impl From<&Tenant> for Line {
    fn from(tenant: &Tenant) -> Self {
        Self::Tenant(TenantLine {
            row: Row::of(&tenant.base),
            name: tenant.name.clone(),
            slug: tenant.slug.clone(),
            status: tenant.status.as_str().to_owned(),
            requires_mfa: tenant.requires_mfa,
            settings: tenant.settings.clone(),
        })
    }
}

impl From<RoleRow> for Line {
    fn from(role: RoleRow) -> Self {
        let RoleRow { base, name, description, system, permissions, parents: _ } = role;
        Self::Role(RoleLine { row: Row::of(&base), name, description, system, permissions })
    }
}

impl From<MemberRow> for Line {
    fn from(member: MemberRow) -> Self {
        Self::Member(MemberLine {
            row: Row::of(&member.base),
            status: member.status,
            user: member.user,
            email: member.email.to_string(),
            display_name: member.display_name.map(|name| name.to_string()),
            locked: member.locked,
            roles: member.roles,
        })
    }
}

impl From<InvitationRow> for Line {
    fn from(invitation: InvitationRow) -> Self {
        Self::Invitation(InvitationLine {
            row: Row::of(&invitation.base),
            email: invitation.email.to_string(),
            invited_by: invitation.invited_by.to_string(),
            expires_at: invitation.expires_at,
            roles: invitation.roles,
        })
    }
}

impl From<AuditEntry> for Line {
    fn from(entry: AuditEntry) -> Self {
        Self::Audit(AuditLine {
            key: entry.id,
            id: entry.uuid,
            created_at: entry.created_at,
            actor_kind: entry.actor_kind,
            actor: entry.actor,
            api_key: entry.api_key,
            action: entry.action,
            resource: entry.resource,
            resource_id: entry.resource_id,
            outcome: entry.outcome,
            reason: entry.reason,
            ip: entry.ip,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            trace_id: entry.trace_id,
        })
    }
}

impl AuditLine {
    /// The entry, of another tenant and under other ids.
    pub(super) fn entry(self, tenant_id: i64, (id, uuid): (i64, Uuid)) -> AuditEntry {
        AuditEntry {
            id,
            uuid,
            created_at: self.created_at,
            tenant_id: Some(tenant_id),
            actor_kind: self.actor_kind,
            actor: self.actor,
            api_key: self.api_key,
            action: self.action,
            resource: self.resource,
            resource_id: self.resource_id,
            outcome: self.outcome,
            reason: self.reason,
            ip: self.ip,
            user_agent: self.user_agent,
            request_id: self.request_id,
            trace_id: self.trace_id,
        }
    }
}

/// Lines as a piece of the stream.
pub(super) fn piece(lines: impl IntoIterator<Item = Line>) -> Result<Bytes> {
    let mut piece = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut piece, &line).map_err(|error| unreadable(error.to_string()))?;
        piece.push(b'\n');
    }
    Ok(piece.into())
}

/// The lines of a stream, of which it holds a piece and a line.
pub(super) struct Lines {
    pieces: ByteStream<'static>,
    waiting: BytesMut,
    /// Where nothing was found that ends the line.
    searched: usize,
}

impl Lines {
    pub(super) fn of(pieces: ByteStream<'static>) -> Self {
        Self { pieces, waiting: BytesMut::new(), searched: 0 }
    }

    /// `None` behind the last. A text that does not end with a line end was cut off.
    pub(super) async fn next(&mut self) -> Result<Option<Line>> {
        loop {
            if let Some(length) = self.waiting[self.searched..].iter().position(|byte| *byte == b'\n') {
                let line = self.waiting.split_to(self.searched + length + 1);
                self.searched = 0;
                let line = serde_json::from_slice(&line);
                return line.map(Some).map_err(|error| unreadable(error.to_string()));
            }
            self.searched = self.waiting.len();
            if self.searched > LONGEST {
                return Err(unreadable("a line is too long"));
            }
            match self.pieces.try_next().await? {
                Some(piece) => self.waiting.extend_from_slice(&piece),
                None if self.waiting.is_empty() => return Ok(None),
                None => return Err(unreadable("it was cut off")),
            }
        }
    }
}
