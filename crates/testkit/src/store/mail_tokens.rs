//! [`ports::MailTokenQueries`] and [`ports::MailTokenRepo`].

use domain::{MailPurpose, MailToken};
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, hash, id, user};

const PURPOSE: MailPurpose = MailPurpose::VerifyEmail;

fn token(user_id: i64) -> MailToken {
    MailToken { id: id(), user_id, purpose: PURPOSE, hash: hash(), expires_at: at(100) }
}

async fn written(bench: &Bench) -> MailToken {
    let user = user();
    let token = token(user.base.id);
    bench
        .commit(async |tx| {
            tx.users().insert(&user).await?;
            tx.mail_tokens().insert(&token).await
        })
        .await;
    token
}

async fn is_there(bench: &Bench, token: &MailToken) -> bool {
    bench.begin().await.mail_tokens().take(PURPOSE, &token.hash).await.is_ok()
}

/// "Expired ones too; it stays good." `NotFound` for another purpose.
pub async fn is_looked_at_without_being_taken(bench: &Bench) {
    let token = written(bench).await;
    for _ in 0..2 {
        assert!(bench.store.mail_tokens().by_hash(PURPOSE, &token.hash).await.unwrap() == token);
    }
    for (purpose, hash) in [(MailPurpose::ResetPassword, &token.hash), (PURPOSE, &hash())] {
        let refused = bench.store.mail_tokens().by_hash(purpose, hash).await.err().unwrap();
        assert_eq!(refused.kind(), Kind::NotFound);
    }
    assert!(is_there(bench, &token).await);
}

/// "Takes the token out and returns it"; `NotFound` "when there is none with this hash and purpose".
pub async fn is_taken_once(bench: &Bench) {
    let token = written(bench).await;
    let got = bench.commit(async |tx| tx.mail_tokens().take(PURPOSE, &token.hash).await).await;
    assert!(got == token);
    let again = bench.refused(async |tx| tx.mail_tokens().take(PURPOSE, &token.hash).await).await;
    assert_eq!(again, Kind::NotFound);
}

/// "Of two concurrent calls one gets it."
pub async fn of_many_takers_one_gets_it(bench: &Bench) {
    let token = written(bench).await;
    let takers = (0..20).map(|_| {
        let (store, hash) = (bench.store.clone(), token.hash.clone());
        tokio::spawn(async move {
            let tx = store.begin().await.unwrap();
            let got = tx.mail_tokens().take(PURPOSE, &hash).await;
            tx.commit().await.unwrap();
            got
        })
    });
    let mut winners = 0;
    for taker in takers.collect::<Vec<_>>() {
        match taker.await.unwrap() {
            Ok(got) => {
                assert!(got == token);
                winners += 1;
            }
            Err(error) => assert_eq!(error.kind(), Kind::NotFound, "{error}"),
        }
    }
    assert_eq!(winners, 1);
}

/// "Writing the same hash again changes nothing."
pub async fn the_same_hash_again_changes_nothing(bench: &Bench) {
    let first = written(bench).await;
    let second = MailToken { hash: first.hash.clone(), expires_at: at(999), ..token(first.user_id) };
    bench.commit(async |tx| tx.mail_tokens().insert(&second).await).await;
    let got = bench.commit(async |tx| tx.mail_tokens().take(PURPOSE, &first.hash).await).await;
    assert!(got == first);
    assert!(!is_there(bench, &first).await);
}

/// A token whose unit of work failed can still be used.
pub async fn a_rolled_back_take_leaves_it(bench: &Bench) {
    let token = written(bench).await;
    let tx = bench.begin().await;
    tx.mail_tokens().take(PURPOSE, &token.hash).await.unwrap();
    drop(tx);
    assert!(is_there(bench, &token).await);
}

/// "Removes all tokens of a user for a purpose."
pub async fn clear_removes_those_of_one_user(bench: &Bench) {
    let (mine, theirs) = (written(bench).await, written(bench).await);
    let mine_too = token(mine.user_id);
    bench
        .commit(async |tx| {
            tx.mail_tokens().insert(&mine_too).await?;
            tx.mail_tokens().clear(mine.user_id, PURPOSE).await
        })
        .await;
    assert!(!is_there(bench, &mine).await);
    assert!(!is_there(bench, &mine_too).await);
    assert!(is_there(bench, &theirs).await);
}
