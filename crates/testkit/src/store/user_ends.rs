//! [`ports::UserRepo`]: users that are deleted, restored and purged.

use domain::User;
use ports::Kind;

use super::user_lists::insert;
use super::users::{read, written};
use crate::bench::Bench;
use crate::samples::{at, credential, session, user};

pub(super) async fn soft_delete(bench: &Bench, user: &User, when: i64) -> User {
    let mut gone = user.clone();
    gone.base.deleted_at = Some(at(when));
    bench.commit(async |tx| tx.users().update(&gone).await).await;
    gone.base.version += 1;
    gone
}

/// "Brings back a soft-deleted user that was read at `user.base.version`", as it was.
pub async fn restores_what_was_deleted(bench: &Bench) {
    let user = written(bench).await;
    let gone = soft_delete(bench, &user, 5).await;
    let users = bench.store.users();
    assert_eq!(users.deleted_by_uuid(user.base.uuid).await.unwrap(), gone);
    let mut stale = gone.clone();
    stale.base.version -= 1;
    assert_eq!(bench.refused(async |tx| tx.users().restore(&stale).await).await, Kind::Precondition);
    let mut back = gone.clone();
    back.base.updated_at = at(6);
    bench.commit(async |tx| tx.users().restore(&back).await).await;
    back.base.version += 1;
    back.base.deleted_at = None;
    assert_eq!(users.by_uuid(user.base.uuid).await.unwrap(), back);
    assert_eq!(users.deleted_by_uuid(user.base.uuid).await.unwrap_err().kind(), Kind::NotFound);
    // "`Precondition` when the row is … not deleted."
    assert_eq!(bench.refused(async |tx| tx.users().restore(&back).await).await, Kind::Precondition);
}

/// "`Conflict` when a live user has the address."
pub async fn a_taken_address_is_not_restored(bench: &Bench) {
    let user = written(bench).await;
    let gone = soft_delete(bench, &user, 5).await;
    let heir = User { email: user.email.clone(), ..crate::samples::user() };
    bench.commit(async |tx| tx.users().insert(&heir).await).await;
    assert_eq!(bench.refused(async |tx| tx.users().restore(&gone).await).await, Kind::Conflict);
    assert_eq!(bench.store.users().by_email(&user.email).await.unwrap(), heir);
    soft_delete(bench, &heir, 6).await;
    bench.commit(async |tx| tx.users().restore(&gone).await).await;
    assert_eq!(bench.store.users().by_email(&user.email).await.unwrap().base.id, user.base.id);
}

/// "Removes users that were soft-deleted before `before`, the first deleted first, with everything that hangs on them".
pub async fn purge_removes_the_long_deleted(bench: &Bench) {
    let users: Vec<User> = (0..4).map(|_| user()).collect();
    insert(bench, &users).await;
    let session = session(users[1].base.id);
    bench
        .commit(async |tx| {
            tx.credentials().insert(&credential(users[1].base.id)).await?;
            tx.sessions().insert(&session).await
        })
        .await;
    for (user, when) in [(&users[0], 20), (&users[1], 10), (&users[2], 30)] {
        soft_delete(bench, user, when).await;
    }
    let purge =
        async |before, limit| bench.commit(async |tx| tx.users().purge(at(before), limit).await).await;
    assert!(purge(10, 9).await.is_empty());
    assert_eq!(purge(30, 1).await, [users[1].base.uuid]);
    let store = &bench.store;
    assert_eq!(store.credentials().of_user(users[1].base.id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(store.sessions().by_uuid(session.base.uuid).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(purge(30, 9).await, [users[0].base.uuid]);
    assert!(store.users().deleted_by_uuid(users[2].base.uuid).await.is_ok());
    assert_eq!(read(bench, &users[3]).await, users[3]);
}

/// "Of two callers at the same time one hears of each."
pub async fn of_two_purges_one_hears_of_each(bench: &Bench) {
    let users: Vec<User> = (0..6).map(|_| user()).collect();
    insert(bench, &users).await;
    for user in &users {
        soft_delete(bench, user, 1).await;
    }
    let purges = (0..3).map(|_| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let tx = store.begin().await?;
            let purged = tx.users().purge(at(2), 9).await?;
            tx.commit().await.map(|()| purged)
        })
    });
    let mut heard = Vec::new();
    for running in purges.collect::<Vec<_>>() {
        match running.await.unwrap() {
            Ok(gone) => heard.extend(gone),
            Err(error) => assert_eq!(error.kind(), Kind::Conflict, "{error:?}"),
        }
    }
    heard.sort();
    let mut expected: Vec<_> = users.iter().map(|user| user.base.uuid).collect();
    expected.sort();
    assert_eq!(heard, expected);
}
