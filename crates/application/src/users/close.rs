//! Closing an account, and opening it again.

use domain::{DomainEvent, User, UserStatus};
use uuid::Uuid;

use super::Users;
use crate::{Action, Context, Result, Work};

const LOCK: Action = Action { name: "user.lock", resource: "user" };
const UNLOCK: Action = Action { name: "user.unlock", resource: "user" };

impl Users {
    /// Closes an account and ends its sessions; they stay ended when it is opened again.
    ///
    /// # Errors
    /// `NotFound`; `Precondition`; `Conflict` for the caller's own account and the last platform owner's.
    pub async fn lock(&self, context: &Context, uuid: Uuid, seen: Option<&[i32]>) -> Result<User> {
        let locked = Work::run(&self.core, context, LOCK, |mut work| async move {
            self.refuse_lockout(&work, context, uuid).await?;
            let mut user = self.load(&mut work, uuid, seen).await?;
            if user.status == UserStatus::Locked {
                return Ok(user);
            }
            user.status = UserStatus::Locked;
            self.save(&work, &mut user).await?;
            self.end_sessions(&work, &user).await?;
            work.emit(&DomainEvent::UserLocked { user: uuid }).await?;
            work.commit().await?;
            Ok(user)
        });
        let user = locked.await?;
        self.auth.forget_user(user.base.id);
        Ok(user)
    }

    /// Opens an account again.
    ///
    /// # Errors
    /// `NotFound`; `Precondition`.
    pub async fn unlock(&self, context: &Context, uuid: Uuid, seen: Option<&[i32]>) -> Result<User> {
        Work::run(&self.core, context, UNLOCK, |mut work| async move {
            let mut user = self.load(&mut work, uuid, seen).await?;
            if user.status == UserStatus::Active {
                return Ok(user);
            }
            user.status = UserStatus::Active;
            self.save(&work, &mut user).await?;
            work.emit(&DomainEvent::UserUnlocked { user: uuid }).await?;
            work.commit().await?;
            Ok(user)
        })
        .await
    }
}
