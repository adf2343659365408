//! Another passkey for an account.

use domain::{DisplayName, DomainEvent, Label, Passkey, PasskeyPurpose};
use ports::PasskeyOwner;
use serde_json::Value;

use crate::auth::{Auth, Principal};
use crate::{Action, Context, Error, Result, Work};

const ADD: Action = Action { name: "passkey.add", resource: "passkey" };
/// How a passkey is called that its owner gave no name.
const UNNAMED: &str = "Passkey";

impl Auth {
    /// What to ask the caller's browser for (`PublicKeyCredentialCreationOptionsJSON`).
    ///
    /// # Errors
    /// `Conflict` when the caller has as many passkeys as one may have.
    pub async fn begin_passkey_registration(&self, context: &Context, caller: &Principal) -> Result<Value> {
        let existing = self.core.store.passkeys().of_user(caller.user_id).await?;
        if existing.len() >= Passkey::PER_USER {
            return Err(Error::Conflict);
        }
        let user = self.core.store.users().by_id(caller.user_id).await?;
        let name = user.email.as_str();
        let owner = PasskeyOwner {
            handle: user.base.uuid,
            name,
            display_name: user.display_name.as_ref().map_or(name, DisplayName::as_str),
        };
        let purpose = PasskeyPurpose::Register;
        let challenge = self.challenge_passkey(context, purpose, Some(caller.user_id)).await?;
        Ok(self.core.relying_party.creation_options(challenge.bytes(), owner, &existing)?)
    }

    /// Keeps the passkey of an answer (`RegistrationResponseJSON`); its owner is told by mail.
    ///
    /// # Errors
    /// `Invalid` for an answer that is not acceptable, to the caller's own challenge of the last five minutes; `Conflict`
    /// when somebody has this passkey already, or the caller as many as one may have.
    pub async fn finish_passkey_registration(
        &self,
        context: &Context,
        caller: &Principal,
        label: Option<&str>,
        credential: &Value,
    ) -> Result<Passkey> {
        let label = Label::parse(label.unwrap_or(UNNAMED));
        let label = &label.map_err(|error| Error::field("label", "label", error))?;
        let answer = &self.answer(credential)?;
        Work::run(&self.core, context, ADD, |mut work| async move {
            if !self.spend_challenge(&work, answer, PasskeyPurpose::Register, Some(caller.user_id)).await? {
                let why = "answers no challenge of the last five minutes";
                return Err(Error::field("credential", "challenge", why));
            }
            let party = &self.core.relying_party;
            let attested = match party.attested(&answer.claimed.challenge, answer.credential) {
                Ok(attested) => attested,
                Err(refusal) => {
                    let error = Error::field("credential", "passkey", refusal);
                    return Err(work.deny_because(refusal.code(), error).await);
                }
            };
            let passkeys = work.tx().passkeys();
            if passkeys.of_user(caller.user_id).await?.len() >= Passkey::PER_USER {
                return Err(Error::Conflict);
            }
            let passkey = Passkey {
                id: self.core.ids.snowflake()?,
                uuid: self.core.ids.uuid()?,
                user_id: caller.user_id,
                label: label.clone(),
                credential_id: attested.credential_id,
                public_key: attested.public_key,
                algorithm: attested.algorithm,
                counter: attested.counter,
                transports: attested.transports,
                backup_eligible: attested.backup_eligible,
                backed_up: attested.backed_up,
                created_at: self.core.clock.now(),
                last_used_at: None,
            };
            passkeys.insert(&passkey).await?;
            let added = DomainEvent::PasskeyAdded { user: caller.user, passkey: passkey.uuid };
            work.emit(&added).await?;
            work.on(passkey.uuid);
            work.commit().await?;
            Ok(passkey)
        })
        .await
    }
}
