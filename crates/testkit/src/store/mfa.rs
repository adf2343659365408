//! [`ports::MfaQueries`] and [`ports::MfaRepo`].

use domain::{AuthMethod, AuthMethods, MfaChallenge, TotpEnrollment, TotpSecret};
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, at_millis, hash, id, user, uuid};

fn enrollment(user_id: i64) -> TotpEnrollment {
    let secret = TotpSecret::from_stored(&hash()[..20]).unwrap();
    let created_at = at_millis(3);
    TotpEnrollment { id: id(), uuid: uuid(), user_id, secret, created_at, confirmed_at: None, last_step: 0 }
}

async fn somebody(bench: &Bench) -> i64 {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user.base.id
}

/// Somebody with an authenticator app that waits for its first code.
async fn enrolled(bench: &Bench) -> TotpEnrollment {
    let enrollment = enrollment(somebody(bench).await);
    bench.commit(async |tx| tx.mfa().enroll(&enrollment).await).await;
    enrollment
}

/// Somebody whose app is confirmed by the code of step 7.
async fn confirmed(bench: &Bench) -> TotpEnrollment {
    let enrollment = enrolled(bench).await;
    bench.commit(async |tx| tx.mfa().confirm(enrollment.user_id, 7, at(5)).await).await;
    TotpEnrollment { confirmed_at: Some(at(5)), last_step: 7, ..enrollment }
}

async fn challenged(bench: &Bench, change: impl FnOnce(&mut MfaChallenge)) -> MfaChallenge {
    let user_id = somebody(bench).await;
    let mut challenge = MfaChallenge {
        id: id(),
        user_id,
        hash: hash(),
        methods: AuthMethods::of(AuthMethod::Federated),
        tenant: Some(uuid()),
        tries: 0,
        expires_at: at(300),
    };
    change(&mut challenge);
    bench.commit(async |tx| tx.mfa().open_challenge(&challenge).await).await;
    challenge
}

/// "The authenticator app of a user, confirmed or not." `NotFound`.
pub async fn reads_back_every_field(bench: &Bench) {
    let (waiting, confirmed) = (enrolled(bench).await, confirmed(bench).await);
    for app in [waiting, confirmed] {
        assert_eq!(bench.store.mfa().totp_of(app.user_id).await.unwrap(), app);
        assert_eq!(bench.begin().await.mfa().totp_of(app.user_id).await.unwrap(), app);
    }
    assert_eq!(bench.store.mfa().totp_of(id()).await.unwrap_err().kind(), Kind::NotFound);
}

/// "In the place of one that was not confirmed." "`Conflict` when the user has a confirmed one."
pub async fn a_confirmed_app_is_not_replaced(bench: &Bench) {
    let waiting = enrolled(bench).await;
    let again = enrollment(waiting.user_id);
    bench.commit(async |tx| tx.mfa().enroll(&again).await).await;
    assert_eq!(bench.store.mfa().totp_of(waiting.user_id).await.unwrap(), again);
    let confirmed = confirmed(bench).await;
    let other = enrollment(confirmed.user_id);
    assert_eq!(bench.refused(async |tx| tx.mfa().enroll(&other).await).await, Kind::Conflict);
    assert_eq!(bench.store.mfa().totp_of(confirmed.user_id).await.unwrap(), confirmed);
}

/// "`Conflict` when there is none, or it is confirmed already."
pub async fn is_confirmed_once(bench: &Bench) {
    let confirmed = confirmed(bench).await;
    for user in [confirmed.user_id, id()] {
        assert_eq!(bench.refused(async |tx| tx.mfa().confirm(user, 9, at(6)).await).await, Kind::Conflict);
    }
}

/// "`Precondition` when it, or a later one, was used: of two at the same time one gets in."
pub async fn a_step_is_used_once(bench: &Bench) {
    let app = confirmed(bench).await;
    for step in [6, 7] {
        let refused = bench.refused(async |tx| tx.mfa().use_step(app.user_id, step).await).await;
        assert_eq!(refused, Kind::Precondition);
    }
    let callers = (0..8).map(|_| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let tx = store.begin().await?;
            tx.mfa().use_step(app.user_id, 8).await?;
            tx.commit().await
        })
    });
    let outcomes = futures_util::future::join_all(callers.collect::<Vec<_>>()).await;
    let admitted = outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(Ok(())))).count();
    assert_eq!(admitted, 1);
    assert_eq!(bench.store.mfa().totp_of(app.user_id).await.unwrap().last_step, 8);
}

/// "In the place of all former ones." "`NotFound` when the user has none with this hash (any more)."
pub async fn recovery_codes_work_once(bench: &Bench) {
    let (app, other) = (confirmed(bench).await, confirmed(bench).await);
    let (old, new) = (hash(), hash());
    let write = async |codes: Vec<(i64, Vec<u8>)>| {
        bench.commit(async |tx| tx.mfa().replace_recovery_codes(app.user_id, &codes).await).await;
    };
    write(vec![(id(), old.clone()), (id(), hash())]).await;
    write(vec![(id(), new.clone()), (id(), hash())]).await;
    let refused = async |user: i64, hash: &[u8]| {
        bench.refused(async |tx| tx.mfa().take_recovery_code(user, hash).await).await
    };
    assert_eq!(refused(app.user_id, &old).await, Kind::NotFound);
    assert_eq!(refused(other.user_id, &new).await, Kind::NotFound);
    bench.commit(async |tx| tx.mfa().take_recovery_code(app.user_id, &new).await).await;
    assert_eq!(refused(app.user_id, &new).await, Kind::NotFound);
}

/// "Removes the authenticator app and all recovery codes. True when there was one."
pub async fn is_removed_with_its_codes(bench: &Bench) {
    let app = confirmed(bench).await;
    let code = hash();
    let codes = [(id(), code.clone())];
    bench.commit(async |tx| tx.mfa().replace_recovery_codes(app.user_id, &codes).await).await;
    assert!(bench.commit(async |tx| tx.mfa().remove(app.user_id).await).await);
    assert!(!bench.commit(async |tx| tx.mfa().remove(app.user_id).await).await);
    assert_eq!(bench.store.mfa().totp_of(app.user_id).await.unwrap_err().kind(), Kind::NotFound);
    let taken = bench.refused(async |tx| tx.mfa().take_recovery_code(app.user_id, &code).await).await;
    assert_eq!(taken, Kind::NotFound);
}

/// "The challenge whose token has this hash, whether or not it is still open." "Counts a wrong code." "Removes".
pub async fn challenges_are_counted_and_closed(bench: &Bench) {
    let mut challenge = challenged(bench, |_| {}).await;
    let bare = challenged(bench, |challenge| (challenge.tenant, challenge.expires_at) = (None, at(-9))).await;
    assert!(bench.store.mfa().challenge(&bare.hash).await.unwrap() == bare);
    bench.commit(async |tx| tx.mfa().count_try(challenge.id).await).await;
    challenge.tries = 1;
    assert!(bench.begin().await.mfa().lock_challenge(&challenge.hash).await.unwrap() == challenge);
    bench.commit(async |tx| tx.mfa().close_challenge(challenge.id).await).await;
    let gone = bench.store.mfa().challenge(&challenge.hash).await.err().unwrap();
    assert_eq!(gone.kind(), Kind::NotFound);
    let gone = bench.begin().await.mfa().lock_challenge(&challenge.hash).await.err().unwrap();
    assert_eq!(gone.kind(), Kind::NotFound);
}

/// "Removes challenges that expired before `before`; at most `limit`. How many."
pub async fn purge_removes_expired_challenges(bench: &Bench) {
    let live = challenged(bench, |challenge| challenge.expires_at = at(100)).await;
    for _ in 0..3 {
        challenged(bench, |challenge| challenge.expires_at = at(99)).await;
    }
    for removed in [2, 1, 0] {
        assert_eq!(bench.commit(async |tx| tx.mfa().purge_challenges(at(100), 2).await).await, removed);
    }
    assert!(bench.store.mfa().challenge(&live.hash).await.unwrap() == live);
}
