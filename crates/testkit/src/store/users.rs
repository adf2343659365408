//! [`ports::UserQueries`] and [`ports::UserRepo`].

use domain::{DisplayName, User, UserStatus};
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, at_millis, email, id, phone, user, uuid};

async fn written(bench: &Bench) -> User {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user
}

async fn read(bench: &Bench, user: &User) -> User {
    bench.store.users().by_id(user.base.id).await.unwrap()
}

/// "By internal id", "by public id", "by normalised address": the same user, as it was written.
pub async fn reads_back_every_field(bench: &Bench) {
    let bare = User { display_name: None, ..user() };
    let mut full = user();
    full.status = UserStatus::Locked;
    full.email_verified_at = Some(at_millis(123));
    full.auth_revision = i64::MAX;
    full.phone = Some(phone());
    for user in [bare, full] {
        bench.commit(async |tx| tx.users().insert(&user).await).await;
        let users = bench.store.users();
        assert_eq!(users.by_id(user.base.id).await.unwrap(), user);
        assert_eq!(users.by_uuid(user.base.uuid).await.unwrap(), user);
        assert_eq!(users.by_email(&user.email).await.unwrap(), user);
        assert_eq!(users.auth_revision(user.base.id).await.unwrap(), user.auth_revision);
    }
}

/// `NotFound`.
pub async fn misses_are_not_found(bench: &Bench) {
    written(bench).await;
    let users = bench.store.users();
    assert_eq!(users.by_id(id()).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(users.by_uuid(uuid()).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(users.by_email(&email()).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(users.auth_revision(id()).await.unwrap_err().kind(), Kind::NotFound);
}

/// "`Conflict` when a live user has the address."
pub async fn a_live_address_is_unique(bench: &Bench) {
    let first = written(bench).await;
    let second = User { email: first.email.clone(), ..user() };
    assert_eq!(bench.refused(async |tx| tx.users().insert(&second).await).await, Kind::Conflict);
    assert_eq!(bench.store.users().by_email(&first.email).await.unwrap(), first);
}

/// "Soft-deleted users are not found", and uniqueness holds among live users only.
pub async fn deleted_users_are_gone_and_free_their_address(bench: &Bench) {
    let first = written(bench).await;
    let mut gone = first.clone();
    gone.base.deleted_at = Some(at(5));
    bench.commit(async |tx| tx.users().update(&gone).await).await;
    let users = bench.store.users();
    assert_eq!(users.by_id(first.base.id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(users.by_uuid(first.base.uuid).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(users.by_email(&first.email).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(users.auth_revision(first.base.id).await.unwrap_err().kind(), Kind::NotFound);
    let second = User { email: first.email.clone(), ..user() };
    bench.commit(async |tx| tx.users().insert(&second).await).await;
    assert_eq!(users.by_email(&first.email).await.unwrap(), second);
    // "`Precondition` when the row is … deleted."
    let mut revived = gone.clone();
    revived.base.version += 1;
    revived.base.deleted_at = None;
    assert_eq!(bench.refused(async |tx| tx.users().update(&revived).await).await, Kind::Precondition);
}

/// "Writes all fields of a user that was read at `user.base.version` and raises the version by one."
pub async fn an_update_raises_the_version(bench: &Bench) {
    let mut user = written(bench).await;
    user.email = email();
    user.display_name = Some(DisplayName::parse("Ada").unwrap());
    user.status = UserStatus::Locked;
    user.phone = Some(phone());
    user.email_verified_at = Some(at(3));
    user.base.updated_at = at(4);
    bench.commit(async |tx| tx.users().update(&user).await).await;
    user.base.version += 1;
    assert_eq!(read(bench, &user).await, user);
    user.display_name = None;
    user.email_verified_at = None;
    bench.commit(async |tx| tx.users().update(&user).await).await;
    user.base.version += 1;
    assert_eq!(read(bench, &user).await, user);
}

/// "`Precondition` when the row is at another version …; nothing has changed then."
pub async fn an_update_of_an_old_version_changes_nothing(bench: &Bench) {
    let user = written(bench).await;
    bench.commit(async |tx| tx.users().update(&user).await).await;
    let before = read(bench, &user).await;
    for version in [user.base.version, before.base.version + 1] {
        let mut other = User { email: email(), ..user.clone() };
        other.base.version = version;
        let tx = bench.begin().await;
        assert_eq!(tx.users().update(&other).await.unwrap_err().kind(), Kind::Precondition);
        // It is no failure of the database: the unit of work goes on.
        tx.commit().await.unwrap();
        assert_eq!(read(bench, &user).await, before);
    }
}

/// The optimistic lock under concurrency: of twenty writers that read the same version one succeeds.
pub async fn of_two_updates_one_wins(bench: &Bench) {
    let user = written(bench).await;
    let tries = (0..20).map(|number| {
        let (store, mut user) = (bench.store.clone(), user.clone());
        user.display_name = Some(DisplayName::parse(&format!("Writer {number}")).unwrap());
        tokio::spawn(async move {
            let tx = store.begin().await?;
            tx.users().update(&user).await?;
            tx.commit().await.map(|()| user)
        })
    });
    let mut winners = Vec::new();
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(user) => winners.push(user),
            Err(error) => assert_eq!(error.kind(), Kind::Precondition, "{error}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(read(bench, &user).await.display_name, winners[0].display_name);
}

/// An update that was read before a bump does not undo it.
pub async fn an_update_never_lowers_the_revision(bench: &Bench) {
    let user = written(bench).await;
    bench.commit(async |tx| tx.users().bump_auth_revision(user.base.id).await).await;
    bench.commit(async |tx| tx.users().update(&user).await).await;
    assert_eq!(read(bench, &user).await.auth_revision, user.auth_revision + 1);
}

/// "Raises `auth_revision` by one, whatever the version."
pub async fn bumps_add_up(bench: &Bench) {
    let user = written(bench).await;
    let bumps = (0..20).map(|_| {
        let (store, id) = (bench.store.clone(), user.base.id);
        tokio::spawn(async move {
            let tx = store.begin().await.unwrap();
            tx.users().bump_auth_revision(id).await.unwrap();
            tx.commit().await.unwrap();
        })
    });
    for bump in bumps.collect::<Vec<_>>() {
        bump.await.unwrap();
    }
    let after = read(bench, &user).await;
    assert_eq!(after.auth_revision, user.auth_revision + 20);
    assert_eq!(after.base.version, user.base.version);
}

/// "True when there is no user at all, deleted ones included."
pub async fn empty_counts_deleted_users(bench: &Bench) {
    assert!(bench.store.users().is_empty().await.unwrap());
    let mut user = written(bench).await;
    assert!(!bench.store.users().is_empty().await.unwrap());
    user.base.deleted_at = Some(at(5));
    bench.commit(async |tx| tx.users().update(&user).await).await;
    assert!(!bench.store.users().is_empty().await.unwrap());
}

/// "Those with exactly this telephone number, oldest first, at most `limit`. Nothing makes numbers unique."
pub async fn are_found_by_their_number(bench: &Bench) {
    let number = phone();
    let shared: Vec<User> = (0..3).map(|_| User { phone: Some(number.clone()), ..user() }).collect();
    let other = User { phone: Some(phone()), ..user() };
    bench
        .commit(async |tx| {
            for user in [&shared[2], &shared[0], &other, &shared[1]] {
                tx.users().insert(user).await?;
            }
            Ok(())
        })
        .await;
    let users = bench.store.users();
    assert_eq!(users.by_phone(&number, 10).await.unwrap(), shared);
    assert_eq!(users.by_phone(&number, 2).await.unwrap(), shared[..2]);
    assert_eq!(users.by_phone(&phone(), 10).await.unwrap(), []);
    // A number that was taken away is not found any more, nor one of a deleted user.
    let mut changed = [User { phone: None, ..shared[0].clone() }, shared[1].clone()];
    changed[1].base.deleted_at = Some(at(5));
    bench
        .commit(async |tx| {
            tx.users().update(&changed[0]).await?;
            tx.users().update(&changed[1]).await
        })
        .await;
    assert_eq!(users.by_phone(&number, 10).await.unwrap(), shared[2..]);
    assert_eq!(users.by_id(shared[0].base.id).await.unwrap().phone, None);
}
