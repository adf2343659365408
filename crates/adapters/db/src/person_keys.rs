//! A key of each person's own, encrypted as a column. It goes with the user's row, and with it all that was encrypted
//! under it in rows that stay.
//!
//! It is read for each use and remembered nowhere: once it is destroyed, it is.

use std::collections::HashMap;

use ports::Result;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use secrecy::zeroize::Zeroizing;
use uuid::Uuid;

use crate::conn::{Link, Work};
use crate::entity::person_keys::{Column, Entity, Model};
use crate::entity::users;
use crate::error::During;
use crate::sealed::PERSON;

pub(crate) type Key = Zeroizing<Vec<u8>>;

/// Writes the key of a new user.
pub(crate) async fn create(work: &Work, id: i64, uuid: Uuid, operation: &'static str) -> Result<()> {
    let cipher = work.cipher();
    let key_sealed = cipher.seal(PERSON, uuid, &cipher.new_key()?)?;
    // Somebody else may write it at the same moment; the first one stays.
    let insert = Entity::insert(Model { id, uuid, key_sealed }.into_active_model());
    let insert = insert.on_conflict_do_nothing_on([Column::Id]);
    insert.exec_without_returning(work.write()).await.during(operation)?;
    Ok(())
}

/// The keys of those who have one.
pub(crate) async fn of(
    link: &impl Link,
    people: impl IntoIterator<Item = Uuid>,
    operation: &'static str,
) -> Result<HashMap<Uuid, Key>> {
    let mut people: Vec<Uuid> = people.into_iter().collect();
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = Entity::find().filter(Column::Uuid.is_in(people)).all(link.read()).await.during(operation)?;
    let open = |row: Model| Ok((row.uuid, link.cipher().open(PERSON, row.uuid, &row.key_sealed)?));
    rows.into_iter().map(open).collect()
}

/// A key of nobody's, which costs as much as to open somebody's.
pub(crate) fn decoy(work: &Work, person: Uuid) -> Result<Key> {
    let key = work.cipher().new_key()?;
    work.cipher().seal(PERSON, person, &key)?;
    Ok(key)
}

/// The key of somebody who acts. Accounts that are older than keys get theirs now; `None` for who is no user.
pub(crate) async fn of_actor(work: &Work, person: Uuid, operation: &'static str) -> Result<Option<Key>> {
    if let Some(key) = of(work, [person], operation).await?.remove(&person) {
        return Ok(Some(key));
    }
    let id = users::Entity::find().select_only().column(users::Column::Id);
    let id = id.filter(users::Column::Uuid.eq(person)).into_tuple::<i64>().one(work.read()).await;
    let Some(id) = id.during(operation)? else { return Ok(None) };
    create(work, id, person, operation).await?;
    Ok(of(work, [person], operation).await?.remove(&person))
}
