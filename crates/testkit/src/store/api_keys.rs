//! [`ports::ApiKeyQueries`] and [`ports::ApiKeyRepo`].

use domain::{ApiKey, Label, Permission, User};
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, at_millis, hash, id, user, uuid};

async fn somebody(bench: &Bench) -> User {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user
}

fn key(user_id: i64) -> ApiKey {
    let scopes = ["jobs:read", "profile:*"].map(|text| Permission::parse(text).unwrap());
    ApiKey {
        id: id(),
        uuid: uuid(),
        user_id,
        tenant: Some(uuid()),
        name: Label::parse("Jürgens Skript ✓").unwrap(),
        prefix: "msk_0123abcd".to_owned(),
        hash: hash(),
        scopes: scopes.to_vec(),
        multi_factor: true,
        created_at: at_millis(3),
        expires_at: Some(at_millis(5)),
        last_used_at: None,
    }
}

async fn written(bench: &Bench, user_id: i64, change: impl FnOnce(&mut ApiKey)) -> ApiKey {
    let mut key = key(user_id);
    change(&mut key);
    bench.commit(async |tx| tx.api_keys().insert(&key).await).await;
    key
}

/// "The key whose secret has this hash, and its owner; expired ones too." `NotFound`.
pub async fn reads_back_every_field(bench: &Bench) {
    let user = somebody(bench).await;
    let full = written(bench, user.base.id, |_| {}).await;
    let bare = written(bench, user.base.id, |key| {
        (key.tenant, key.expires_at, key.last_used_at) = (None, None, Some(at_millis(9)));
        (key.scopes, key.multi_factor) = (vec![], false);
    });
    for key in [full, bare.await] {
        let found = (key.clone(), user.base.uuid);
        assert_eq!(bench.store.api_keys().by_hash(&key.hash).await.unwrap(), found);
        assert_eq!(bench.begin().await.api_keys().by_hash(&key.hash).await.unwrap(), found);
    }
    assert_eq!(bench.store.api_keys().by_hash(&hash()).await.unwrap_err().kind(), Kind::NotFound);
}

/// "The keys of a user, oldest first, expired ones too."
pub async fn lists_those_of_one_user(bench: &Bench) {
    let (user, other) = (somebody(bench).await.base.id, somebody(bench).await.base.id);
    written(bench, other, |_| {}).await;
    let theirs = [written(bench, user, |_| {}).await, written(bench, user, |_| {}).await];
    assert_eq!(bench.store.api_keys().of_user(user).await.unwrap(), theirs);
    assert_eq!(bench.store.api_keys().of_user(id()).await.unwrap(), []);
}

/// "`Conflict` when there is one with this hash."
pub async fn a_hash_is_unique(bench: &Bench) {
    let user = somebody(bench).await.base.id;
    let first = written(bench, user, |_| {}).await;
    let again = ApiKey { hash: first.hash, ..key(user) };
    assert_eq!(bench.refused(async |tx| tx.api_keys().insert(&again).await).await, Kind::Conflict);
}

/// "Notes a use, unless one at or after `unless_since` is noted. Nothing happens when the key is gone."
pub async fn a_use_is_noted_now_and_then(bench: &Bench) {
    let user = somebody(bench).await.base.id;
    let (known, other) = (written(bench, user, |_| {}).await, written(bench, user, |_| {}).await);
    let keys = bench.store.api_keys();
    let last = async || keys.of_user(user).await.unwrap()[0].last_used_at;
    for (now, since, noted) in [(100, 40, 100), (130, 70, 100), (160, 100, 100), (161, 101, 161)] {
        keys.note_use(known.uuid, at(now), at(since)).await.unwrap();
        assert_eq!(last().await, Some(at(noted)), "at {now}");
    }
    keys.note_use(uuid(), at(999), at(998)).await.unwrap();
    assert_eq!(keys.of_user(user).await.unwrap()[1], other);
}

/// "Removes a key of a user. True when this call did it."
pub async fn is_removed_by_its_owner(bench: &Bench) {
    let (user, other) = (somebody(bench).await.base.id, somebody(bench).await.base.id);
    let (removed, kept) = (written(bench, user, |_| {}).await, written(bench, user, |_| {}).await);
    let remove = async |user| bench.commit(async |tx| tx.api_keys().remove(user, removed.uuid).await).await;
    assert!(!remove(other).await);
    assert!(remove(user).await);
    assert!(!remove(user).await);
    assert_eq!(bench.store.api_keys().of_user(user).await.unwrap(), [kept]);
}

/// "Removes keys that expired before `before`; at most `limit`. How many."
pub async fn purge_removes_expired_ones(bench: &Bench) {
    let user = somebody(bench).await.base.id;
    let live = written(bench, user, |key| key.expires_at = Some(at(100))).await;
    let endless = written(bench, user, |key| key.expires_at = None).await;
    for _ in 0..3 {
        written(bench, user, |key| key.expires_at = Some(at(99))).await;
    }
    for removed in [2, 1, 0] {
        assert_eq!(bench.commit(async |tx| tx.api_keys().purge(at(100), 2).await).await, removed);
    }
    assert_eq!(bench.store.api_keys().of_user(user).await.unwrap(), [live, endless]);
}
