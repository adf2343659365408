//! [`ports::IdentityQueries`] and [`ports::IdentityRepo`].

use domain::Identity;
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, at_millis, id, user, uuid};

async fn somebody(bench: &Bench) -> i64 {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user.base.id
}

fn identity(user_id: i64) -> Identity {
    let number = id();
    Identity {
        id: number,
        uuid: uuid(),
        user_id,
        provider: "acme".to_owned(),
        issuer: "https://id.acme.example/realms/é".to_owned(),
        subject: format!("Sub|{number}"),
        email: Some("jürgen@müller.example".to_owned()),
        created_at: at_millis(3),
        last_used_at: at_millis(4),
    }
}

async fn linked(bench: &Bench, user_id: i64) -> Identity {
    let identity = identity(user_id);
    bench.commit(async |tx| tx.identities().insert(&identity).await).await;
    identity
}

/// "Those of a user, the first linked first." "The one that an issuer knows by this subject." `NotFound`.
pub async fn reads_back_every_field_of_a_user(bench: &Bench) {
    let (user, other) = (somebody(bench).await, somebody(bench).await);
    let first = linked(bench, user).await;
    let second = Identity { email: None, ..identity(user) };
    bench.commit(async |tx| tx.identities().insert(&second).await).await;
    linked(bench, other).await;
    let both = [first.clone(), second];
    assert_eq!(bench.store.identities().of_user(user).await.unwrap(), both);
    let tx = bench.begin().await;
    assert_eq!(tx.identities().of_user(user).await.unwrap(), both);
    assert_eq!(tx.identities().lock_of_user(user).await.unwrap(), both);
    assert_eq!(tx.identities().by_subject(&first.issuer, &first.subject).await.unwrap(), first);
    let unknown = tx.identities().by_subject("https://elsewhere.example", &first.subject).await;
    assert_eq!(unknown.unwrap_err().kind(), Kind::NotFound);
    assert!(bench.store.identities().of_user(id()).await.unwrap().is_empty());
}

/// "`Conflict` when it is linked already, to whomever."
pub async fn is_linked_once(bench: &Bench) {
    let (user, other) = (somebody(bench).await, somebody(bench).await);
    let first = linked(bench, user).await;
    for user_id in [user, other] {
        let again = Identity { id: id(), uuid: uuid(), user_id, ..first.clone() };
        assert_eq!(bench.refused(async |tx| tx.identities().insert(&again).await).await, Kind::Conflict);
    }
}

/// "Both are compared byte by byte."
pub async fn compares_byte_by_byte(bench: &Bench) {
    let first = linked(bench, somebody(bench).await).await;
    let other = Identity { subject: first.subject.to_lowercase(), ..identity(somebody(bench).await) };
    bench.commit(async |tx| tx.identities().insert(&other).await).await;
    let tx = bench.begin().await;
    for known in [&first, &other] {
        assert_eq!(&tx.identities().by_subject(&known.issuer, &known.subject).await.unwrap(), known);
    }
    let padded = format!("{} ", first.subject);
    let refused = tx.identities().by_subject(&first.issuer, &padded).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::NotFound);
}

/// "Notes that it was used, and its address now."
pub async fn a_use_is_noted(bench: &Bench) {
    let mut used = linked(bench, somebody(bench).await).await;
    for email in [Some("new@example.com"), None] {
        bench.commit(async |tx| tx.identities().touch(used.id, email, at(9)).await).await;
        (used.email, used.last_used_at) = (email.map(str::to_owned), at(9));
        assert_eq!(bench.store.identities().of_user(used.user_id).await.unwrap(), [used.clone()]);
    }
}

/// "They stay as they are, for all others, until the unit of work ends."
pub async fn of_two_that_remove_the_second_sees_the_first(bench: &Bench) {
    let user = somebody(bench).await;
    let both = [linked(bench, user).await, linked(bench, user).await];
    let removers = both.map(|identity| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let tx = store.begin().await.unwrap();
            let seen = tx.identities().lock_of_user(user).await.unwrap().len();
            if seen > 1 {
                assert!(tx.identities().remove(identity.id).await.unwrap());
            }
            tx.commit().await.unwrap();
            seen
        })
    });
    let mut seen = Vec::new();
    for remover in removers {
        seen.push(remover.await.unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2]);
    assert_eq!(bench.store.identities().of_user(user).await.unwrap().len(), 1);
}

/// "Removes one. True when it was there." "Removes all of a user. How many."
pub async fn is_removed_alone_or_with_all_of_a_user(bench: &Bench) {
    let (user, other) = (somebody(bench).await, somebody(bench).await);
    let mine = [linked(bench, user).await, linked(bench, user).await, linked(bench, user).await];
    let theirs = linked(bench, other).await;
    for there in [true, false] {
        assert_eq!(bench.commit(async |tx| tx.identities().remove(mine[1].id).await).await, there);
    }
    assert_eq!(bench.store.identities().of_user(user).await.unwrap(), [mine[0].clone(), mine[2].clone()]);
    for removed in [2, 0] {
        assert_eq!(bench.commit(async |tx| tx.identities().remove_of_user(user).await).await, removed);
    }
    assert_eq!(bench.store.identities().of_user(other).await.unwrap(), [theirs]);
}
