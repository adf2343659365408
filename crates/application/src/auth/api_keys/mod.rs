//! Keys that programs present in the place of their owner: made, looked at, revoked.
//!
//! A key never does more than its owner may at that moment, and never what is about logging in: no key proves who
//! somebody is.

mod bearer;
pub(super) mod text;

use domain::{ApiKey, DomainEvent, Label, PERMISSIONS, Permission, Realm, Timestamp};
use secrecy::SecretString;
use uuid::Uuid;

pub(super) use bearer::Keys;

use super::{Auth, Principal};
use crate::{Action, Context, Error, FieldError, Result, Work};

const CREATE: Action = Action { name: "api-key.create", resource: "api-key" };
const REVOKE: Action = Action { name: "api-key.revoke", resource: "api-key" };

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// How its owner calls it.
    pub name: String,
    /// What it may do: permissions, with wildcards where the owner's grants have them.
    pub scopes: Vec<String>,
    /// Worth nothing from then on.
    pub expires_at: Option<Timestamp>,
}

/// A key that was made.
pub struct CreatedApiKey {
    /// What is kept of it.
    pub key: ApiKey,
    /// Its text, this once.
    pub text: SecretString,
}

impl Auth {
    /// The caller's keys, oldest first; there are at most [`ApiKey::PER_USER`].
    pub async fn api_keys(&self, caller: &Principal) -> Result<Vec<ApiKey>> {
        Ok(self.core.store.api_keys().of_user(caller.user_id).await?)
    }

    /// Makes a key that speaks for the caller, in the tenant that the caller's session speaks for; its owner is told by
    /// mail.
    ///
    /// # Errors
    /// `Invalid` for a scope that the caller does not have, or that no key may have; `Conflict` when the caller has as many
    /// as one may have.
    pub async fn create_api_key(
        &self,
        context: &Context,
        caller: &Principal,
        new: &NewApiKey,
    ) -> Result<CreatedApiKey> {
        let now = self.core.clock.now();
        let (name, scopes) = parsed(new, caller, now)?;
        let mut secret = [0; 32];
        self.core.random.fill(&mut secret)?;
        let (text, prefix) = text::written(self.core.sealer.as_ref(), secret);
        let key = ApiKey {
            id: self.core.ids.snowflake()?,
            uuid: self.core.ids.uuid()?,
            user_id: caller.user_id,
            tenant: caller.scope.tenant_uuid(),
            name,
            prefix,
            hash: self.core.sealer.digest(&secret).to_vec(),
            scopes,
            multi_factor: caller.multi_factor,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
        };
        let made = &key;
        Work::run(&self.core, context, CREATE, |mut work| async move {
            work.on(made.uuid);
            if work.tx().api_keys().of_user(caller.user_id).await?.len() >= ApiKey::PER_USER {
                return Err(Error::Conflict);
            }
            work.tx().api_keys().insert(made).await?;
            work.emit(&DomainEvent::ApiKeyCreated { user: caller.user, key: made.uuid }).await?;
            work.commit().await
        })
        .await?;
        Ok(CreatedApiKey { key, text })
    }

    /// Revokes one of the caller's keys. When this returns, no replica accepts it any more.
    ///
    /// # Errors
    /// `NotFound` when the caller has no such key.
    pub async fn revoke_api_key(&self, context: &Context, caller: &Principal, key: Uuid) -> Result<()> {
        Work::run(&self.core, context, REVOKE, |mut work| async move {
            work.on(key);
            let tx = work.tx();
            if !tx.api_keys().remove(caller.user_id, key).await? {
                return Err(Error::NotFound);
            }
            tx.users().bump_auth_revision(caller.user_id).await?;
            work.emit(&DomainEvent::ApiKeyRevoked { user: caller.user, key }).await?;
            let (auth, user_id) = (self.clone(), caller.user_id);
            work.after_commit(move || auth.forget_user(user_id));
            work.commit().await
        })
        .await
    }
}

/// Reports all unacceptable fields at once.
fn parsed(new: &NewApiKey, caller: &Principal, now: Timestamp) -> Result<(Label, Vec<Permission>)> {
    let mut errors = Vec::new();
    let name = Label::parse(&new.name);
    let name = name.map_err(|error| errors.push(FieldError::new("name", "label", &error))).ok();
    let mut refuse = |field: String, code, message: &str| {
        errors.push(FieldError { field, code, message: message.to_owned() });
    };
    if new.expires_at.is_some_and(|end| end <= now) {
        refuse("expiresAt".to_owned(), "range", "must be in the future");
    }
    if !(1..=ApiKey::SCOPES).contains(&new.scopes.len()) {
        refuse("scopes".to_owned(), "length", "must be at least one, and not too many");
    }
    let mut scopes = Vec::new();
    for (index, text) in new.scopes.iter().enumerate() {
        match Permission::parse(text) {
            Ok(scope) if caller.permissions.cover(&scope) && grantable(&scope) => scopes.push(scope),
            _ => refuse(format!("scopes.{index}"), "scope", "is nothing that you may do, or that a key may"),
        }
    }
    match name {
        Some(name) if errors.is_empty() => Ok((name, scopes)),
        _ => Err(Error::Invalid(errors)),
    }
}

/// Whether a key may have it at all. A wildcard over everything may stand there: what is about logging in, it gives nobody.
fn grantable(scope: &Permission) -> bool {
    let named = |name: &str| name.split(':').next() == Some(scope.resource());
    !PERMISSIONS.iter().any(|known| known.realm == Realm::Session && named(known.name))
}
