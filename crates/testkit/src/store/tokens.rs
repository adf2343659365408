//! [`ports::RefreshTokenRepo`].

use std::time::Duration;

use domain::RefreshToken;
use ports::Kind;

use super::sessions;
use crate::bench::Bench;
use crate::samples::{at, at_millis, hash, refresh_token};

async fn written(bench: &Bench) -> RefreshToken {
    let session = sessions::written(bench, |_| {}).await;
    let token = refresh_token(session.base.id);
    bench.commit(async |tx| tx.refresh_tokens().insert(&token).await).await;
    token
}

async fn read(bench: &Bench, hash: &[u8]) -> RefreshToken {
    bench.begin().await.refresh_tokens().lock_by_hash(hash).await.unwrap()
}

/// "The token with this hash." `NotFound`.
pub async fn reads_back_every_field(bench: &Bench) {
    let fresh = written(bench).await;
    let spent = RefreshToken {
        spent_at: Some(at_millis(5)),
        nonce: Some(vec![0, 1, 255]),
        ..refresh_token(fresh.session_id)
    };
    bench.commit(async |tx| tx.refresh_tokens().insert(&spent).await).await;
    assert_eq!(read(bench, &fresh.hash).await, fresh);
    assert_eq!(read(bench, &spent.hash).await, spent);
    let missing = hash();
    let refused = bench.refused(async |tx| tx.refresh_tokens().lock_by_hash(&missing).await).await;
    assert_eq!(refused, Kind::NotFound);
}

/// "`Conflict` when the hash exists."
pub async fn a_hash_is_unique(bench: &Bench) {
    let token = written(bench).await;
    let twin = RefreshToken { hash: token.hash.clone(), ..refresh_token(token.session_id) };
    assert_eq!(bench.refused(async |tx| tx.refresh_tokens().insert(&twin).await).await, Kind::Conflict);
}

/// "Marks a token as exchanged"; `Conflict` "when it is spent already".
pub async fn is_spent_once(bench: &Bench) {
    let token = written(bench).await;
    bench.commit(async |tx| tx.refresh_tokens().spend(token.id, &[7; 16], at(3)).await).await;
    let spent = RefreshToken { spent_at: Some(at(3)), nonce: Some(vec![7; 16]), ..token };
    assert_eq!(read(bench, &spent.hash).await, spent);
    let again = bench.refused(async |tx| tx.refresh_tokens().spend(spent.id, &[8; 16], at(4)).await).await;
    assert_eq!(again, Kind::Conflict);
    assert_eq!(read(bench, &spent.hash).await, spent);
}

/// "The row stays locked until the unit of work ends": the second presentation waits, and then "sees what the
/// first one did".
pub async fn a_second_presentation_waits_for_the_first(bench: &Bench) {
    let token = written(bench).await;
    let first = bench.begin().await;
    let found = first.refresh_tokens().lock_by_hash(&token.hash).await.unwrap();
    let (store, hash) = (bench.store.clone(), token.hash.clone());
    let mut second = tokio::spawn(async move {
        let tx = store.begin().await.unwrap();
        tx.refresh_tokens().lock_by_hash(&hash).await.unwrap()
    });
    let in_time = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
    assert!(in_time.is_err(), "it did not wait");
    first.refresh_tokens().spend(found.id, &[1], at(1)).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap().spent_at, Some(at(1)));
}

/// "Of two concurrent presentations of one token the second sees what the first one did."
pub async fn of_many_presentations_one_finds_it_unspent(bench: &Bench) {
    let token = written(bench).await;
    let presentations = (0..20_u8).map(|number| {
        let (store, hash) = (bench.store.clone(), token.hash.clone());
        tokio::spawn(async move {
            let tx = store.begin().await.unwrap();
            let found = tx.refresh_tokens().lock_by_hash(&hash).await.unwrap();
            // Gives the others time to look at the row before it changes.
            tokio::task::yield_now().await;
            if found.spent_at.is_none() {
                tx.refresh_tokens().spend(found.id, &[number], at(1)).await.unwrap();
            }
            tx.commit().await.unwrap();
            found.spent_at.is_none()
        })
    });
    let mut winners = 0;
    for presentation in presentations.collect::<Vec<_>>() {
        winners += u32::from(presentation.await.unwrap());
    }
    assert_eq!(winners, 1);
}
