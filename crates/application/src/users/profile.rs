//! What an account says about its person.

use domain::{DisplayName, DomainEvent, Locale, Phone, TimeZone, User};
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
    /// Language tag, as typed.
    pub locale: Option<Option<String>>,
    /// Name of a time zone, as typed.
    pub time_zone: Option<Option<String>>,
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
    locale: Option<Option<Locale>>,
    time_zone: Option<Option<TimeZone>>,
}

impl Parsed {
    /// Reports all unacceptable fields at once.
    fn of(changes: Changes) -> Result<Self> {
        let mut errors = Vec::new();
        let parsed = Self {
            display_name: read(
                changes.display_name,
                DisplayName::parse,
                ("displayName", "length"),
                &mut errors,
            ),
            phone: read(changes.phone, Phone::parse, ("phone", "phone"), &mut errors),
            locale: read(changes.locale, Locale::parse, ("locale", "locale"), &mut errors),
            time_zone: read(changes.time_zone, TimeZone::parse, ("timeZone", "time_zone"), &mut errors),
        };
        if errors.is_empty() { Ok(parsed) } else { Err(Error::Invalid(errors)) }
    }

    fn apply(&self, user: &mut User) {
        write(&self.display_name, &mut user.display_name);
        write(&self.phone, &mut user.phone);
        write(&self.locale, &mut user.locale);
        write(&self.time_zone, &mut user.time_zone);
    }
}

#[allow(clippy::option_option, reason = "the three cases of a partial change")]
fn read<T, E: std::error::Error>(
    change: Option<Option<String>>,
    parse: impl Fn(&str) -> std::result::Result<T, E>,
    (field, code): (&str, &'static str),
    errors: &mut Vec<FieldError>,
) -> Option<Option<T>> {
    change.map(|text| {
        text.as_deref().map(parse).transpose().unwrap_or_else(|error| {
            errors.push(FieldError::new(field, code, &error));
            None
        })
    })
}

#[allow(clippy::option_option, reason = "the three cases of a partial change")]
#[allow(clippy::ref_option, reason = "a field as it stands in a change")]
fn write<T: Clone>(change: &Option<Option<T>>, field: &mut Option<T>) {
    if let Some(value) = change {
        field.clone_from(value);
    }
}
