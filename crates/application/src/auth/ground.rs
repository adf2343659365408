//! What a principal stands on: a session that was opened, or a key that was made.

use domain::{Permissions, Timestamp, User};
use ports::ResultExt;
use uuid::Uuid;

use super::Auth;

/// What a bearer named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum By {
    /// A session.
    Session(Uuid),
    /// A key of a program.
    Key(Uuid),
}

/// The same, as it stands in the database.
pub(super) struct Ground {
    /// Internal id of the session; 0 of a key, which has none.
    pub(super) session_id: i64,
    /// When its person last proved who they are; a key proves nobody.
    pub(super) authenticated_at: Timestamp,
    /// Whether that took more than one factor; for a key, when it was made.
    pub(super) multi_factor: bool,
    /// What it limits its owner's rights to.
    pub(super) limit: Option<Permissions>,
    /// Its end.
    pub(super) expires_at: Timestamp,
}

impl By {
    pub(super) fn uuid(self) -> Uuid {
        match self {
            Self::Session(uuid) | Self::Key(uuid) => uuid,
        }
    }

    pub(super) fn key(self) -> Option<Uuid> {
        match self {
            Self::Session(_) => None,
            Self::Key(uuid) => Some(uuid),
        }
    }
}

impl Auth {
    /// `None` when it is gone, or not this user's.
    pub(super) async fn ground(&self, user: &User, by: By) -> ports::Result<Option<Ground>> {
        match by {
            By::Session(uuid) => {
                let session = self.core.store.sessions().by_uuid(uuid).await.optional()?;
                let session = session.filter(|it| it.revoked_at.is_none() && it.user_id == user.base.id);
                Ok(session.map(|session| Ground {
                    session_id: session.base.id,
                    authenticated_at: session.authenticated_at,
                    multi_factor: session.methods.is_multi_factor(),
                    limit: None,
                    expires_at: session.expires_at,
                }))
            }
            By::Key(uuid) => {
                let keys = self.core.store.api_keys().of_user(user.base.id).await?;
                Ok(keys.into_iter().find(|key| key.uuid == uuid).map(|key| Ground {
                    session_id: 0,
                    authenticated_at: Timestamp::UNIX_EPOCH,
                    multi_factor: key.multi_factor,
                    limit: Some(key.scopes.into_iter().collect()),
                    expires_at: key.expires_at.unwrap_or(Timestamp::MAX_UTC),
                }))
            }
        }
    }
}
