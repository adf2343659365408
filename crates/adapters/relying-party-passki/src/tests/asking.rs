//! The options of both calls.

use ports::{Claimed, PasskeyRefusal, RelyingParty};
use serde_json::json;
use testkit::authenticator::Authenticator;

use super::{CHALLENGE, ORIGIN, OWNER, creation, party, registered, request};

#[test]
fn a_registration_asks_for_a_discoverable_key_that_its_owner_unlocks() {
    let (_, known) = registered(|_| {});
    let options = party().creation_options(CHALLENGE, OWNER, std::slice::from_ref(&known)).unwrap();
    assert_eq!(options["rp"]["id"], "example.com");
    assert_eq!(options["challenge"], "dGhpcnR5LXR3byBieXRlcyBvZiBhIGNoYWxsZW5nZSE");
    assert_eq!(options["user"]["id"], "AAAAAAAAAAAAAAAAAAAABw");
    assert_eq!(options["user"]["name"], "ada@example.com");
    assert_eq!(options["user"]["displayName"], "Ada");
    let selection = &options["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "required");
    assert_eq!(selection["userVerification"], "required");
    assert_eq!(options["attestation"], "none");
    assert_eq!(options["timeout"], 300_000);
    let kinds = options["pubKeyCredParams"].as_array().unwrap();
    assert!(kinds.contains(&json!({ "type": "public-key", "alg": -7 })), "{kinds:?}");
    let excluded = options["excludeCredentials"].as_array().unwrap();
    assert_eq!(excluded.len(), 1);
    assert_eq!(excluded[0]["transports"], json!(["internal", "hybrid"]));
}

#[test]
fn a_login_asks_for_any_key_or_for_some() {
    let options = request(CHALLENGE);
    assert_eq!(options["rpId"], "example.com");
    assert_eq!(options["challenge"], "dGhpcnR5LXR3byBieXRlcyBvZiBhIGNoYWxsZW5nZSE");
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["allowCredentials"], json!([]));
    let (_, known) = registered(|_| {});
    let options = party().request_options(CHALLENGE, std::slice::from_ref(&known)).unwrap();
    assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 1);
}

#[test]
fn an_answer_says_what_it_is_about() {
    let (mut authenticator, passkey) = registered(|_| {});
    for answer in [authenticator.get(&request(CHALLENGE)), authenticator.create(&creation(CHALLENGE))] {
        let about = Claimed { challenge: CHALLENGE.to_vec(), credential_id: passkey.credential_id.clone() };
        assert_eq!(party().claimed(&answer), Ok(about));
    }
    let mut bare = Authenticator::new(ORIGIN).get(&request(CHALLENGE));
    bare["response"]["clientDataJSON"] = "e30".into();
    for answer in [json!(null), json!({}), json!({ "rawId": "AA", "response": {} }), bare] {
        assert_eq!(party().claimed(&answer), Err(PasskeyRefusal::Malformed), "{answer}");
    }
}
