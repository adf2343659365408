//! Sessions and their refresh token families (RFC 9700, section 4.14: rotation with reuse detection).

use std::time::Duration;

use crate::{AuthMethods, Base, Timestamp};

/// How long a proof of who one is opens the doors to what is dangerous (RFC 9470, `max_age`).
pub const STEP_UP: Duration = Duration::from_secs(10 * 60);

/// The last use of a session is known to about so much.
pub const USE_IS_NOTED_EVERY: Duration = Duration::from_secs(60);

/// One login on one device. All refresh tokens that descend from it are its family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Id, times, version. The uuid is the `sid` of access tokens.
    pub base: Base,
    /// Whose session.
    pub user_id: i64,
    /// The tenant that access tokens of this session speak for.
    pub tenant_id: Option<i64>,
    /// From where it was opened.
    pub ip: Option<String>,
    /// With what it was opened.
    pub user_agent: Option<String>,
    /// When the person last proved who they are (`auth_time`).
    pub authenticated_at: Timestamp,
    /// How (`amr`).
    pub methods: AuthMethods,
    /// When it was last used, give or take [`USE_IS_NOTED_EVERY`].
    pub last_used_at: Timestamp,
    /// Absolute end, whatever happens.
    pub expires_at: Timestamp,
    /// Ended before that.
    pub revoked_at: Option<Timestamp>,
}

/// One link of a family. Only hashes are stored.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Snowflake.
    pub id: i64,
    /// Its family.
    pub session_id: i64,
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// Sliding end.
    pub expires_at: Timestamp,
    /// When it was exchanged for its successor.
    pub spent_at: Option<Timestamp>,
    /// From it and the presented token the successor is derived again within the grace time.
    pub nonce: Option<Vec<u8>>,
}

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Of an access token.
    pub access: Duration,
    /// Of an unused refresh token.
    pub idle: Duration,
    /// Of a session.
    pub absolute: Duration,
    /// After a rotation the spent token still gets its successor for so long. Zero switches it off.
    pub reuse_grace: Duration,
}

/// What a presented refresh token turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// Unspent: rotate it.
    Fresh,
    /// Spent a moment ago (a double click, a lost answer): hand out its successor again.
    Repeated,
    /// Spent long ago: somebody has a copy. End the family.
    Reused,
    /// Past its sliding or absolute end.
    Expired,
    /// Its session has been ended.
    Revoked,
}

/// Judges a refresh token that was presented at `now`.
pub fn judge_refresh(
    token: &RefreshToken,
    session: &Session,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> Presented {
    if session.revoked_at.is_some() || session.base.deleted_at.is_some() {
        return Presented::Revoked;
    }
    if session.expires_at <= now {
        return Presented::Expired;
    }
    match token.spent_at {
        Some(spent) if now < spent + lifetimes.reuse_grace => Presented::Repeated,
        Some(_) => Presented::Reused,
        None if token.expires_at <= now => Presented::Expired,
        None => Presented::Fresh,
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken")
            .field("id", &self.id)
            .field("session_id", &self.session_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use uuid::Uuid;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn judge(spent: Option<i64>, revoked: bool, now: i64, grace: u64) -> Presented {
        let session = Session {
            base: Base::new(1, Uuid::nil(), at(0)),
            user_id: 1,
            tenant_id: None,
            ip: None,
            user_agent: None,
            authenticated_at: at(0),
            methods: AuthMethods::of(crate::AuthMethod::Password),
            last_used_at: at(0),
            expires_at: at(1000),
            revoked_at: revoked.then(|| at(1)),
        };
        let token = RefreshToken {
            id: 1,
            session_id: 1,
            hash: vec![],
            expires_at: at(500),
            spent_at: spent.map(at),
            nonce: None,
        };
        let seconds = Duration::from_secs;
        let lifetimes = Lifetimes {
            access: seconds(1),
            idle: seconds(500),
            absolute: seconds(1000),
            reuse_grace: seconds(grace),
        };
        judge_refresh(&token, &session, &lifetimes, at(now))
    }

    #[test]
    fn every_case_of_a_presented_token() {
        assert_eq!(judge(None, false, 499, 10), Presented::Fresh);
        assert_eq!(judge(None, false, 500, 10), Presented::Expired);
        assert_eq!(judge(None, true, 10, 10), Presented::Revoked);
        assert_eq!(judge(Some(100), false, 109, 10), Presented::Repeated);
        assert_eq!(judge(Some(100), false, 110, 10), Presented::Reused);
        assert_eq!(judge(Some(100), false, 100, 0), Presented::Reused, "zero grace switches the rule off");
        assert_eq!(judge(Some(100), true, 101, 10), Presented::Revoked);
        assert_eq!(judge(Some(998), false, 1000, 10), Presented::Expired, "the absolute end wins");
    }
}
