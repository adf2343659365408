//! Ending a session.

use std::sync::Arc;

use domain::Actor;
use ports::ResultExt;
use secrecy::SecretString;
use uuid::Uuid;

use super::secret::Secret;
use super::{Auth, Principal};
use crate::{Action, AuthFailure, Context, Result, Work};

const LOGOUT: Action = Action { name: "session.logout", resource: "session" };

impl Auth {
    /// Ends the caller's session. When this returns, no replica accepts its tokens any more.
    pub async fn logout(&self, context: &Context, caller: &Principal) -> Result<()> {
        Work::run(&self.core, context, LOGOUT, |mut work| async move {
            work.on(caller.session);
            let session = work.tx().sessions().by_id(caller.session_id).await?;
            self.revoke_in(&work, &session, self.core.clock.now()).await?;
            self.forget_after(&mut work, caller.session);
            work.commit().await
        })
        .await?;
        self.uncache(caller.session).await;
        Ok(())
    }

    /// Ends the session of a refresh token, for callers whose access token has expired. Any token of the family
    /// will do, and ending an ended session succeeds.
    pub async fn logout_by_refresh_token(&self, context: &Context, presented: &SecretString) -> Result<()> {
        let secret = &Secret::parse(presented).ok_or(AuthFailure::Unauthenticated)?;
        let ended = Work::run(&self.core, context, LOGOUT, |mut work| async move {
            let token = work.tx().refresh_tokens().lock_by_hash(&secret.hash(&self.core)).await.optional()?;
            let token = token.ok_or(AuthFailure::Unauthenticated)?;
            let session = work.tx().sessions().by_id(token.session_id).await?;
            let user = work.tx().users().by_id(session.user_id).await?;
            work.acting_as(Actor::User { id: user.base.id, uuid: user.base.uuid }, context.scope);
            work.on(session.base.uuid);
            self.revoke_in(&work, &session, self.core.clock.now()).await?;
            self.forget_after(&mut work, session.base.uuid);
            work.commit().await?;
            Ok(session.base.uuid)
        });
        self.uncache(ended.await?).await;
        Ok(())
    }

    /// What this process remembers of a session goes once its end is committed; earlier, a request could remember
    /// it anew.
    pub(super) fn forget_after(&self, work: &mut Work<'_>, session: Uuid) {
        let bearers = Arc::clone(&self.bearers);
        work.after_commit(move || bearers.principals.forget(session));
    }
}
