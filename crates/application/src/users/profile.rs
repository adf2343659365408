//! What an account says about its person.

use domain::{DisplayName, DomainEvent, Phone, User};
use uuid::Uuid;

use super::Users;
use crate::auth::Principal;
use crate::{Action, Context, Error, FieldError, Result, Work};

const CHANGE: Action = Action { name: "user.update", resource: "user" };

/// What shall change in an account: the outer `None` leaves a field, the inner one empties it. No `Debug`: it holds
/// what is kept encrypted.
#[allow(clippy::option_option, reason = "the three cases of a partial change")]
pub struct Changes {
    /// How to be called, as typed.
    pub display_name: Option<Option<String>>,
    /// Where to be called, as typed.
    pub phone: Option<Option<String>>,
}

impl Users {
    /// Changes the caller's own account.
    ///
    /// # Errors
    /// As [`Users::change`].
    pub async fn change_me(
        &self,
        context: &Context,
        caller: &Principal,
        changes: Changes,
        seen: Option<&[i32]>,
    ) -> Result<User> {
        self.change(context, caller.user, changes, seen).await
    }

    /// Changes an account, and gives it as it is then.
    ///
    /// # Errors
    /// `Invalid`; `NotFound`; `Precondition` when it is at none of the versions `seen` (any will do for `None`);
    /// `Conflict` when somebody changes it at the same time.
    pub async fn change(
        &self,
        context: &Context,
        uuid: Uuid,
        changes: Changes,
        seen: Option<&[i32]>,
    ) -> Result<User> {
        let changes = &Parsed::of(changes)?;
        Work::run(&self.core, context, CHANGE, |mut work| async move {
            let user = self.load(&mut work, uuid, seen).await?;
            let mut updated = user.clone();
            changes.apply(&mut updated);
            if updated == user {
                return Ok(user);
            }
            self.save(&work, &mut updated).await?;
            work.emit(&DomainEvent::UserUpdated { user: uuid }).await?;
            work.commit().await?;
            Ok(updated)
        })
        .await
    }
}

#[allow(clippy::option_option, reason = "the three cases of a partial change")]
struct Parsed {
    display_name: Option<Option<DisplayName>>,
    phone: Option<Option<Phone>>,
}

impl Parsed {
    /// Reports all unacceptable fields at once.
    fn of(changes: Changes) -> Result<Self> {
        let mut errors = Vec::new();
        let display_name = changes.display_name.map(|name| {
            name.as_deref().map(DisplayName::parse).transpose().unwrap_or_else(|error| {
                errors.push(FieldError::new("displayName", "length", &error));
                None
            })
        });
        let phone = changes.phone.map(|phone| {
            phone.as_deref().map(Phone::parse).transpose().unwrap_or_else(|error| {
                errors.push(FieldError::new("phone", "phone", &error));
                None
            })
        });
        if errors.is_empty() { Ok(Self { display_name, phone }) } else { Err(Error::Invalid(errors)) }
    }

    fn apply(&self, user: &mut User) {
        if let Some(name) = &self.display_name {
            user.display_name.clone_from(name);
        }
        if let Some(phone) = &self.phone {
            user.phone.clone_from(phone);
        }
    }
}
