//! [`ports::UserQueries`]: lists of users, and what they are found by.

use domain::{DisplayName, Email, Phone, SearchKey, User, UserStatus};
use ports::{Order, USER_ORDERS, UserFilter};

use super::user_ends::soft_delete;
use crate::bench::Bench;
use crate::listing::keeps_its_orders;
use crate::samples::{at, first, phone, user};

pub(super) async fn insert(bench: &Bench, users: &[User]) {
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
