//! [`ports::UserQueries`] and [`ports::UserRepo`]: one user. Many are in `user_lists`, the end of one in `user_ends`.

use domain::{DisplayName, User, UserStatus};
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, at_millis, email, id, phone, user, uuid};

pub(super) async fn written(bench: &Bench) -> User {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user
}

pub(super) async fn read(bench: &Bench, user: &User) -> User {
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
    }
}

/// `NotFound`.
pub async fn misses_are_not_found(bench: &Bench) {
    written(bench).await;
    let users = bench.store.users();
    assert_eq!(users.by_id(id()).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(users.by_uuid(uuid()).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(users.by_email(&email()).await.unwrap_err().kind(), Kind::NotFound);
}

/// "`Conflict` when a live user has the address."
pub async fn a_live_address_is_unique(bench: &Bench) {
    let first = written(bench).await;
    let second = User { email: first.email.clone(), ..user() };
    assert_eq!(bench.refused(async |tx| tx.users().insert(&second).await).await, Kind::Conflict);
    assert_eq!(bench.store.users().by_email(&first.email).await.unwrap(), first);
}

/// "Writes a new user. Where a live one has the address already, that one is called as the new one, and its version raised,
/// as long as nobody has proven the address; otherwise nothing changes. Who has the address then."
pub async fn an_address_is_claimed_until_it_is_proven(bench: &Bench) {
    let first = user();
    let claim = async |user: &User| bench.commit(async |tx| tx.users().claim(user).await).await;
    assert_eq!(claim(&first).await, first);
    assert_eq!(read(bench, &first).await, first);
    let mut next = User { email: first.email.clone(), display_name: None, ..user() };
    next.base.updated_at = at(7);
    let mut renamed = User { display_name: None, ..first.clone() };
    renamed.base.updated_at = at(7);
    renamed.base.version += 1;
    assert_eq!(claim(&next).await, renamed);
    renamed.email_verified_at = Some(at(8));
    bench.commit(async |tx| tx.users().update(&renamed).await).await;
    renamed.base.version += 1;
    let late = User { email: first.email.clone(), ..user() };
    assert_eq!(claim(&late).await, renamed);
    let users = bench.store.users();
    assert_eq!(users.by_uuid(late.base.uuid).await.unwrap_err().kind(), Kind::NotFound);
    // A deleted user has no address.
    renamed.base.deleted_at = Some(at(9));
    bench.commit(async |tx| tx.users().update(&renamed).await).await;
    assert_eq!(claim(&late).await, late);
}

/// Of many that claim an address at once one has it, and all hear of that one.
pub async fn of_many_claims_one_is_first(bench: &Bench) {
    let email = email();
    let claims = (0..10).map(|_| {
        let (store, claim) = (bench.store.clone(), User { email: email.clone(), ..user() });
        tokio::spawn(async move {
            let tx = store.begin().await?;
            let holder = tx.users().claim(&claim).await?;
            tx.commit().await.map(|()| holder.base.id)
        })
    });
    let mut holders = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        match claim.await.unwrap() {
            Ok(holder) => holders.push(holder),
            Err(error) => assert_eq!(error.kind(), Kind::Conflict, "{error:?}"),
        }
    }
    let holder = bench.store.users().by_email(&email).await.unwrap().base.id;
    assert!(!holders.is_empty() && holders.iter().all(|id| *id == holder), "{holders:?}");
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
