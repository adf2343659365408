//! Signatures, and what is none.

use domain::Passkey;
use ports::{Asserted, PasskeyRefusal, RelyingParty};
use testkit::authenticator::{Authenticator, BACKED_UP, BACKUP_ELIGIBLE, PRESENT, UNLOCKED};

use super::{CHALLENGE, creation, party, registered, request, tampered};

/// Why an authenticator that was changed after its registration is refused.
fn refused(change: impl FnOnce(&mut Authenticator)) -> PasskeyRefusal {
    let (mut authenticator, passkey) = registered(|_| {});
    change(&mut authenticator);
    party().asserted(CHALLENGE, &authenticator.get(&request(CHALLENGE)), &passkey).unwrap_err()
}

#[test]
fn a_signature_tells_counter_backup_and_whose_it_is() {
    let (mut authenticator, passkey) =
        registered(|it| (it.counter, it.flags) = (4, PRESENT | UNLOCKED | BACKUP_ELIGIBLE));
    authenticator.flags |= BACKED_UP;
    let asserted = party().asserted(CHALLENGE, &authenticator.get(&request(CHALLENGE)), &passkey).unwrap();
    let handle = Some(super::OWNER.handle.as_bytes().to_vec());
    assert_eq!(asserted, Asserted { counter: 5, backed_up: true, handle });
}

/// A counter says something only under a good signature; so it is told, not judged.
#[test]
fn counters_are_left_to_the_caller() {
    let (mut authenticator, passkey) = registered(|it| it.counter = 9);
    authenticator.counter = 2;
    let asserted = party().asserted(CHALLENGE, &authenticator.get(&request(CHALLENGE)), &passkey).unwrap();
    assert_eq!((asserted.counter, passkey.accepts_counter(asserted.counter)), (3, false));
    let (mut uncounted, passkey) = registered(|_| {});
    let asserted = party().asserted(CHALLENGE, &uncounted.get(&request(CHALLENGE)), &passkey).unwrap();
    assert_eq!((asserted.counter, passkey.accepts_counter(asserted.counter)), (0, true));
}

#[test]
fn other_pages_and_parties_are_refused() {
    assert_eq!(refused(|it| it.origin = "https://evil.example".to_owned()), PasskeyRefusal::Origin);
    assert_eq!(refused(|it| it.rp_id = Some("evil.example".to_owned())), PasskeyRefusal::RelyingParty);
}

#[test]
fn nobody_who_unlocked_it_is_refused() {
    for flags in [PRESENT, UNLOCKED, 0] {
        assert_eq!(refused(|it| it.flags = flags), PasskeyRefusal::NotUnlocked, "{flags:#b}");
    }
}

#[test]
fn whether_it_can_be_copied_never_changes() {
    assert_eq!(refused(|it| it.flags |= BACKUP_ELIGIBLE), PasskeyRefusal::Backup);
}

#[test]
fn another_challenge_or_call_is_refused() {
    let (mut authenticator, passkey) = registered(|_| {});
    let other = authenticator.get(&request(&[1; 32]));
    assert_eq!(party().asserted(CHALLENGE, &other, &passkey), Err(PasskeyRefusal::Challenge));
    let mut login = authenticator.get(&request(CHALLENGE));
    login["response"]["clientDataJSON"] =
        authenticator.create(&creation(CHALLENGE))["response"]["clientDataJSON"].clone();
    assert_eq!(party().asserted(CHALLENGE, &login, &passkey), Err(PasskeyRefusal::Type));
}

#[test]
fn whatever_was_signed_is_as_it_was_signed() {
    let (mut authenticator, passkey) = registered(|_| {});
    let answer = authenticator.get(&request(CHALLENGE));
    // The counter: nothing else notices that it was changed.
    for (field, byte) in [("signature", 10), ("authenticatorData", 36)] {
        let tampered = tampered(answer.clone(), field, byte);
        assert_eq!(
            party().asserted(CHALLENGE, &tampered, &passkey),
            Err(PasskeyRefusal::Signature),
            "{field}"
        );
    }
}

#[test]
fn the_key_of_another_passkey_does_not_fit() {
    let ((mut authenticator, mine), (_, theirs)) = (registered(|_| {}), registered(|_| {}));
    let answer = authenticator.get(&request(CHALLENGE));
    assert_eq!(party().asserted(CHALLENGE, &answer, &theirs), Err(PasskeyRefusal::Credential));
    let forged = Passkey { public_key: theirs.public_key, ..mine };
    assert_eq!(party().asserted(CHALLENGE, &answer, &forged), Err(PasskeyRefusal::Signature));
}

#[test]
fn another_algorithm_does_not_fit() {
    let (mut authenticator, passkey) = registered(|_| {});
    let answer = authenticator.get(&request(CHALLENGE));
    let forged = Passkey { algorithm: -65_535, ..passkey };
    assert_eq!(party().asserted(CHALLENGE, &answer, &forged), Err(PasskeyRefusal::Unsupported));
}
