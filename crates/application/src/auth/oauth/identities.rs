//! The accounts elsewhere that an account can be logged in to with.

use domain::{DomainEvent, Identity};
use uuid::Uuid;

use crate::auth::{Auth, Principal};
use crate::{Action, Context, Error, Result, Work};

const UNLINK: Action = Action { name: "oauth.unlink", resource: "user" };

impl Auth {
    /// The caller's, the first linked first.
    pub async fn identities(&self, caller: &Principal) -> Result<Vec<Identity>> {
        Ok(self.core.store.identities().of_user(caller.user_id).await?)
    }

    /// Takes one away, and ends the caller's other sessions: they may have been opened with it.
    ///
    /// # Errors
    /// `NotFound` when the caller has no such one; `Conflict` when it is the last way to log in.
    pub async fn unlink_identity(&self, context: &Context, caller: &Principal, identity: Uuid) -> Result<()> {
        Work::run(&self.core, context, UNLINK, |mut work| async move {
            work.on(caller.user);
            self.hold_ways_in(&work, caller.user_id).await?;
            let identities = work.tx().identities();
            let linked = identities.lock_of_user(caller.user_id).await?;
            let found = linked.iter().find(|linked| linked.uuid == identity).ok_or(Error::NotFound)?;
            identities.remove(found.id).await?;
            self.keep_a_way_in(&work, caller.user_id).await?;
            work.emit(&DomainEvent::IdentityUnlinked { user: caller.user }).await?;
            self.revoke_all(&mut work, caller.user_id, Some(caller.session_id)).await?;
            work.commit().await
        })
        .await
    }
}
