//! Deleting an account, and bringing it back. What is deleted for long enough is purged by
//! [`Maintenance`](crate::maintenance::Maintenance).

use domain::{DomainEvent, User};
use uuid::Uuid;

use super::{Users, check, lost_race};
use crate::auth::Principal;
use crate::{Action, Context, Result, Work};

const DELETE: Action = Action { name: "user.delete", resource: "user" };
const RESTORE: Action = Action { name: "user.restore", resource: "user" };

impl Users {
    /// Deletes an account softly and ends its sessions: from the answer on nobody gets in with it, and its address is
    /// free.
    ///
    /// # Errors
    /// `NotFound`; `Precondition`; `Conflict` for the caller's own account and the last platform owner's.
    pub async fn delete(&self, context: &Context, uuid: Uuid, seen: Option<&[i32]>) -> Result<()> {
        let deleted = Work::run(&self.core, context, DELETE, |mut work| async move {
            self.refuse_lockout(&work, context, uuid).await?;
            self.bury(&mut work, uuid, seen).await?;
            work.commit().await
        });
        deleted.await
    }

    /// Deletes the caller's own account as [`Users::delete`] does. For as long as deleted accounts are kept, an
    /// administrator can restore it; then it is purged.
    ///
    /// # Errors
    /// `Unauthenticated` (`reauthentication_required`); `Precondition`; `Conflict` for the last platform owner's.
    pub async fn delete_me(&self, context: &Context, caller: &Principal, seen: Option<&[i32]>) -> Result<()> {
        self.auth.require_recent(caller)?;
        Work::run(&self.core, context, DELETE, |mut work| async move {
            self.refuse_last_owner(&work, caller.user).await?;
            self.bury(&mut work, caller.user, seen).await?;
            work.commit().await
        })
        .await
    }

    async fn bury(&self, work: &mut Work<'_>, uuid: Uuid, seen: Option<&[i32]>) -> Result<()> {
        let mut user = self.load(work, uuid, seen).await?;
        user.base.deleted_at = Some(self.core.clock.now());
        self.end_sessions(work, &user).await?;
        self.save(work, &mut user).await?;
        work.emit(&DomainEvent::UserDeleted { user: uuid }).await?;
        let (auth, user_id) = (self.auth.clone(), user.base.id);
        work.after_commit(move || auth.forget_user(user_id));
        Ok(())
    }

    /// Brings a deleted account back as it was, without its sessions.
    ///
    /// # Errors
    /// `NotFound` when there is no such deleted account; `Precondition`; `Conflict` when its address is taken.
    pub async fn restore(&self, context: &Context, uuid: Uuid, seen: Option<&[i32]>) -> Result<User> {
        Work::run(&self.core, context, RESTORE, |mut work| async move {
            work.on(uuid);
            let mut user = work.tx().users().deleted_by_uuid(uuid).await?;
            check(&user, seen)?;
            user.base.updated_at = self.core.clock.now();
            work.tx().users().restore(&user).await.map_err(lost_race)?;
            user.base.version += 1;
            user.base.deleted_at = None;
            work.emit(&DomainEvent::UserRestored { user: uuid }).await?;
            work.commit().await?;
            Ok(user)
        })
        .await
    }
}
