//! The relying party of WebAuthn by passki, whose signatures are checked by aws-lc-rs.
//!
//! **Invariant:** decides nothing about people, and keeps nothing: challenges, keys and counters come in as arguments.
//! What is stored of a passkey is what the standard defines, not what the library would keep, so that the library can
//! be replaced without anybody registering anew.

mod read;
#[cfg(test)]
mod tests;
mod write;

use domain::Passkey;
use passki::{
    AuthenticationCredential, AuthenticationOptions, AuthenticatorTransport, ClientData, Passki,
    RegistrationCredential, RegistrationOptions, ResidentKeyRequirement, StoredPasskey,
    UserVerificationRequirement,
};
use ports::{Asserted, Attested, Claimed, PasskeyOwner, PasskeyRefusal, RelyingParty, Result};
use serde_json::Value;

use crate::read::{Backup, parsed, refusal};
use crate::write::{broken, json, written};

/// Who asks for passkeys.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The RP id: a domain, which passkeys are bound to for ever.
    pub id: String,
    /// The origins whose pages may use them; each lies within that domain.
    pub origins: Vec<String>,
}

/// [`RelyingParty`] by passki.
pub struct PasskiRelyingParty(Passki);

impl PasskiRelyingParty {
    /// One that answers for these origins. Its name, which browsers no longer show, is its id.
    pub fn new(settings: &Settings) -> Self {
        Self(Passki::new(&settings.id, &settings.origins, &settings.id))
    }
}

/// Milliseconds that a browser waits for its user.
fn timeout() -> u64 {
    domain::PasskeyChallenge::LIFETIME.as_secs() * 1000
}

/// For a user who is always asked to unlock the authenticator.
fn request() -> AuthenticationOptions {
    let mut options = AuthenticationOptions::default();
    options.timeout = timeout();
    options.user_verification = UserVerificationRequirement::Required;
    options
}

fn creation(existing: &[StoredPasskey]) -> RegistrationOptions<'_> {
    let mut options = RegistrationOptions::default();
    options.timeout = timeout();
    options.user_verification = UserVerificationRequirement::Required;
    options.resident_key = ResidentKeyRequirement::Required;
    options.exclude_credentials = Some(existing);
    options
}

impl RelyingParty for PasskiRelyingParty {
    fn creation_options(
        &self,
        challenge: &[u8],
        owner: PasskeyOwner<'_>,
        existing: &[Passkey],
    ) -> Result<Value> {
        const OPERATION: &str = "ask for a new passkey";
        let existing: Vec<_> = existing.iter().map(written).collect();
        let (mut options, _) = self
            .0
            .start_passkey_registration(
                owner.handle.as_bytes(),
                owner.name,
                owner.display_name,
                creation(&existing),
            )
            .map_err(|error| broken(OPERATION, error))?;
        options.challenge = Passki::base64_encode(challenge);
        json(&options, OPERATION)
    }

    fn request_options(&self, challenge: &[u8], allowed: &[Passkey]) -> Result<Value> {
        const OPERATION: &str = "ask for a passkey";
        let allowed: Vec<_> = allowed.iter().map(written).collect();
        let (mut options, _) = self
            .0
            .start_passkey_authentication(&allowed, request())
            .map_err(|error| broken(OPERATION, error))?;
        options.challenge = Passki::base64_encode(challenge);
        json(&options, OPERATION)
    }

    fn claimed(&self, credential: &Value) -> std::result::Result<Claimed, PasskeyRefusal> {
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or(PasskeyRefusal::Malformed);
        let client = text(&credential["response"]["clientDataJSON"])?;
        let client = ClientData::from_base64(&client).map_err(|_| PasskeyRefusal::Malformed)?;
        let bytes = |text: &str| Passki::base64_decode(text).map_err(|_| PasskeyRefusal::Malformed);
        Ok(Claimed {
            challenge: bytes(&client.challenge)?,
            credential_id: bytes(&text(&credential["rawId"])?)?,
        })
    }

    fn attested(
        &self,
        challenge: &[u8],
        credential: &Value,
    ) -> std::result::Result<Attested, PasskeyRefusal> {
        let given: RegistrationCredential = parsed(credential)?;
        // The state only tells what is to be checked; whose passkey it is, the caller knows.
        let nobody = uuid::Uuid::nil();
        let (asked, mut state) = self
            .0
            .start_passkey_registration(nobody.as_bytes(), "", "", creation(&[]))
            .map_err(|error| refusal(&error))?;
        state.challenge = challenge.to_vec();
        let made = self.0.finish_passkey_registration(&given, &state).map_err(|error| refusal(&error))?;
        let fits = made.credential_id.len() <= Passkey::CREDENTIAL_ID
            && made.public_key.len() <= Passkey::PUBLIC_KEY;
        if !fits || !asked.pub_key_cred_params.iter().any(|kind| kind.alg == made.algorithm) {
            return Err(PasskeyRefusal::Unsupported);
        }
        let name = |transport: &AuthenticatorTransport| match serde_json::to_value(transport) {
            Ok(Value::String(name)) => Some(name),
            _ => None,
        };
        Ok(Attested {
            transports: made.transports.iter().filter_map(name).collect(),
            credential_id: made.credential_id,
            public_key: made.public_key,
            algorithm: made.algorithm,
            counter: made.counter,
            backup_eligible: made.be,
            backed_up: made.bs,
        })
    }

    fn asserted(
        &self,
        challenge: &[u8],
        credential: &Value,
        passkey: &Passkey,
    ) -> std::result::Result<Asserted, PasskeyRefusal> {
        let given: AuthenticationCredential = parsed(credential)?;
        let mut key = written(passkey);
        // Where the library knows no counter it refuses none: it would do so before it has looked at the signature.
        key.counter = 0;
        let (_, mut state) = self
            .0
            .start_passkey_authentication(std::slice::from_ref(&key), request())
            .map_err(|error| refusal(&error))?;
        state.challenge = challenge.to_vec();
        let done = self.0.finish_passkey_authentication(&given, &state, &key);
        let done = done.map_err(|error| refusal(&error))?;
        let backup = Backup::of(&given)?;
        if backup.eligible != passkey.backup_eligible {
            return Err(PasskeyRefusal::Backup);
        }
        Ok(Asserted { counter: done.counter, backed_up: backup.done, handle: done.user_handle })
    }
}
