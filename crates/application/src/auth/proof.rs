//! Proving a password: failures are counted, lock, and are recorded alike wherever one is asked for.

use std::convert::Infallible;
use std::time::Duration;

use domain::{Attempts, Email, User, network_of};
use ports::{ResultExt, Verdict};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Auth, Principal};
use crate::{Action, AuthFailure, Context, Error, Result, Work};

/// Under what failures are counted.
pub(super) struct Counter {
    pub(super) identifier: [u8; 32],
    pub(super) network: String,
    /// Whose identifier it is, once that is known.
    pub(super) user_id: Option<i64>,
}

impl Auth {
    /// Failures are counted under a keyed hash of what was typed, so that unknown addresses lock alike and the
    /// table names nobody.
    pub(super) fn counter(&self, context: &Context, email: &str) -> Result<Counter> {
        let typed =
            Email::parse(email).map_or_else(|_| email.trim().to_lowercase(), |email| email.to_string());
        let identifier = self.keys.derive(&[b"login-attempts", typed.as_bytes()])?;
        Ok(Counter { identifier, network: network_of(context.ip), user_id: None })
    }

    /// Refuses without trying anything while the identifier is locked for the caller's network.
    pub(super) async fn refuse_locked(&self, counter: &Counter) -> Result<()> {
        let attempts = self.core.store.login_attempts().get(&counter.identifier, &counter.network).await?;
        match self.core.settings.lockout.locked_for(attempts, self.core.clock.now()) {
            Some(retry_after) => Err(Error::Locked { retry_after }),
            None => Ok(()),
        }
    }

    /// Counts a failure outside the transaction, so that nothing can roll it back, then records it.
    pub(super) async fn refuse(
        &self,
        context: &Context,
        action: Action,
        user: Option<Uuid>,
        counter: &Counter,
    ) -> Error {
        match self.count_and_record(context, action, user, counter).await {
            Ok(error) | Err(error) => error,
        }
    }

    async fn count_and_record(
        &self,
        context: &Context,
        action: Action,
        user: Option<Uuid>,
        counter: &Counter,
    ) -> Result<Error> {
        let (rule, now) = (&self.core.settings.lockout, self.core.clock.now());
        let (after, slowed) = self.count_failure(counter).await?;
        // A guess that was tried beside the fifth wrong one is answered like a right one would be: otherwise the
        // odd answer out of a race would be the password.
        let locked = rule.locked_for(Some(after), now).filter(|_| after.failures > rule.max_failures);
        let recorded = Work::run(&self.core, context, action, |mut work| async move {
            if let Some(user) = user {
                work.on(user);
            }
            let refusal = match (locked, slowed) {
                (Some(retry_after), _) => Error::Locked { retry_after },
                (None, Some(retry_after)) => Error::RateLimited { retry_after },
                (None, None) => AuthFailure::InvalidCredentials.into(),
            };
            Err::<Infallible, _>(work.deny(refusal).await)
        });
        match recorded.await {
            Ok(never) => match never {},
            Err(error) => Ok(error),
        }
    }

    /// Counts a failure, which no rollback takes back, and how long to wait if too many have tried this identifier. A
    /// network counts for that only as long as it is not locked itself: alone, none uses up what all share.
    pub(super) async fn count_failure(&self, counter: &Counter) -> Result<(Attempts, Option<Duration>)> {
        let attempts = self.core.store.login_attempts();
        let (rule, now) = (&self.core.settings.lockout, self.core.clock.now());
        let after = attempts.fail(&counter.identifier, &counter.network, rule, now).await?;
        let slowed = if after.failures > rule.max_failures { None } else { self.guessed(counter).await? };
        Ok((after, slowed))
    }

    /// Counts a try before it is made, as a failure until it is known to be none: tries at the same time are no more
    /// than tries one after the other.
    ///
    /// # Errors
    /// `Locked` when there were too many already; `RateLimited` when there were from strange networks.
    pub(super) async fn count_try(&self, counter: &Counter) -> Result<()> {
        self.refuse_locked(counter).await?;
        let (rule, now) = (&self.core.settings.lockout, self.core.clock.now());
        let (after, slowed) = self.count_failure(counter).await?;
        match (rule.locked_for(Some(after), now).filter(|_| after.failures > rule.max_failures), slowed) {
            (Some(retry_after), _) => Err(Error::Locked { retry_after }),
            (None, Some(retry_after)) => Err(Error::RateLimited { retry_after }),
            (None, None) => Ok(()),
        }
    }

    /// Forgets the failures once the unit of work commits.
    pub(super) async fn clear_failures(&self, work: &Work<'_>, counter: &Counter) -> Result<()> {
        Ok(work.tx().login_attempts().clear(&counter.identifier, &counter.network).await?)
    }

    /// A signed-in caller gives their password again, for `action`. Gives the account, and what to clear with its
    /// unit of work.
    pub(super) async fn prove_own(
        &self,
        context: &Context,
        action: Action,
        caller: &Principal,
        password: &SecretString,
    ) -> Result<(User, Counter)> {
        let user = self.core.store.users().by_id(caller.user_id).await?;
        let counter =
            Counter { user_id: Some(caller.user_id), ..self.counter(context, user.email.as_str())? };
        self.refuse_locked(&counter).await?;
        self.slow_down(&counter).await?;
        let credential = self.core.store.credentials().of_user(caller.user_id).await.optional()?;
        let hash = credential.as_ref().map(|credential| credential.password_hash.as_str());
        if self.core.hasher.verify(password, hash).await? == Verdict::Mismatch {
            return Err(self.refuse(context, action, Some(caller.user), &counter).await);
        }
        // As at a login: guesses that ran beside this one may have locked it meanwhile.
        self.refuse_locked(&counter).await?;
        self.slow_down(&counter).await?;
        Ok((user, counter))
    }
}
