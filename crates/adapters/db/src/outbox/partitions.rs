//! Which subject lies in which partition, and which relay has which partitions.

use ports::{Partition, Result};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    UpdateMany,
};
use uuid::Uuid;

use crate::entity::outbox_partitions::{Column, Entity, Model};
use crate::entity::outbox_relays;
use crate::error::During;

/// As many as the migration wrote. Enough to share among the relays of a large installation, few enough to read
/// all of them at once.
const PARTITIONS: u64 = 16;

/// FNV-1a, 64 bits: the same in every release and on every machine, as a row's partition is stored.
pub(super) fn of(subject: &str) -> i16 {
    let hash = subject.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    i16::try_from(hash % PARTITIONS).unwrap_or_default()
}

/// Numbers of those among `mine` that have not changed hands.
pub(super) fn still(mine: &[Partition]) -> SelectStatement {
    let any = mine.iter().fold(Condition::any(), |any, one| {
        any.add(Condition::all().add(Column::Id.eq(one.number)).add(Column::Token.eq(one.token)))
    });
    Query::select().column(Column::Id).from(Entity).cond_where(any).to_owned()
}

/// [`ports::OutboxRelay::share`]. Each statement stands alone: whoever is faster has the partition, and who got less
/// than its share comes again.
pub(super) async fn share(connection: &DatabaseConnection, holder: Uuid) -> Result<Vec<Partition>> {
    const OPERATION: &str = "outbox.share";
    let relays = count_among_relays(connection, holder).await?;
    let all = Entity::find().order_by_asc(Column::Id).all(connection).await.during(OPERATION)?;
    let mine: Vec<&Model> = all.iter().filter(|one| one.holder == Some(holder)).collect();
    let due = all.len().div_ceil(relays);
    if mine.len() > due {
        let surplus = hand_over(None).filter(Column::Id.is_in(mine[due..].iter().map(|one| one.id)));
        surplus.filter(Column::Holder.eq(holder)).exec(connection).await.during(OPERATION)?;
        return Ok(mine[..due].iter().map(|one| partition_of(one)).collect());
    }
    let free: Vec<i16> = all.iter().filter(|one| one.holder.is_none()).map(|one| one.id).collect();
    if mine.len() == due || free.is_empty() {
        return Ok(mine.into_iter().map(partition_of).collect());
    }
    let wanted = free.into_iter().take(due - mine.len());
    let take = hand_over(Some(holder)).filter(Column::Id.is_in(wanted)).filter(Column::Holder.is_null());
    take.exec(connection).await.during(OPERATION)?;
    let mine = Entity::find().filter(Column::Holder.eq(holder)).order_by_asc(Column::Id);
    Ok(mine.all(connection).await.during(OPERATION)?.iter().map(partition_of).collect())
}

/// [`ports::OutboxRelay::rescue`].
pub(super) async fn rescue(connection: &DatabaseConnection, holder: Uuid) -> Result<u64> {
    const OPERATION: &str = "outbox.rescue";
    let free = hand_over(None).filter(Column::Holder.eq(holder));
    let freed = free.exec(connection).await.during(OPERATION)?.rows_affected;
    outbox_relays::Entity::delete_by_id(holder).exec(connection).await.during(OPERATION)?;
    Ok(freed)
}

/// How many relays there are, this one included.
async fn count_among_relays(connection: &DatabaseConnection, holder: Uuid) -> Result<usize> {
    const OPERATION: &str = "outbox.share";
    let known = outbox_relays::Entity::find().all(connection).await.during(OPERATION)?;
    if known.iter().any(|relay| relay.holder == holder) {
        return Ok(known.len());
    }
    let join = outbox_relays::Entity::insert(outbox_relays::Model { holder }.into_active_model());
    join.exec_without_returning(connection).await.during(OPERATION)?;
    Ok(known.len() + 1)
}

fn hand_over(to: Option<Uuid>) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::Holder, Expr::val(to))
        .col_expr(Column::Token, Expr::col(Column::Token).add(1))
}

fn partition_of(row: &Model) -> Partition {
    Partition { number: row.id, token: row.token }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{PARTITIONS, of};

    #[test]
    fn a_subject_stays_where_it_is_and_many_spread() {
        // Stored with rows: a change would tear subjects apart.
        assert_eq!([of(""), of("users/1"), of("users/2")], [5, 15, 2]);
        let used: HashSet<i16> = (0..200).map(|number| of(&format!("users/{number}"))).collect();
        assert_eq!(used.len() as u64, PARTITIONS);
    }
}
