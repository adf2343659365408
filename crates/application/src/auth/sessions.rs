//! The sessions of an account: looking at them, and ending those that are not the caller's own.

use domain::Session;
use ports::{ResultExt, SESSION_ORDERS, SessionFilter, SortKey};
use uuid::Uuid;

use super::{Auth, Principal};
use crate::lists::List;
use crate::{Action, Ask, Context, Error, Listed, Result, Work};

const END: Action = Action { name: "session.revoke", resource: "session" };
const END_ALL: Action = Action { name: "session.revoke-all", resource: "user" };
const LIST: List = List { name: "sessions", orders: SESSION_ORDERS, default: &[SortKey::desc("createdAt")] };

impl Auth {
    /// The caller's sessions that could be gone on with, from new to old unless asked otherwise.
    pub async fn sessions(&self, caller: &Principal, ask: &Ask) -> Result<Listed<Session>> {
        let filter = SessionFilter { user_id: caller.user_id, live_at: self.core.clock.now() };
        let reading = self.lists.begin(&LIST, ask)?;
        let sessions = self.core.store.sessions();
        let found = sessions.list(&filter, reading.page()).await?;
        let total = reading.total(async || sessions.count(&filter).await).await?;
        reading.finish(found, total)
    }

    /// Ends one of the caller's sessions. When this returns, no replica accepts its tokens any more.
    ///
    /// # Errors
    /// `NotFound` when the caller has no such session, or it has ended already.
    pub async fn end_session(&self, context: &Context, caller: &Principal, session: Uuid) -> Result<()> {
        Work::run(&self.core, context, END, |mut work| async move {
            work.on(session);
            let found = work.tx().sessions().by_uuid(session).await.optional()?;
            let found = found.filter(|found| found.user_id == caller.user_id && found.revoked_at.is_none());
            self.revoke_in(&work, &found.ok_or(Error::NotFound)?, self.core.clock.now()).await?;
            self.forget_after(&mut work, session);
            work.commit().await
        })
        .await?;
        self.uncache(session).await;
        Ok(())
    }

    /// Ends all of the caller's sessions, this one too.
    pub async fn end_all_sessions(&self, context: &Context, caller: &Principal) -> Result<()> {
        Work::run(&self.core, context, END_ALL, |mut work| async move {
            work.on(caller.user);
            self.revoke_all(&mut work, caller.user_id, None).await?;
            work.commit().await
        })
        .await
    }

    /// Ends all sessions of a user within the unit of work, except for the one that is kept. What is remembered of the
    /// user anywhere is of an older revision then.
    pub(super) async fn revoke_all(
        &self,
        work: &mut Work<'_>,
        user_id: i64,
        kept: Option<i64>,
    ) -> Result<()> {
        let tx = work.tx();
        tx.sessions().revoke_of_user(user_id, kept, self.core.clock.now()).await?;
        tx.users().bump_auth_revision(user_id).await?;
        let auth = self.clone();
        work.after_commit(move || auth.forget_user(user_id));
        Ok(())
    }
}
