//! [`ports::PasskeyQueries`] and [`ports::PasskeyRepo`].

use domain::{Label, Passkey, PasskeyChallenge, PasskeyPurpose};
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, at_millis, hash, id, user, uuid};

async fn somebody(bench: &Bench) -> i64 {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user.base.id
}

fn passkey(user_id: i64) -> Passkey {
    Passkey {
        id: id(),
        uuid: uuid(),
        user_id,
        label: Label::parse("Jürgens Schlüssel ✓").unwrap(),
        credential_id: hash(),
        public_key: vec![0xa5, 0, 0xff],
        algorithm: -257,
        counter: u32::MAX,
        transports: vec!["internal".to_owned(), "hybrid".to_owned()],
        backup_eligible: true,
        backed_up: false,
        created_at: at_millis(3),
        last_used_at: None,
    }
}

async fn registered(bench: &Bench, user_id: i64) -> Passkey {
    let passkey = passkey(user_id);
    bench.commit(async |tx| tx.passkeys().insert(&passkey).await).await;
    passkey
}

async fn challenged(bench: &Bench, change: impl FnOnce(&mut PasskeyChallenge)) -> PasskeyChallenge {
    let user_id = Some(somebody(bench).await);
    let purpose = PasskeyPurpose::Register;
    let mut challenge = PasskeyChallenge { id: id(), purpose, hash: hash(), user_id, expires_at: at(300) };
    change(&mut challenge);
    bench.commit(async |tx| tx.passkeys().open_challenge(&challenge).await).await;
    challenge
}

/// "The passkey that the authenticator calls so." `NotFound`. "It stays as it is, for all others".
pub async fn reads_back_every_field(bench: &Bench) {
    let user = somebody(bench).await;
    let longest = Passkey {
        credential_id: [hash(), vec![7; Passkey::CREDENTIAL_ID - 32]].concat(),
        public_key: vec![8; Passkey::PUBLIC_KEY],
        transports: vec![],
        last_used_at: Some(at_millis(9)),
        ..passkey(user)
    };
    bench.commit(async |tx| tx.passkeys().insert(&longest).await).await;
    for passkey in [registered(bench, user).await, longest] {
        let name = &passkey.credential_id;
        assert_eq!(bench.store.passkeys().by_credential(name).await.unwrap(), passkey);
        assert_eq!(bench.begin().await.passkeys().lock(name).await.unwrap(), passkey);
    }
    assert_eq!(bench.store.passkeys().by_credential(&hash()).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(bench.refused(async |tx| tx.passkeys().lock(&hash()).await).await, Kind::NotFound);
}

/// "The passkeys of a user, oldest first."
pub async fn lists_those_of_one_user(bench: &Bench) {
    let (user, other) = (somebody(bench).await, somebody(bench).await);
    registered(bench, other).await;
    let theirs = [registered(bench, user).await, registered(bench, user).await];
    assert_eq!(bench.store.passkeys().of_user(user).await.unwrap(), theirs);
    assert_eq!(bench.store.passkeys().of_user(id()).await.unwrap(), []);
}

/// "`Conflict` when anybody has one with this credential id."
pub async fn a_credential_is_one_passkey(bench: &Bench) {
    let first = registered(bench, somebody(bench).await).await;
    let other = somebody(bench).await;
    let again = Passkey { credential_id: first.credential_id.clone(), ..passkey(other) };
    assert_eq!(bench.refused(async |tx| tx.passkeys().insert(&again).await).await, Kind::Conflict);
}

/// "Notes a use, and what the authenticator told with it."
pub async fn a_use_is_noted(bench: &Bench) {
    let user = somebody(bench).await;
    let (known, other) = (registered(bench, user).await, registered(bench, user).await);
    bench.commit(async |tx| tx.passkeys().note_use(known.id, 7, true, at_millis(11)).await).await;
    let noted = Passkey { counter: 7, backed_up: true, last_used_at: Some(at_millis(11)), ..known };
    assert_eq!(bench.store.passkeys().of_user(user).await.unwrap(), [noted, other]);
}

/// "Removes a passkey."
pub async fn is_removed(bench: &Bench) {
    let user = somebody(bench).await;
    let (removed, other) = (registered(bench, user).await, registered(bench, user).await);
    bench.commit(async |tx| tx.passkeys().remove(removed.id).await).await;
    assert_eq!(bench.store.passkeys().of_user(user).await.unwrap(), [other]);
}

/// "Takes the challenge out and returns it, expired ones too". "`NotFound` when there is none with this hash and
/// purpose (any more)."
pub async fn a_challenge_is_taken_once(bench: &Bench) {
    let (whose, nobodys) = (
        challenged(bench, |_| {}).await,
        challenged(bench, |challenge| {
            (challenge.purpose, challenge.user_id) = (PasskeyPurpose::Login, None);
            challenge.expires_at = at(-9);
        })
        .await,
    );
    for challenge in [whose, nobodys] {
        let take = async |purpose| {
            let tx = bench.begin().await;
            let taken = tx.passkeys().take_challenge(purpose, &challenge.hash).await;
            tx.commit().await.unwrap();
            taken
        };
        assert_eq!(take(PasskeyPurpose::StepUp).await.err().unwrap().kind(), Kind::NotFound);
        assert!(take(challenge.purpose).await.unwrap() == challenge);
        assert_eq!(take(challenge.purpose).await.err().unwrap().kind(), Kind::NotFound);
    }
}

/// "Of two concurrent calls one gets it."
pub async fn of_many_takers_one_gets_the_challenge(bench: &Bench) {
    let challenge = challenged(bench, |_| {}).await;
    let takers = (0..8).map(|_| {
        let (store, hash) = (bench.store.clone(), challenge.hash.clone());
        tokio::spawn(async move {
            let tx = store.begin().await?;
            tx.passkeys().take_challenge(PasskeyPurpose::Register, &hash).await?;
            tx.commit().await
        })
    });
    let outcomes = futures_util::future::join_all(takers.collect::<Vec<_>>()).await;
    let takers = outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(Ok(())))).count();
    assert_eq!(takers, 1);
}

/// "Removes challenges that expired before `before`; at most `limit`. How many."
pub async fn purge_removes_expired_challenges(bench: &Bench) {
    let live = challenged(bench, |challenge| challenge.expires_at = at(100)).await;
    for _ in 0..3 {
        challenged(bench, |challenge| challenge.expires_at = at(99)).await;
    }
    for removed in [2, 1, 0] {
        assert_eq!(bench.commit(async |tx| tx.passkeys().purge_challenges(at(100), 2).await).await, removed);
    }
    let taken = bench.begin().await.passkeys().take_challenge(live.purpose, &live.hash).await.unwrap();
    assert!(taken == live);
}
