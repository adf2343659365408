//! [`ports::SealedQueries`] and [`ports::SealedRepo`], on the telephone numbers of users.

use domain::User;
use ports::{Kind, SealedColumn, StaleValue};

use crate::bench::Bench;
use crate::columns::keys;
use crate::samples::{at, id, phone, user};
use crate::store::user_lists::with_number;

fn column(bench: &Bench) -> SealedColumn {
    let columns = bench.store.sealed().columns();
    *columns.iter().find(|column| (column.table, column.name) == ("users", "phone")).unwrap()
}

/// Users with a number, and between them one without.
async fn written(bench: &Bench, count: usize) -> Vec<User> {
    let users: Vec<User> = (0..count).map(|_| User { phone: Some(phone()), ..user() }).collect();
    bench
        .commit(async |tx| {
            for user in &users {
                tx.users().insert(user).await?;
                tx.users().insert(&self::user()).await?;
            }
            Ok(())
        })
        .await;
    users
}

/// Everything that is stale, by stretches of two rows.
async fn stale(bench: &Bench) -> Vec<StaleValue> {
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let stretch = bench.store.sealed().stale(column(bench), after, 2).await.unwrap();
        found.extend(stretch.stale);
        match stretch.next {
            Some(next) => after = next,
            None => return found,
        }
    }
}

/// "Looks through at most `limit` rows behind the id `after`, soft-deleted ones included."
pub async fn values_under_earlier_keys_are_stale(bench: &Bench) {
    assert_eq!(bench.store.sealed().span(column(bench)).await.unwrap(), None);
    let users = written(bench, 3).await;
    let mut deleted = users[0].clone();
    deleted.base.deleted_at = Some(at(1));
    bench.commit(async |tx| tx.users().update(&deleted).await).await;
    assert_eq!(stale(bench).await, []);

    bench.cipher.install(keys(1, 2)).unwrap();
    let found: Vec<_> = stale(bench).await.iter().map(|value| (value.id, value.row)).collect();
    assert_eq!(found, users.iter().map(|user| (user.base.id, user.base.uuid)).collect::<Vec<_>>());
    let (first, last) = bench.store.sealed().span(column(bench)).await.unwrap().unwrap();
    assert!(first == users[0].base.id && last > users[2].base.id);
    // "… behind the id": nothing from before it.
    let rest = bench.store.sealed().stale(column(bench), users[1].base.id, 100).await.unwrap();
    assert_eq!((rest.stale.len(), rest.stale[0].id, rest.next), (1, users[2].base.id, None));
    // Either of the two keys makes a value stale.
    let mut half = keys(1, 2);
    half.sealing.pop();
    bench.cipher.install(half).unwrap();
    assert_eq!(stale(bench).await.len(), 3);
}

/// "Neither the row's version nor its time of change move, because what it means has not changed."
pub async fn renewed_values_mean_the_same(bench: &Bench) {
    let users = written(bench, 3).await;
    bench.cipher.install(keys(1, 2)).unwrap();
    let found = stale(bench).await;
    let renewed = bench.commit(async |tx| tx.sealed().renew(column(bench), &found).await).await;
    assert_eq!(renewed, 3);
    assert_eq!(stale(bench).await, []);
    // The old keys are not needed any more.
    bench.cipher.install(keys(2, 2)).unwrap();
    for user in &users {
        assert_eq!(&bench.store.users().by_id(user.base.id).await.unwrap(), user);
        let number = user.phone.as_ref().unwrap();
        assert_eq!(with_number(bench, number).await, std::slice::from_ref(user));
    }
    let again = bench.refused(async |tx| tx.sealed().renew(column(bench), &found).await).await;
    assert_eq!(again, Kind::Internal, "what can't be opened is not written");
}

/// "One that somebody has written since it was read is left alone."
pub async fn a_value_written_meanwhile_is_left_alone(bench: &Bench) {
    let mut users = written(bench, 3).await;
    bench.cipher.install(keys(1, 2)).unwrap();
    let found = stale(bench).await;
    users[0].phone = Some(phone());
    users[1].phone = None;
    bench
        .commit(async |tx| {
            tx.users().update(&users[0]).await?;
            tx.users().update(&users[1]).await
        })
        .await;
    let renewed = bench.commit(async |tx| tx.sealed().renew(column(bench), &found).await).await;
    assert_eq!(renewed, 1);
    for user in &users {
        assert_eq!(bench.store.users().by_id(user.base.id).await.unwrap().phone, user.phone);
    }
}

/// While keys change, rows of both are found.
pub async fn is_found_under_both_keys(bench: &Bench) {
    let old = written(bench, 1).await.remove(0);
    bench.cipher.install(keys(1, 2)).unwrap();
    let new = User { phone: old.phone.clone(), ..user() };
    bench.commit(async |tx| tx.users().insert(&new).await).await;
    let found = with_number(bench, old.phone.as_ref().unwrap()).await;
    assert_eq!(found, [old, new]);
}

/// A ciphertext that is carried to another row is refused there, with the whole unit of work.
pub async fn a_moved_value_does_not_open(bench: &Bench) {
    let users = written(bench, 2).await;
    bench.cipher.install(keys(1, 2)).unwrap();
    let found = stale(bench).await;
    let moved = StaleValue { row: users[1].base.uuid, ..found[0].clone() };
    let refused = bench.refused(async |tx| tx.sealed().renew(column(bench), &[moved]).await).await;
    assert_eq!(refused, Kind::Internal);
    let gone = StaleValue { id: id(), ..found[0].clone() };
    assert_eq!(bench.commit(async |tx| tx.sealed().renew(column(bench), &[gone]).await).await, 0);
}
