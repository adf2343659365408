//! The ways to log in to an account: a password, passkeys, accounts elsewhere. The last one stays.

use ports::ResultExt;

use super::Auth;
use crate::{Error, Result, Work};

impl Auth {
    /// Begins to take a way in away. Whoever does so with the same account waits until the unit of work ends, so that of
    /// two that take the last ones away the second sees the first.
    pub(super) async fn hold_ways_in(&self, work: &Work<'_>, user_id: i64) -> Result<()> {
        Ok(work.tx().users().bump_auth_revision(user_id).await?)
    }

    /// Checks, once it is taken away, that another is left.
    ///
    /// # Errors
    /// `Conflict` when there is none.
    pub(super) async fn keep_a_way_in(&self, work: &Work<'_>, user_id: i64) -> Result<()> {
        let tx = work.tx();
        let left = tx.credentials().of_user(user_id).await.optional()?.is_some()
            || !tx.passkeys().of_user(user_id).await?.is_empty()
            || !tx.identities().of_user(user_id).await?.is_empty();
        if left { Ok(()) } else { Err(Error::Conflict) }
    }
}
