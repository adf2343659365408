//! Proving anew who one is, for what a stolen token must not do (RFC 9470).

use domain::AuthMethod;
use secrecy::SecretString;

use super::{Auth, Principal};
use crate::{Action, Context, Result, Work};

const REAUTHENTICATE: Action = Action { name: "session.reauthenticate", resource: "session" };

impl Auth {
    /// Notes that the caller has given the right password a moment ago. From then on, and for
    /// [`STEP_UP`](domain::STEP_UP), the session may do what is dangerous, on every replica.
    ///
    /// # Errors
    /// `Unauthenticated` (`invalid_credentials`); `Locked` after too many wrong ones, as at a login.
    pub async fn reauthenticate(
        &self,
        context: &Context,
        caller: &Principal,
        password: &SecretString,
    ) -> Result<()> {
        let (_, counter) = &self.prove_own(context, REAUTHENTICATE, caller, password).await?;
        Work::run(&self.core, context, REAUTHENTICATE, |mut work| async move {
            work.on(caller.session);
            let tx = work.tx();
            let session = tx.sessions().by_id(caller.session_id).await?;
            let methods = session.methods.and(AuthMethod::Password);
            tx.sessions().reauthenticate(caller.session_id, &methods, self.core.clock.now()).await?;
            tx.users().bump_auth_revision(caller.user_id).await?;
            self.clear_failures(&work, counter).await?;
            self.forget_after(&mut work, caller.session);
            work.commit().await
        })
        .await?;
        self.uncache(caller.session).await;
        Ok(())
    }
}
