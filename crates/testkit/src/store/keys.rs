//! [`ports::KeyQueries`] and [`ports::KeyRepo`].

use domain::{KeyPurpose, RingKey};
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, id};

fn key(purpose: KeyPurpose, generation: i32) -> RingKey {
    let id = id();
    let sealed = vec![0, 159, 146, 150];
    RingKey { id, kid: format!("k{id}"), purpose, generation, sealed, active_from: at(9), retired_at: None }
}

/// "All keys that are not retired, oldest first."
pub async fn reads_back_live_keys_oldest_first(bench: &Bench) {
    let keys =
        [key(KeyPurpose::AccessToken, 2), key(KeyPurpose::Derivation, 1), key(KeyPurpose::AccessToken, 3)];
    let retired = RingKey { retired_at: Some(at(5)), ..key(KeyPurpose::AccessToken, 1) };
    bench
        .commit(async |tx| {
            for key in [&keys[2], &retired, &keys[0], &keys[1]] {
                tx.keys().insert(key).await?;
            }
            Ok(())
        })
        .await;
    assert!(bench.store.keys().live().await.unwrap() == keys);
    assert!(bench.begin().await.keys().live().await.unwrap() == keys);
}

/// "`Conflict` when the purpose has a key of that generation: another process was faster."
pub async fn of_two_first_starts_one_writes_the_key(bench: &Bench) {
    let starts = (0..5).map(|_| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let tx = store.begin().await?;
            tx.keys().insert(&key(KeyPurpose::Derivation, 1)).await?;
            tx.commit().await
        })
    });
    let mut written = 0;
    for start in starts.collect::<Vec<_>>() {
        match start.await.unwrap() {
            Ok(()) => written += 1,
            Err(error) => assert_eq!(error.kind(), Kind::Conflict, "{error}"),
        }
    }
    assert_eq!(written, 1);
    assert_eq!(bench.store.keys().live().await.unwrap().len(), 1);
    // Another purpose has generations of its own.
    bench.commit(async |tx| tx.keys().insert(&key(KeyPurpose::AccessToken, 1)).await).await;
}

/// "Retires a key and forgets its bytes; its name and generation stay taken."
pub async fn a_retired_key_is_forgotten(bench: &Bench) {
    let (old, new) = (key(KeyPurpose::AccessToken, 1), key(KeyPurpose::AccessToken, 2));
    bench
        .commit(async |tx| {
            tx.keys().insert(&old).await?;
            tx.keys().insert(&new).await
        })
        .await;
    assert!(bench.commit(async |tx| tx.keys().retire(old.id, at(7)).await).await);
    assert!(!bench.commit(async |tx| tx.keys().retire(old.id, at(8)).await).await);
    assert!(bench.store.keys().live().await.unwrap() == [new]);
    let all = bench.store.keys().all().await.unwrap();
    assert!(all[0] == RingKey { sealed: vec![], retired_at: Some(at(7)), ..old.clone() });
    assert_eq!(all.len(), 2);
    let again = key(KeyPurpose::AccessToken, 1);
    assert_eq!(bench.refused(async |tx| tx.keys().insert(&again).await).await, Kind::Conflict);
    let sealed = bench.refused(async |tx| tx.keys().reseal(old.id, &[], b"x").await).await;
    assert_eq!(sealed, Kind::Precondition);
}

/// "`Precondition` when the key is not sealed as `from` any more."
pub async fn is_sealed_anew_once(bench: &Bench) {
    let key = key(KeyPurpose::Column, 1);
    bench.commit(async |tx| tx.keys().insert(&key).await).await;
    bench.commit(async |tx| tx.keys().reseal(key.id, &key.sealed, &[1, 0, 255]).await).await;
    let late = bench.refused(async |tx| tx.keys().reseal(key.id, &key.sealed, b"x").await).await;
    assert_eq!(late, Kind::Precondition);
    assert!(bench.store.keys().live().await.unwrap() == [RingKey { sealed: vec![1, 0, 255], ..key }]);
}
