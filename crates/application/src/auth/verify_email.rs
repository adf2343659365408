//! Proving an address with the token from a mail.

use domain::{Actor, DomainEvent, MailPurpose, TenantScope, User};
use ports::{Kind, ResultExt};
use secrecy::SecretString;

use super::Auth;
use super::secret::Secret;
use crate::{Action, Context, Error, Result, Work};

const VERIFY: Action = Action { name: "user.verify-email", resource: "user" };

impl Auth {
    /// Spends the token and marks the address as proven. Unknown, spent and expired tokens look alike.
    pub async fn verify_email(&self, context: &Context, token: &SecretString) -> Result<()> {
        let secret = Secret::parse(token).ok_or(Error::TokenInvalid)?;
        let now = self.core.clock.now();
        let mut work = Work::begin(&self.core, context, VERIFY).await?;
        let found = work
            .tx()
            .mail_tokens()
            .take(MailPurpose::VerifyEmail, &secret.hash(&self.core))
            .await
            .optional()?;
        let token = found.filter(|token| token.expires_at > now).ok_or(Error::TokenInvalid)?;
        let user = work.tx().users().by_id(token.user_id).await.optional()?.ok_or(Error::TokenInvalid)?;
        let uuid = user.base.uuid;
        work.acting_as(Actor::User { id: user.base.id, uuid }, TenantScope::Platform);
        work.on(uuid);
        self.mark_verified(&work, user).await?;
        work.tx().mail_tokens().clear(token.user_id, MailPurpose::VerifyEmail).await?;
        work.emit(&DomainEvent::EmailVerified { user: uuid }).await?;
        work.commit().await
    }

    async fn mark_verified(&self, work: &Work<'_>, mut user: User) -> Result<()> {
        if user.is_verified() {
            return Ok(());
        }
        let now = self.core.clock.now();
        user.email_verified_at = Some(now);
        user.base.updated_at = now;
        match work.tx().users().update(&user).await {
            // A registration of the same address came between: its newer mail is the one that counts.
            Err(error) if error.kind() == Kind::Precondition => Err(Error::TokenInvalid),
            other => Ok(other?),
        }
    }
}
