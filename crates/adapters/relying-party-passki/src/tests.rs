//! What browsers are asked, and which of their answers prove something.
#![allow(clippy::unwrap_used, reason = "panicking is how a check fails")]

mod asking;
mod logging_in;
mod registering;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Label, Passkey};
use ports::{Attested, PasskeyOwner, RelyingParty};
use serde_json::Value;
use testkit::authenticator::Authenticator;
use uuid::Uuid;

use super::{PasskiRelyingParty, Settings};

const ORIGIN: &str = "https://app.example.com";
const CHALLENGE: &[u8; 32] = b"thirty-two bytes of a challenge!";
const OWNER: PasskeyOwner<'static> =
    PasskeyOwner { handle: Uuid::from_u128(7), name: "ada@example.com", display_name: "Ada" };

fn party() -> PasskiRelyingParty {
    let origins = vec![ORIGIN.to_owned(), "https://example.com".to_owned()];
    PasskiRelyingParty::new(&Settings { id: "example.com".to_owned(), origins })
}

fn passkey(attested: Attested) -> Passkey {
    Passkey {
        id: 1,
        uuid: Uuid::nil(),
        user_id: 1,
        label: Label::parse("Key").unwrap(),
        credential_id: attested.credential_id,
        public_key: attested.public_key,
        algorithm: attested.algorithm,
        counter: attested.counter,
        transports: attested.transports,
        backup_eligible: attested.backup_eligible,
        backed_up: attested.backed_up,
        created_at: chrono::DateTime::UNIX_EPOCH,
        last_used_at: None,
    }
}

fn creation(challenge: &[u8]) -> Value {
    party().creation_options(challenge, OWNER, &[]).unwrap()
}

fn request(challenge: &[u8]) -> Value {
    party().request_options(challenge, &[]).unwrap()
}

/// An authenticator, changed before it registers, and the passkey that it has then.
fn registered(change: impl FnOnce(&mut Authenticator)) -> (Authenticator, Passkey) {
    let mut authenticator = Authenticator::new(ORIGIN);
    change(&mut authenticator);
    let answer = authenticator.create(&creation(CHALLENGE));
    (authenticator, passkey(party().attested(CHALLENGE, &answer).unwrap()))
}

/// The same with a bit of these bytes turned over.
fn tampered(mut answer: Value, field: &str, byte: usize) -> Value {
    let text = answer["response"][field].as_str().unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    bytes[byte] ^= 1;
    answer["response"][field] = URL_SAFE_NO_PAD.encode(bytes).into();
    answer
}
