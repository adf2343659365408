//! The passkeys of an account: looking at them, and taking one away.

use domain::{DomainEvent, Passkey};
use uuid::Uuid;

use crate::auth::{Auth, Principal};
use crate::{Action, Context, Error, Result, Work};

const REMOVE: Action = Action { name: "passkey.remove", resource: "passkey" };

impl Auth {
    /// The caller's passkeys, oldest first; there are at most [`Passkey::PER_USER`].
    pub async fn passkeys(&self, caller: &Principal) -> Result<Vec<Passkey>> {
        Ok(self.core.store.passkeys().of_user(caller.user_id).await?)
    }

    /// Takes one of the caller's passkeys away; its owner is told by mail.
    ///
    /// # Errors
    /// `NotFound` when the caller has no such passkey; `Conflict` when there is no other way to log in.
    pub async fn remove_passkey(&self, context: &Context, caller: &Principal, passkey: Uuid) -> Result<()> {
        Work::run(&self.core, context, REMOVE, |mut work| async move {
            work.on(passkey);
            self.hold_ways_in(&work, caller.user_id).await?;
            let passkeys = work.tx().passkeys();
            let theirs = passkeys.of_user(caller.user_id).await?;
            let removed = theirs.iter().find(|one| one.uuid == passkey).ok_or(Error::NotFound)?;
            passkeys.remove(removed.id).await?;
            self.keep_a_way_in(&work, caller.user_id).await?;
            work.emit(&DomainEvent::PasskeyRemoved { user: caller.user, passkey }).await?;
            work.commit().await
        })
        .await
    }
}
