//! Passkeys (WebAuthn Level 3): registered, looked at, taken away, and what one proves.
//!
//! A browser is asked with a challenge, of which a hash is kept, so that any replica can go on. An answer names its
//! challenge and uses it up, whatever else is wrong with it.

mod login;
mod own;
mod register;

use domain::{AuthMethod, DomainEvent, PasskeyChallenge, PasskeyPurpose, User};
use ports::{Claimed, ResultExt};
use serde_json::Value;

use super::Auth;
use super::secret::Secret;
use crate::{Action, Context, Error, Result, Work};

const ASK: Action = Action { name: "passkey.ask", resource: "passkey" };

/// What somebody gave proves something; or not, and why is for the audit trail alone.
pub(super) type Proof = std::result::Result<AuthMethod, &'static str>;

/// What a browser answered, read as far as is needed to find what to check it against.
pub(super) struct Answer<'a> {
    credential: &'a Value,
    claimed: Claimed,
    challenge: [u8; 32],
}

impl Auth {
    /// Reads what a browser answered.
    ///
    /// # Errors
    /// `Invalid` when it is not what a browser gives.
    pub(super) fn answer<'a>(&self, credential: &'a Value) -> Result<Answer<'a>> {
        let claimed = self.core.relying_party.claimed(credential);
        let claimed = claimed.map_err(|refusal| Error::field("credential", "passkey", refusal))?;
        let challenge = self.core.sealer.digest(&claimed.challenge);
        Ok(Answer { credential, claimed, challenge })
    }

    /// Makes a challenge and writes it down: for what, and for whom if that is known.
    pub(super) async fn challenge_passkey(
        &self,
        context: &Context,
        purpose: PasskeyPurpose,
        user_id: Option<i64>,
    ) -> Result<Secret> {
        let secret = Secret::random(&self.core)?;
        let challenge = &PasskeyChallenge {
            id: self.core.ids.snowflake()?,
            purpose,
            hash: secret.hash(&self.core),
            user_id,
            expires_at: self.core.clock.now() + PasskeyChallenge::LIFETIME,
        };
        Work::run(&self.core, context, ASK, |work| async move {
            work.tx().passkeys().open_challenge(challenge).await?;
            work.commit().await
        })
        .await?;
        Ok(secret)
    }

    /// What to ask a browser for, so that a user proves with one of their passkeys who they are.
    ///
    /// # Errors
    /// `NotFound` when they have none.
    pub(super) async fn ask_for_own(
        &self,
        context: &Context,
        purpose: PasskeyPurpose,
        user_id: i64,
    ) -> Result<Value> {
        let theirs = self.core.store.passkeys().of_user(user_id).await?;
        if theirs.is_empty() {
            return Err(Error::NotFound);
        }
        let challenge = self.challenge_passkey(context, purpose, Some(user_id)).await?;
        Ok(self.core.relying_party.request_options(challenge.bytes(), &theirs)?)
    }

    /// Uses up the challenge that an answer is about. False when it was given out for something else, for somebody else,
    /// too long ago, or not at all.
    pub(super) async fn spend_challenge(
        &self,
        work: &Work<'_>,
        answer: &Answer<'_>,
        purpose: PasskeyPurpose,
        user_id: Option<i64>,
    ) -> Result<bool> {
        let spent = work.tx().passkeys().take_challenge(purpose, &answer.challenge).await.optional()?;
        let now = self.core.clock.now();
        Ok(spent.is_some_and(|spent| spent.user_id == user_id && now < spent.expires_at))
    }

    /// What an answer proves about a user. The use is noted with the unit of work; so are the challenge that it was about
    /// and, when the counter went back, that there may be a copy of the passkey: a refusal has to be committed.
    pub(super) async fn proven_by_passkey(
        &self,
        work: &Work<'_>,
        answer: &Answer<'_>,
        purpose: PasskeyPurpose,
        user: &User,
    ) -> Result<Proof> {
        let anybody = purpose == PasskeyPurpose::Login;
        let asked = (!anybody).then_some(user.base.id);
        if !self.spend_challenge(work, answer, purpose, asked).await? {
            return Ok(Err("passkey_challenge"));
        }
        let passkeys = work.tx().passkeys();
        let found = passkeys.lock(&answer.claimed.credential_id).await.optional()?;
        let Some(passkey) = found.filter(|found| found.user_id == user.base.id) else {
            return Ok(Err("passkey_unknown"));
        };
        let party = &self.core.relying_party;
        let asserted = match party.asserted(&answer.claimed.challenge, answer.credential, &passkey) {
            Ok(asserted) => asserted,
            Err(refusal) => return Ok(Err(refusal.code())),
        };
        // Section 7.2, step 6: where nobody was named before, the answer has to.
        let theirs = asserted.handle.as_deref().map(|handle| handle == user.base.uuid.as_bytes());
        if !theirs.unwrap_or(!anybody) {
            return Ok(Err("passkey_user"));
        }
        if !passkey.accepts_counter(asserted.counter) {
            let (user, passkey) = (user.base.uuid, passkey.uuid);
            work.emit(&DomainEvent::PasskeyCloned { user, passkey }).await?;
            return Ok(Err("passkey_cloned"));
        }
        let now = self.core.clock.now();
        passkeys.note_use(passkey.id, asserted.counter, asserted.backed_up, now).await?;
        Ok(Ok(passkey.method()))
    }
}
