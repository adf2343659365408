//! Proving an address with the token from a mail: that of a new account, or the one an account shall have instead.

use domain::{Actor, DomainEvent, MailPurpose, MailToken, TenantScope, User};
use ports::{Kind, ResultExt};
use secrecy::SecretString;

use super::Auth;
use super::secret::Secret;
use crate::users::{join_all, lost_race};
use crate::{Action, Context, Error, Result, Work};

const VERIFY: Action = Action { name: "user.verify-email", resource: "user" };

impl Auth {
    /// Spends the token and marks the address as proven. Unknown, spent and expired tokens look alike.
    ///
    /// # Errors
    /// `TokenInvalid`; `Conflict` when the account shall have the address instead of its own, and another account has
    /// it.
    pub async fn verify_email(&self, context: &Context, token: &SecretString) -> Result<()> {
        let secret = &Secret::parse(token).ok_or(Error::TokenInvalid)?;
        Work::run(&self.core, context, VERIFY, |mut work| async move {
            let token = self.take_proof(&work, &secret.hash(&self.core)).await?;
            let found = work.tx().users().by_id(token.user_id).await.optional()?;
            let mut user = found.ok_or(Error::TokenInvalid)?;
            let uuid = user.base.uuid;
            work.acting_as(Actor::User { id: user.base.id, uuid }, TenantScope::Platform);
            work.on(uuid);
            let event = if token.purpose == MailPurpose::ChangeEmail {
                self.take_over(&work, user).await?;
                DomainEvent::EmailChanged { user: uuid }
            } else {
                self.mark_verified(&work, &mut user).await?;
                DomainEvent::EmailVerified { user: uuid }
            };
            work.tx().mail_tokens().clear(token.user_id, token.purpose).await?;
            work.emit(&event).await?;
            work.commit().await
        })
        .await
    }

    async fn take_proof(&self, work: &Work<'_>, hash: &[u8]) -> Result<MailToken> {
        let now = self.core.clock.now();
        for purpose in [MailPurpose::VerifyEmail, MailPurpose::ChangeEmail] {
            let found = work.tx().mail_tokens().take(purpose, hash).await.optional()?;
            if let Some(token) = found.filter(|token| token.expires_at > now) {
                return Ok(token);
            }
        }
        Err(Error::TokenInvalid)
    }

    /// The address that is proven becomes the account's.
    async fn take_over(&self, work: &Work<'_>, mut user: User) -> Result<()> {
        let now = self.core.clock.now();
        user.email = user.pending_email.take().ok_or(Error::TokenInvalid)?;
        user.email_verified_at = Some(now);
        user.base.updated_at = now;
        work.tx().users().update(&user).await.map_err(lost_race)
    }

    pub(crate) async fn mark_verified(&self, work: &Work<'_>, user: &mut User) -> Result<()> {
        if user.is_verified() {
            return Ok(());
        }
        let now = self.core.clock.now();
        user.email_verified_at = Some(now);
        user.base.updated_at = now;
        match work.tx().users().update(user).await {
            // A registration of the same address came between: its newer mail is the one that counts.
            Err(error) if error.kind() == Kind::Precondition => return Err(Error::TokenInvalid),
            other => other?,
        }
        join_all(&self.core, work, user).await
    }
}
