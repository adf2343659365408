//! Accounts: one's own, and everybody's for platform administrators. One file per use case.

mod close;
mod create;
mod delete;
mod list;
mod profile;

pub use create::NewUser;
pub(crate) use create::{join_all, write_new};
pub use profile::Changes;

use domain::{SystemRole, User, UserActivity};
use ports::{Kind, ResultExt};
use uuid::Uuid;

use crate::auth::{Auth, Principal};
use crate::lists::Lists;
use crate::{Context, Core, Error, Result, Work};

/// Use cases on users.
#[derive(Clone)]
pub struct Users {
    core: Core,
    lists: Lists,
    auth: Auth,
}

impl Users {
    pub(crate) fn new(core: Core, lists: Lists, auth: Auth) -> Self {
        Self { core, lists, auth }
    }

    /// The caller's own account.
    pub async fn me(&self, caller: &Principal) -> Result<User> {
        self.get(caller.user).await
    }

    /// When and how much the caller's own account is used.
    pub async fn activity(&self, caller: &Principal) -> Result<UserActivity> {
        let (store, now) = (&self.core.store, self.core.clock.now());
        match store.relaxed().activity().of_user(caller.user_id, now).await.optional()? {
            Some(activity) => Ok(activity),
            // Younger than what a replica knows.
            None => Ok(store.activity().of_user(caller.user_id, now).await?),
        }
    }

    /// One account; a deleted one is not found.
    pub async fn get(&self, uuid: Uuid) -> Result<User> {
        Ok(self.core.store.users().by_uuid(uuid).await?)
    }

    /// The account that a unit of work is about to change, if it is at one of the versions `seen`.
    async fn load(&self, work: &mut Work<'_>, uuid: Uuid, seen: Option<&[i32]>) -> Result<User> {
        work.on(uuid);
        let user = work.tx().users().by_uuid(uuid).await?;
        check(&user, seen)?;
        Ok(user)
    }

    /// Writes a changed account, which then has the next version.
    async fn save(&self, work: &Work<'_>, user: &mut User) -> Result<()> {
        user.base.updated_at = self.core.clock.now();
        work.tx().users().update(user).await.map_err(lost_race)?;
        user.base.version += 1;
        Ok(())
    }

    /// Ends every session of an account within the unit of work. Once that has committed, call
    /// [`Auth::forget_user`].
    async fn end_sessions(&self, work: &Work<'_>, user: &User) -> Result<()> {
        let tx = work.tx();
        tx.sessions().revoke_of_user(user.base.id, None, self.core.clock.now()).await?;
        Ok(tx.users().bump_auth_revision(user.base.id).await?)
    }

    /// Nobody takes away their own account here, nor the last one that can administer the platform.
    async fn refuse_lockout(&self, work: &Work<'_>, context: &Context, uuid: Uuid) -> Result<()> {
        if context.actor.user() == Some(uuid) {
            return Err(Error::Conflict);
        }
        self.refuse_last_owner(work, uuid).await
    }

    /// Somebody must be left who can administer the platform.
    async fn refuse_last_owner(&self, work: &Work<'_>, uuid: Uuid) -> Result<()> {
        let tx = work.tx();
        let owners = tx.access().lock_holders_of_platform_role(SystemRole::Owner).await?;
        let [last] = owners[..] else { return Ok(()) };
        let user = tx.users().by_uuid(uuid).await.optional()?;
        if user.is_some_and(|user| user.base.id == last) { Err(Error::Conflict) } else { Ok(()) }
    }
}

/// Whether an account is as the caller has seen it.
fn check(user: &User, seen: Option<&[i32]>) -> Result<()> {
    match seen {
        Some(seen) if !seen.contains(&user.base.version) => Err(Error::Precondition),
        _ => Ok(()),
    }
}

/// Somebody else has changed the row since it was read, a moment ago: not the version that the caller named is stale,
/// but two callers met.
pub(crate) fn lost_race(error: ports::Error) -> Error {
    if error.kind() == Kind::Precondition { Error::Conflict } else { error.into() }
}
