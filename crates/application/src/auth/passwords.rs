//! Choosing another password: with the old one, or with the token from a mail.

use domain::{Actor, Credential, DisplayName, DomainEvent, Email, MailPurpose, MailToken, Password};
use domain::{TenantScope, User, UserStatus};
use ports::{ResultExt, Verdict};
use secrecy::SecretString;

use super::secret::Secret;
use super::{Auth, Principal};
use crate::{Action, Context, Error, Result, Work};

const CHANGE: Action = Action { name: "password.change", resource: "user" };
const FORGET: Action = Action { name: "password.forget", resource: "user" };
const RESET: Action = Action { name: "password.reset", resource: "user" };

impl Auth {
    /// Replaces the caller's password, and ends their other sessions.
    ///
    /// # Errors
    /// `Unauthenticated` (`invalid_credentials`) and `Locked` as at a login; `Invalid` for a new one that is not
    /// acceptable.
    pub async fn change_password(
        &self,
        context: &Context,
        caller: &Principal,
        current: &SecretString,
        new: &SecretString,
    ) -> Result<()> {
        let (user, counter) = &self.prove_own(context, CHANGE, caller, current).await?;
        let hash = &self.hash_of(user, new, "newPassword").await?;
        Work::run(&self.core, context, CHANGE, |mut work| async move {
            self.write_password(&mut work, user, hash, Some(caller.session_id)).await?;
            self.clear_failures(&work, counter).await?;
            work.commit().await
        })
        .await
    }

    /// Sends a link to choose a password with, if the address is known. Whether it is, neither the answer nor the time
    /// it takes tells: an unknown one causes an event about nobody.
    pub async fn forgot_password(&self, context: &Context, email: &str) -> Result<()> {
        self.tell(context, FORGET, email, |_| true, |user| DomainEvent::PasswordResetRequested { user }).await
    }

    /// Spends the token, replaces the password, and ends every session. Whoever reads the mail has proven the address.
    ///
    /// # Errors
    /// `TokenInvalid` for unknown, spent and expired tokens; `Invalid` for a password that is not acceptable, and the
    /// token stays good.
    pub async fn reset_password(
        &self,
        context: &Context,
        token: &SecretString,
        password: &SecretString,
    ) -> Result<()> {
        let secret = Secret::parse(token).ok_or(Error::TokenInvalid)?;
        let (purpose, digest) = (MailPurpose::ResetPassword, &*secret.hash(&self.core));
        let found = self.core.store.mail_tokens().by_hash(purpose, digest).await.optional()?;
        let user = self.core.store.users().by_id(self.good(found)?.user_id).await.optional()?;
        // Hashed before the unit of work, which has the only writer on SQLite.
        let hash = &self.hash_of(&user.ok_or(Error::TokenInvalid)?, password, "password").await?;
        Work::run(&self.core, context, RESET, |mut work| async move {
            let spent = self.good(work.tx().mail_tokens().take(purpose, digest).await.optional()?)?;
            let found = work.tx().users().by_id(spent.user_id).await.optional()?;
            let found = found.filter(|user| user.status == UserStatus::Active);
            let mut user = found.ok_or(Error::TokenInvalid)?;
            work.acting_as(Actor::User { id: user.base.id, uuid: user.base.uuid }, TenantScope::Platform);
            self.mark_verified(&work, &mut user).await?;
            self.write_password(&mut work, &user, hash, None).await?;
            work.tx().mail_tokens().clear(user.base.id, purpose).await?;
            // Who reads the account's mail is let in from where they are, however many others guess.
            self.note_device(&work, context, &user).await?;
            self.clear_failures(&work, &self.counter(context, user.email.as_str())?).await?;
            work.commit().await
        })
        .await
    }

    /// Answers everybody alike: an event about the account with this address if it is `meant`, else about nobody. Its
    /// consumers find no one to write to then.
    pub(super) async fn tell(
        &self,
        context: &Context,
        action: Action,
        email: &str,
        meant: fn(&User) -> bool,
        event: fn(uuid::Uuid) -> DomainEvent,
    ) -> Result<()> {
        let email = &Email::parse(email).map_err(|error| Error::field("email", "email", error))?;
        let may = self.may_mail(action, email).await?;
        let nobody = self.core.ids.uuid()?;
        Work::run(&self.core, context, action, |mut work| async move {
            let user = work.tx().users().by_email(email).await.optional()?;
            let user = user.filter(|user| may && user.status == UserStatus::Active && meant(user));
            let about = user.map_or(nobody, |user| user.base.uuid);
            work.on(about);
            work.emit(&event(about)).await?;
            work.commit().await
        })
        .await
    }

    /// Whether an address may be sent another mail of the kind that an action causes. Known or not, each is counted alike;
    /// who is told no gets the answer that everybody gets.
    pub(super) async fn may_mail(&self, action: Action, email: &Email) -> Result<bool> {
        let address = self.keys.derive(&[b"mailed-address", email.as_str().as_bytes()])?;
        let may = self.limits.may_mail(action.name, &address).await;
        if !may {
            tracing::info!(action = action.name, "an address has had enough mails of this kind for now");
        }
        Ok(may)
    }

    async fn write_password(
        &self,
        work: &mut Work<'_>,
        user: &User,
        hash: &str,
        kept: Option<i64>,
    ) -> Result<()> {
        work.on(user.base.uuid);
        self.keep_former(work, user.base.id).await?;
        let tx = work.tx();
        let replaced = tx.credentials().replace_hash(user.base.id, hash, self.core.clock.now()).await;
        if replaced.optional()?.is_none() {
            // An account that had none so far: made by an administrator, or entered through another provider.
            let (base, password_hash) = (self.core.base()?, hash.to_owned());
            tx.credentials().insert(&Credential { base, user_id: user.base.id, password_hash }).await?;
        }
        work.emit(&DomainEvent::PasswordChanged { user: user.base.uuid }).await?;
        self.revoke_all(work, user.base.id, kept).await
    }

    pub(crate) async fn hash_of(
        &self,
        user: &User,
        text: &SecretString,
        field: &'static str,
    ) -> Result<String> {
        let name = user.display_name.as_ref().map(DisplayName::as_str);
        let password = Password::parse(text, self.core.settings.password_policy, &user.email, name)
            .map_err(|error| Error::field(field, "password", error))?;
        if self.was_used(user.base.id, password.secret()).await? {
            return Err(Error::field(field, "reused", "is one that was used before"));
        }
        Ok(self.core.hasher.hash(password.secret()).await?)
    }

    /// Whether it is one of the last passwords that the configuration wants to be different.
    async fn was_used(&self, user_id: i64, password: &SecretString) -> Result<bool> {
        let Some(former) = self.core.settings.password_history.checked_sub(1) else { return Ok(false) };
        let credentials = self.core.store.credentials();
        let present = credentials.of_user(user_id).await.optional()?;
        let present = present.map(|credential| credential.password_hash);
        let former = credentials.former(user_id, former.into()).await?;
        for hash in present.iter().chain(&former) {
            if self.core.hasher.verify(password, Some(hash)).await? != Verdict::Mismatch {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Keeps the hash that is about to be replaced, as far as the configuration wants to know it.
    async fn keep_former(&self, work: &Work<'_>, user_id: i64) -> Result<()> {
        let keep = u64::from(self.core.settings.password_history.saturating_sub(1));
        if keep == 0 {
            return Ok(());
        }
        let credentials = work.tx().credentials();
        let Some(present) = credentials.of_user(user_id).await.optional()? else { return Ok(()) };
        let (id, now) = (self.core.ids.snowflake()?, self.core.clock.now());
        Ok(credentials.keep_former(id, user_id, &present.password_hash, now, keep).await?)
    }

    fn good(&self, token: Option<MailToken>) -> Result<MailToken> {
        let now = self.core.clock.now();
        token.filter(|token| token.expires_at > now).ok_or(Error::TokenInvalid)
    }
}
