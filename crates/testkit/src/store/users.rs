//! [`ports::UserQueries`] and [`ports::UserRepo`].

use domain::{DisplayName, Email, Phone, SearchKey, User, UserStatus};
use ports::{Kind, Order, USER_ORDERS, UserFilter};

use crate::bench::Bench;
use crate::listing::keeps_its_orders;
use crate::samples::{at, at_millis, credential, email, first, id, phone, session, user, uuid};

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

/// Live users with exactly this number, in the order of their ids.
pub(crate) async fn with_number(bench: &Bench, number: &Phone) -> Vec<User> {
    let filter = UserFilter { phone: Some(number.clone()), ..Default::default() };
    let mut found = bench.store.users().list(&filter, &first(10)).await.unwrap().rows;
    assert_eq!(bench.store.users().count(&filter).await.unwrap(), found.len() as u64);
    found.sort_by_key(|user| user.base.id);
    found
}

/// "Exactly this telephone number, which several may have."
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
    assert_eq!(with_number(bench, &number).await, shared);
    assert_eq!(with_number(bench, &phone()).await, []);
    let locked =
        UserFilter { phone: Some(number.clone()), status: Some(UserStatus::Locked), ..Default::default() };
    assert_eq!(users.list(&locked, &first(10)).await.unwrap().rows, []);
    // A number that was taken away is not found any more, nor one of a deleted user.
    let mut changed = [User { phone: None, ..shared[0].clone() }, shared[1].clone()];
    changed[1].base.deleted_at = Some(at(5));
    bench
        .commit(async |tx| {
            tx.users().update(&changed[0]).await?;
            tx.users().update(&changed[1]).await
        })
        .await;
    assert_eq!(with_number(bench, &number).await, shared[2..]);
    assert_eq!(users.by_id(shared[0].base.id).await.unwrap().phone, None);
}

async fn insert(bench: &Bench, users: &[User]) {
    bench
        .commit(async |tx| {
            for user in users {
                tx.users().insert(user).await?;
            }
            Ok(())
        })
        .await;
}

fn named(email: &str, name: Option<&str>, created: i64) -> User {
    let name = name.map(|name| DisplayName::parse(name).unwrap());
    let mut user = User { email: Email::parse(email).unwrap(), display_name: name, ..user() };
    user.base.created_at = at(created);
    user
}

async fn soft_delete(bench: &Bench, user: &User, when: i64) -> User {
    let mut gone = user.clone();
    gone.base.deleted_at = Some(at(when));
    bench.commit(async |tx| tx.users().update(&gone).await).await;
    gone.base.version += 1;
    gone
}

/// "Users, in one of [`USER_ORDERS`] or its reverse": many alike in each key, some without a name, letters whose order
/// engines would disagree about.
pub async fn lists_in_every_order_by_page(bench: &Bench) {
    let users = [
        named("zoe@example.com", None, 0),
        named("Ärger@example.com", Some("ada"), 0),
        named("arg@example.com", Some("Ada"), 0),
        named("b_x@example.com", Some("Ádá"), 1),
        named("b-x@example.com", None, 1),
        named("bax@example.com", Some("Zoë 'Z' Ω"), 2),
        named("b@example.com", Some("_"), 2),
        named("ю@example.com", Some("山田"), 3),
        named("c@example.com", None, 3),
    ];
    insert(bench, &users).await;
    let gone = named("gone@example.com", Some("Gone"), 2);
    insert(bench, std::slice::from_ref(&gone)).await;
    soft_delete(bench, &gone, 4).await;
    let all = UserFilter::default();
    let place = |order: Order, user: &User| {
        let key = |field: &str| match field {
            "email" => SearchKey::of(user.email.as_str()).as_str().to_owned(),
            "displayName" => user
                .display_name
                .as_ref()
                .map_or_else(String::new, |name| SearchKey::of(name.as_str()).as_str().to_owned()),
            _ => user.base.created_at.to_rfc3339(),
        };
        // The bytes of a key that descends, turned over, with an end above all of them.
        let turned = |text: String, descending: bool| {
            let mut bytes = text.into_bytes();
            if descending {
                for byte in &mut bytes {
                    *byte = !*byte;
                }
                bytes.push(u8::MAX);
            }
            bytes
        };
        let keys: Vec<Vec<u8>> = order.iter().map(|sort| turned(key(sort.field), sort.descending)).collect();
        (keys, user.base.id)
    };
    let list = async |page| bench.store.users().list(&all, &page).await;
    keeps_its_orders(USER_ORDERS, &users, place, list).await;
    assert_eq!(bench.store.users().count(&all).await.unwrap(), users.len() as u64);
}

/// "Exact status", "whether the address has been proven", "soft-deleted users instead of live ones", "the address or the
/// name begins with it"; in every order.
pub async fn filters_and_searches(bench: &Bench) {
    let mut locked = named("locked@example.com", Some("Jürgen Müller"), 0);
    locked.status = UserStatus::Locked;
    let mut proven = named("jurgen@example.com", None, 1);
    proven.email_verified_at = Some(at(1));
    let plain = named("x%_@example.com", Some("50% off_er"), 2);
    let other = named("ada@example.com", Some("Ada JURGEN"), 3);
    let gone = named("jurgen.gone@example.com", None, 4);
    insert(bench, &[locked.clone(), proven.clone(), plain.clone(), other.clone(), gone.clone()]).await;
    let gone = soft_delete(bench, &gone, 5).await;
    let none = UserFilter::default;
    let search = |text: &str| UserFilter { search: Some(SearchKey::of(text)), ..none() };
    for (filter, mut expected) in [
        (none(), vec![&other, &plain, &proven, &locked]),
        (UserFilter { status: Some(UserStatus::Locked), ..none() }, vec![&locked]),
        (UserFilter { status: Some(UserStatus::Active), ..none() }, vec![&other, &plain, &proven]),
        (UserFilter { verified: Some(true), ..none() }, vec![&proven]),
        (UserFilter { verified: Some(false), ..none() }, vec![&other, &plain, &locked]),
        (UserFilter { deleted: true, ..none() }, vec![&gone]),
        (search("JÜRG"), vec![&proven, &locked]),
        (search("ada jürgen"), vec![&other]),
        (search("ada@example.com"), vec![&other]),
        (search("%"), vec![]),
        (search("x%_"), vec![&plain]),
        (search("xa"), vec![]),
        (search("50% off_"), vec![&plain]),
        (search("muller"), vec![]),
        (search("a\u{0}b"), vec![]),
        (UserFilter { deleted: true, ..search("jurgen") }, vec![&gone]),
        (UserFilter { status: Some(UserStatus::Locked), ..search("jurgen") }, vec![&locked]),
        (UserFilter { verified: Some(true), status: Some(UserStatus::Locked), ..none() }, vec![]),
    ] {
        let found = bench.store.users().list(&filter, &first(10)).await.unwrap().rows;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
        assert_eq!(bench.store.users().count(&filter).await.unwrap(), expected.len() as u64, "{filter:?}");
        expected.sort_by_key(|user| user.base.id);
        for order in USER_ORDERS {
            let page = ports::Page { sort: order.to_vec(), ..first(10) };
            let mut found = bench.store.users().list(&filter, &page).await.unwrap().rows;
            found.sort_by_key(|user| user.base.id);
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?} {order:?}");
        }
    }
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
