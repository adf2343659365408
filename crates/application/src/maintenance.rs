//! Clearing away what has expired.

use std::time::Duration;

use domain::{DomainEvent, FAMILIAR};
use ports::Lease;
use serde::Serialize;

use crate::people::People;
use crate::{Action, Context, Core, Result, Work};

const PURGE: Action = Action { name: "maintenance.purge", resource: "expired-rows" };
const PURGE_USERS: Action = Action { name: "user.purge", resource: "user" };
/// Rows per statement: short transactions, so that nobody waits for the purge.
const BATCH: u64 = 500;
/// Consumers remember events for so long. One that is told again later, by a broker that keeps it, has its effect
/// again; what still lies in the outbox is not forgotten.
const KEEP_INBOX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Ended sessions stay visible for so long, for support and forensics.
const KEEP_SESSIONS: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Who comes back from another provider too late is told so, for an hour; then nobody knows them any more.
const KEEP_OAUTH: Duration = Duration::from_secs(60 * 60);
/// A spent refresh token that comes back tells of a theft; once it would have expired for so long, nobody waits for
/// it any more. The schedules in the database (`purge_expired_tokens`) keep them as long.
const KEEP_REFRESH_TOKENS: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Expired keys stay visible for so long, so that their owner sees why a program stopped.
const KEEP_API_KEYS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Use cases of housekeeping.
#[derive(Clone)]
pub struct Maintenance {
    core: Core,
    people: People,
}

/// How much was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Purged {
    /// Sessions with all their refresh tokens.
    pub sessions: u64,
    /// Refresh tokens of sessions that go on.
    pub refresh_tokens: u64,
    /// Tokens in mails.
    pub mail_tokens: u64,
    /// First proofs that waited for a second factor.
    pub mfa_challenges: u64,
    /// Invitations that nobody accepted in time.
    pub invitations: u64,
    /// Logins with other providers that were not finished, and their codes.
    pub oauth: u64,
    /// Challenges that no passkey answered.
    pub passkey_challenges: u64,
    /// API keys that ended long ago.
    pub api_keys: u64,
    /// Devices that nobody has come back from.
    pub devices: u64,
    /// Windows of failed logins.
    pub login_attempts: u64,
    /// Idempotency keys with their answers.
    pub idempotency_keys: u64,
    /// What consumers remember of events.
    pub inbox: u64,
    /// Events that nobody would take.
    pub dead_events: u64,
    /// Exports of people's data, and what they held.
    pub exports: u64,
    /// Users whose time to be restored is over, with everything that hangs on them.
    pub users: u64,
}

impl Maintenance {
    pub(crate) fn new(core: Core, people: People) -> Self {
        Self { core, people }
    }

    /// Removes expired sessions, tokens, counted failures and kept answers, what consumers remember of old events, and
    /// users that were deleted long ago. Killed in the middle, the next call goes on with what is left. Nothing is
    /// removed while another process is at it, which removes the same.
    pub async fn purge(&self, context: &Context) -> Result<Purged> {
        let work = async |lease: &Lease| self.purge_under(context, lease).await;
        Ok(self.core.exclusively(PURGE.name, work).await?.unwrap_or_default())
    }

    async fn purge_under(&self, context: &Context, lease: &Lease) -> Result<Purged> {
        // Before their people: what is known of an export goes with its user.
        let exports = self.people.purge(context).await?;
        let users = self.purge_users(context, lease).await?;
        let mut total = Purged { exports, users, ..Purged::default() };
        loop {
            let batch = self.purge_batch(context, lease).await?;
            total.sessions += batch.sessions;
            total.refresh_tokens += batch.refresh_tokens;
            total.mail_tokens += batch.mail_tokens;
            total.mfa_challenges += batch.mfa_challenges;
            total.invitations += batch.invitations;
            total.oauth += batch.oauth;
            total.passkey_challenges += batch.passkey_challenges;
            total.api_keys += batch.api_keys;
            total.devices += batch.devices;
            total.login_attempts += batch.login_attempts;
            total.inbox += batch.inbox;
            total.dead_events += batch.dead_events;
            total.idempotency_keys += batch.idempotency_keys;
            let removed = [
                batch.sessions,
                batch.refresh_tokens,
                batch.mail_tokens,
                batch.mfa_challenges,
                batch.invitations,
                batch.oauth,
                batch.passkey_challenges,
                batch.api_keys,
                batch.devices,
                batch.login_attempts,
                batch.idempotency_keys,
                batch.inbox,
                batch.dead_events,
            ];
            if removed.iter().all(|removed| *removed < BATCH) {
                return Ok(total);
            }
        }
    }

    async fn purge_batch(&self, context: &Context, lease: &Lease) -> Result<Purged> {
        let now = self.core.clock.now();
        let dead_events = now - self.core.settings.retention.dead_events;
        Work::run(&self.core, context, PURGE, |work| async move {
            work.under(lease).await?;
            let tx = work.tx();
            let sessions = tx.sessions().purge(now - KEEP_SESSIONS, BATCH).await?;
            let tokens = tx.expired_tokens().purge(now - KEEP_REFRESH_TOKENS, now, BATCH).await?;
            let purged = Purged {
                sessions,
                refresh_tokens: tokens.refresh,
                mail_tokens: tokens.mail,
                mfa_challenges: tx.mfa().purge_challenges(now, BATCH).await?,
                invitations: tx.invitations().purge(now, BATCH).await?,
                oauth: tx.oauth().purge(now - KEEP_OAUTH, BATCH).await?,
                passkey_challenges: tx.passkeys().purge_challenges(now, BATCH).await?,
                api_keys: tx.api_keys().purge(now - KEEP_API_KEYS, BATCH).await?,
                devices: tx.devices().purge(now - FAMILIAR, BATCH).await?,
                login_attempts: tx.login_attempts().purge(now, BATCH).await?,
                idempotency_keys: tx.idempotency().purge(now, BATCH).await?,
                inbox: tx.inbox().purge(now - KEEP_INBOX, BATCH).await?,
                dead_events: tx.outbox().purge_dead(dead_events, BATCH).await?,
                exports: 0,
                users: 0,
            };
            if purged == Purged::default() {
                // Nothing changed, so there is nothing to record either.
                return Ok(purged);
            }
            work.commit().await?;
            Ok(purged)
        })
        .await
    }

    /// Each purged user is told as an event, so that whoever keeps something about the person elsewhere forgets it.
    async fn purge_users(&self, context: &Context, lease: &Lease) -> Result<u64> {
        let before = self.core.clock.now() - self.core.settings.retention.deleted_users;
        let mut total = 0;
        loop {
            let purged = Work::run(&self.core, context, PURGE_USERS, |work| async move {
                work.under(lease).await?;
                let purged = work.tx().users().purge(before, BATCH).await?;
                if purged.is_empty() {
                    return Ok(0);
                }
                for user in &purged {
                    work.emit(&DomainEvent::UserPurged { user: *user }).await?;
                }
                work.commit().await?;
                Ok(purged.len() as u64)
            });
            match purged.await? {
                0 => return Ok(total),
                purged => total += purged,
            }
        }
    }

    /// Writes what users are searched and sorted by where a program of an earlier release has written the row: before
    /// an upgrade, or in the middle of one. How many.
    pub async fn complete_search_keys(&self) -> Result<u64> {
        let mut total = 0;
        loop {
            // What the rows say does not change, so there is nothing to record.
            let complete = || async {
                let tx = self.core.store.begin().await?;
                let completed = tx.users().complete_search_keys(BATCH).await?;
                tx.commit().await?;
                Ok(completed)
            };
            let completed = self.core.again(complete).await?;
            total += completed;
            if completed < BATCH {
                return Ok(total);
            }
        }
    }
}
