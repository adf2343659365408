//! The user's own account.

use domain::{DisplayName, Phone, User, UserActivity};

use crate::auth::Principal;
use crate::{Action, Context, Core, Error, FieldError, Result, Work};

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

/// Use cases on users.
#[derive(Clone)]
pub struct Users {
    core: Core,
}

impl Users {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// The caller's own account.
    pub async fn me(&self, caller: &Principal) -> Result<User> {
        Ok(self.core.store.users().by_uuid(caller.user).await?)
    }

    /// When and how much the caller's own account is used.
    pub async fn activity(&self, caller: &Principal) -> Result<UserActivity> {
        Ok(self.core.store.activity().of_user(caller.user_id, self.core.clock.now()).await?)
    }

    /// Changes the caller's own account, and gives it as it is then.
    ///
    /// # Errors
    /// `Precondition` when it is at none of the versions `seen` (any will do for `None`), or somebody changes it
    /// at the same time.
    pub async fn change_me(
        &self,
        context: &Context,
        caller: &Principal,
        changes: Changes,
        seen: Option<&[i32]>,
    ) -> Result<User> {
        let changes = Parsed::of(changes)?;
        let mut work = Work::begin(&self.core, context, CHANGE).await?;
        work.on(caller.user);
        let mut user = work.tx().users().by_uuid(caller.user).await?;
        if seen.is_some_and(|seen| !seen.contains(&user.base.version)) {
            return Err(Error::Precondition);
        }
        changes.apply(&mut user);
        user.base.updated_at = self.core.clock.now();
        work.tx().users().update(&user).await?;
        work.commit().await?;
        user.base.version += 1;
        Ok(user)
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

    fn apply(self, user: &mut User) {
        if let Some(name) = self.display_name {
            user.display_name = name;
        }
        if let Some(phone) = self.phone {
            user.phone = phone;
        }
    }
}
