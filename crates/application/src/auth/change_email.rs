//! Another address for an account: it counts once it is proven, and the former one is told before.

use domain::{DomainEvent, Email, MailPurpose};

use super::Auth;
use crate::users::lost_race;
use crate::{Action, Context, Error, Result, Work};

const CHANGE: Action = Action { name: "user.change-email", resource: "user" };
const RESEND: Action = Action { name: "user.resend-verification", resource: "user" };

impl Auth {
    /// Notes which address an account shall have, and has both told by mail. The newest wish counts. Whether another
    /// account has the address, the answer does not tell.
    ///
    /// # Errors
    /// `Invalid` for what is no address, or is the account's own; `Conflict` when somebody changes the account at the
    /// same time.
    pub async fn change_email(&self, context: &Context, user_id: i64, email: &str) -> Result<()> {
        let email = &Email::parse(email).map_err(|error| Error::field("email", "email", error))?;
        let may_mail = self.may_mail(CHANGE, email).await?;
        Work::run(&self.core, context, CHANGE, |mut work| async move {
            let mut user = work.tx().users().by_id(user_id).await?;
            work.on(user.base.uuid);
            if user.email == *email {
                return Err(Error::field("email", "unchanged", "is the address of the account already"));
            }
            if !may_mail {
                return work.commit().await;
            }
            user.pending_email = Some(email.clone());
            user.base.updated_at = self.core.clock.now();
            work.tx().users().update(&user).await.map_err(lost_race)?;
            work.tx().mail_tokens().clear(user_id, MailPurpose::ChangeEmail).await?;
            work.emit(&DomainEvent::EmailChangeRequested { user: user.base.uuid }).await?;
            work.commit().await
        })
        .await
    }

    /// Sends another link to prove an address with, if there is one to prove. The answer does not tell.
    pub async fn resend_verification(&self, context: &Context, email: &str) -> Result<()> {
        let event = |user| DomainEvent::VerificationRequested { user };
        self.tell(context, RESEND, email, |user| !user.is_verified(), event).await
    }
}
