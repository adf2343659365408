//! [`ports::CredentialQueries`] and [`ports::CredentialRepo`].

use domain::Credential;
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, credential, id, user};

async fn written(bench: &Bench) -> Credential {
    let user = user();
    let credential = credential(user.base.id);
    bench
        .commit(async |tx| {
            tx.users().insert(&user).await?;
            tx.credentials().insert(&credential).await
        })
        .await;
    credential
}

/// "The password of a user." `NotFound` "when there is none".
pub async fn reads_back_every_field(bench: &Bench) {
    let credential = written(bench).await;
    let credentials = bench.store.credentials();
    assert_eq!(credentials.of_user(credential.user_id).await.unwrap(), credential);
    assert_eq!(credentials.of_user(credential.user_id + 1_000).await.unwrap_err().kind(), Kind::NotFound);
}

/// "`Conflict` when the user has one already"; a deleted one is none.
pub async fn a_user_has_one(bench: &Bench) {
    let user = user();
    let mut gone = credential(user.base.id);
    gone.base.deleted_at = Some(at(1));
    let live = credential(user.base.id);
    bench
        .commit(async |tx| {
            tx.users().insert(&user).await?;
            tx.credentials().insert(&gone).await
        })
        .await;
    assert_eq!(bench.store.credentials().of_user(user.base.id).await.unwrap_err().kind(), Kind::NotFound);
    bench.commit(async |tx| tx.credentials().insert(&live).await).await;
    let second = credential(user.base.id);
    assert_eq!(bench.refused(async |tx| tx.credentials().insert(&second).await).await, Kind::Conflict);
    assert_eq!(bench.store.credentials().of_user(user.base.id).await.unwrap(), live);
}

/// "Replaces the hash"; `NotFound` "when the user has no password".
pub async fn a_hash_is_replaced(bench: &Bench) {
    let mut credential = written(bench).await;
    let user_id = credential.user_id;
    bench.commit(async |tx| tx.credentials().replace_hash(user_id, "$argon2id$new", at(9)).await).await;
    "$argon2id$new".clone_into(&mut credential.password_hash);
    credential.base.updated_at = at(9);
    credential.base.version += 1;
    assert_eq!(bench.store.credentials().of_user(user_id).await.unwrap(), credential);
    let nobody = user_id + 1_000;
    let refused = bench.refused(async |tx| tx.credentials().replace_hash(nobody, "$new", at(9)).await).await;
    assert_eq!(refused, Kind::NotFound);
}

/// "Writes the password of a user, or replaces it, as long as nobody has proven the user's address; otherwise nothing
/// changes."
pub async fn is_proposed_until_the_address_is_proven(bench: &Bench) {
    let mut user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    let user_id = user.base.id;
    let mut stored = credential(user_id);
    let propose = async |it: &Credential| bench.commit(async |tx| tx.credentials().propose(it).await).await;
    let of_user = async || bench.store.credentials().of_user(user_id).await.unwrap();
    propose(&stored).await;
    assert_eq!(of_user().await, stored);
    let mut next = Credential { password_hash: "$argon2id$next".to_owned(), ..credential(user_id) };
    next.base.updated_at = at(9);
    propose(&next).await;
    stored.password_hash.clone_from(&next.password_hash);
    stored.base.updated_at = at(9);
    stored.base.version += 1;
    assert_eq!(of_user().await, stored);
    user.email_verified_at = Some(at(10));
    bench.commit(async |tx| tx.users().update(&user).await).await;
    propose(&credential(user_id)).await;
    assert_eq!(of_user().await, stored);
    // Nor does a proven user without a password get one, nor nobody.
    bench.commit(async |tx| tx.credentials().remove(user_id).await).await;
    for stranger in [user_id, id()] {
        propose(&credential(stranger)).await;
        let missing = bench.store.credentials().of_user(stranger).await.unwrap_err();
        assert_eq!(missing.kind(), Kind::NotFound);
    }
}

/// "Removes the password of a user, for good. True when there was one."
pub async fn is_removed_for_good(bench: &Bench) {
    let (gone, kept) = (written(bench).await, written(bench).await);
    for there in [true, false] {
        assert_eq!(bench.commit(async |tx| tx.credentials().remove(gone.user_id).await).await, there);
    }
    let credentials = bench.store.credentials();
    assert_eq!(credentials.of_user(gone.user_id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(credentials.of_user(kept.user_id).await.unwrap(), kept);
}

/// "The last one first." "Forgets all but the last `keep`."
pub async fn former_hashes_are_kept_to_their_number(bench: &Bench) {
    let (ada, bob) = (user(), user());
    for user in [&ada, &bob] {
        bench.commit(async |tx| tx.users().insert(user).await).await;
    }
    let keep = async |user: i64, hash: &str| {
        bench.commit(async |tx| tx.credentials().keep_former(id(), user, hash, at(1), 2).await).await;
    };
    for hash in ["one", "two", "three"] {
        keep(ada.base.id, hash).await;
    }
    keep(bob.base.id, "another").await;
    let former = async |user: i64, limit| bench.store.credentials().former(user, limit).await.unwrap();
    assert_eq!(former(ada.base.id, 9).await, ["three", "two"]);
    assert_eq!(former(ada.base.id, 1).await, ["three"]);
    assert_eq!(former(bob.base.id, 9).await, ["another"]);
    assert!(former(id(), 9).await.is_empty());
}
