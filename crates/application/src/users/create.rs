//! A new account, made by an administrator.

use domain::{Credential, DisplayName, DomainEvent, Email, Password, SystemRole, User};
use secrecy::SecretString;

use super::Users;
use crate::first_start::{DEFAULT_TENANT, join};
use crate::{Action, Context, Core, Error, FieldError, Result, Tenancy, Work};

const CREATE: Action = Action { name: "user.create", resource: "user" };

/// What an administrator gives.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Address, as typed.
    pub email: String,
    /// How to be called.
    pub display_name: Option<String>,
    /// Without one the person chooses it by registering.
    pub password: Option<SecretString>,
}

impl Users {
    /// Makes an account. A mail asks its person to prove the address.
    ///
    /// # Errors
    /// `Invalid`; `Conflict` when a live account has the address.
    pub async fn create(&self, context: &Context, new: NewUser) -> Result<User> {
        let (email, name) = parse(&new.email, new.display_name.as_deref())?;
        let hash = match &new.password {
            None => None,
            Some(password) => {
                let policy = self.core.settings.password_policy;
                let refused = |error| Error::field("password", "password", error);
                let name = name.as_ref().map(DisplayName::as_str);
                let password = Password::parse(password, policy, &email, name).map_err(refused)?;
                Some(self.core.hasher.hash(password.secret()).await?)
            }
        };
        let new = User::new(self.core.base()?, email, name);
        let (user, hash) = (&new, hash.as_deref());
        Work::run(&self.core, context, CREATE, |mut work| async move {
            work.on(user.base.uuid);
            write_new(&self.core, &work, user, hash).await?;
            work.emit(&DomainEvent::UserCreated { user: user.base.uuid }).await?;
            work.commit().await
        })
        .await?;
        Ok(new)
    }
}

fn parse(email: &str, display_name: Option<&str>) -> Result<(Email, Option<DisplayName>)> {
    let mut errors = Vec::new();
    let mut refuse = |field: &str, code, error: &dyn std::error::Error| {
        errors.push(FieldError::new(field, code, error));
    };
    let email = Email::parse(email).inspect_err(|error| refuse("email", "email", error)).ok();
    let display_name = display_name.map(DisplayName::parse).transpose();
    let display_name = display_name.inspect_err(|error| refuse("displayName", "length", error)).ok();
    match (email, display_name) {
        (Some(email), Some(display_name)) => Ok((email, display_name)),
        _ => Err(Error::Invalid(errors)),
    }
}

/// Writes an account and what goes with it.
pub(crate) async fn write_new(core: &Core, work: &Work<'_>, user: &User, hash: Option<&str>) -> Result<()> {
    let tx = work.tx();
    tx.users().insert(user).await?;
    if let Some(hash) = hash {
        let password_hash = hash.to_owned();
        let credential = Credential { base: core.base()?, user_id: user.base.id, password_hash };
        tx.credentials().insert(&credential).await?;
    }
    join_all(core, work, user).await
}

/// Where there is one tenant, everybody is a member of it. Who registers becomes one with the proof of their address, so
/// that a registration costs the same whether or not there was an account.
pub(crate) async fn join_all(core: &Core, work: &Work<'_>, user: &User) -> Result<()> {
    if core.settings.tenancy == Tenancy::Multi {
        return Ok(());
    }
    let tenant = work.tx().tenants().by_slug(DEFAULT_TENANT).await?;
    join(core, work.tx(), &user.base, tenant.scope(), SystemRole::Member).await
}
