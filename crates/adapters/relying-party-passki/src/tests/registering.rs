//! New passkeys, and what is none.

use ports::{PasskeyRefusal, RelyingParty};
use serde_json::json;
use testkit::authenticator::{Authenticator, BACKED_UP, BACKUP_ELIGIBLE, PRESENT, UNLOCKED};

use super::{CHALLENGE, ORIGIN, creation, party, registered, request, tampered};

/// Why the registration of an authenticator that was changed so is refused.
fn refused(change: impl FnOnce(&mut Authenticator)) -> PasskeyRefusal {
    let mut authenticator = Authenticator::new(ORIGIN);
    change(&mut authenticator);
    party().attested(CHALLENGE, &authenticator.create(&creation(CHALLENGE))).unwrap_err()
}

#[test]
fn a_registration_tells_key_and_backup() {
    let (_, bound) = registered(|authenticator| authenticator.counter = 4);
    assert_eq!((bound.algorithm, bound.counter), (-7, 4));
    assert_eq!(bound.transports, ["internal", "hybrid"]);
    assert_eq!((bound.backup_eligible, bound.backed_up), (false, false));
    let flags = PRESENT | UNLOCKED | BACKUP_ELIGIBLE | BACKED_UP;
    let (_, synced) = registered(|authenticator| authenticator.flags = flags);
    assert_eq!((synced.backup_eligible, synced.backed_up), (true, true));
}

#[test]
fn any_of_our_origins_will_do() {
    registered(|authenticator| authenticator.origin = "https://example.com".to_owned());
}

#[test]
fn other_pages_and_parties_are_refused() {
    for origin in [
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://other.example.com",
        "https://app.example.com.evil.example",
        "null",
    ] {
        assert_eq!(refused(|it| it.origin = origin.to_owned()), PasskeyRefusal::Origin, "{origin}");
    }
    let other = |it: &mut Authenticator| it.rp_id = Some("evil.example".to_owned());
    assert_eq!(refused(other), PasskeyRefusal::RelyingParty);
}

#[test]
fn a_page_within_a_foreign_page_is_refused() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let options = creation(CHALLENGE);
    let mut answer = Authenticator::new(ORIGIN).create(&options);
    let client = json!({
        "type": "webauthn.create", "challenge": options["challenge"], "origin": ORIGIN,
        "crossOrigin": true, "topOrigin": "https://evil.example",
    });
    answer["response"]["clientDataJSON"] = URL_SAFE_NO_PAD.encode(client.to_string()).into();
    assert_eq!(party().attested(CHALLENGE, &answer), Err(PasskeyRefusal::Origin));
}

#[test]
fn nobody_who_unlocked_it_is_refused() {
    for flags in [PRESENT, UNLOCKED, 0] {
        assert_eq!(refused(|it| it.flags = flags), PasskeyRefusal::NotUnlocked, "{flags:#b}");
    }
}

#[test]
fn copies_of_what_can_not_be_copied_are_refused() {
    assert_eq!(refused(|it| it.flags |= BACKED_UP), PasskeyRefusal::Backup);
}

#[test]
fn another_challenge_or_call_is_refused() {
    let other = Authenticator::new(ORIGIN).create(&creation(&[1; 32]));
    assert_eq!(party().attested(CHALLENGE, &other), Err(PasskeyRefusal::Challenge));
    let (mut authenticator, _) = registered(|_| {});
    let mut login = authenticator.get(&request(CHALLENGE));
    login["response"]["attestationObject"] =
        authenticator.create(&creation(CHALLENGE))["response"]["attestationObject"].clone();
    assert_eq!(party().attested(CHALLENGE, &login), Err(PasskeyRefusal::Type));
}

#[test]
fn what_is_no_registration_is_refused() {
    let answer = Authenticator::new(ORIGIN).create(&creation(CHALLENGE));
    let changed = |pointer: &str, value: serde_json::Value| {
        let mut answer = answer.clone();
        *answer.pointer_mut(pointer).unwrap() = value;
        party().attested(CHALLENGE, &answer).unwrap_err()
    };
    assert_eq!(changed("/type", "password".into()), PasskeyRefusal::Malformed);
    assert_eq!(changed("/response", json!({})), PasskeyRefusal::Malformed);
    assert_eq!(changed("/response/attestationObject", "AA".into()), PasskeyRefusal::Malformed);
    assert_eq!(changed("/rawId", "AAAA".into()), PasskeyRefusal::Credential);
    // The first bytes of its data are the hash of the relying party.
    let data = tampered(answer.clone(), "attestationObject", 40);
    assert_eq!(party().attested(CHALLENGE, &data), Err(PasskeyRefusal::RelyingParty));
}
