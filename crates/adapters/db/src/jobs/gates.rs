//! Claims of limited kinds, one at a time: whoever claims holds the kind's row until the claim has committed, so that all
//! count what the others have taken.

use domain::Allowance;
use ports::{Claim, Limited, Result};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect,
};

use crate::entity::job_gates::{Column, Entity, Model};
use crate::entity::jobs;
use crate::error::During;

const OPERATION: &str = "jobs.claim";

/// A gate that this unit of work holds.
pub(super) struct Gate {
    kind: String,
    allowance: Option<Allowance>,
    /// Jobs that may pass.
    pub(super) open: u64,
}

/// Waits for a gate, and sees how far it is open.
pub(super) async fn hold(work: &DatabaseTransaction, limited: &Limited, claim: &Claim) -> Result<Gate> {
    let free_at = locked(work, &limited.kind).await.during(OPERATION)?;
    let allowance = limited.limits.rate.map(|rate| rate.allows(free_at, claim.now));
    let mut open = allowance.map_or(claim.limit, |allowance| claim.limit.min(allowance.jobs()));
    if let Some(most) = limited.limits.concurrency {
        let running = jobs::Entity::find()
            .filter(jobs::Column::Status.eq("running"))
            .filter(jobs::Column::Lane.eq(limited.kind.as_str()));
        let running = running.count(work).await.during(OPERATION)?;
        open = open.min(u64::from(most).saturating_sub(running));
    }
    Ok(Gate { kind: limited.kind.clone(), allowance, open })
}

impl Gate {
    /// Notes that so many have passed.
    pub(super) async fn passed(&self, work: &DatabaseTransaction, jobs: usize) -> Result<()> {
        let Some(allowance) = self.allowance else { return Ok(()) };
        let free_at = allowance.after(u64::try_from(jobs).unwrap_or(u64::MAX));
        let note = Entity::update_many()
            .col_expr(Column::FreeAt, Expr::val(free_at))
            .filter(Column::Kind.eq(self.kind.as_str()));
        note.exec(work).await.during(OPERATION).map(|_| ())
    }
}

async fn locked(work: &DatabaseTransaction, kind: &str) -> std::result::Result<i64, DbErr> {
    if let Some(free_at) = locked_if_there(work, kind).await? {
        return Ok(free_at);
    }
    let known = OnConflict::column(Column::Kind).do_nothing_on([Column::Kind]).to_owned();
    let row = Model { kind: kind.to_owned(), free_at: 0 };
    let insert = Entity::insert(row.into_active_model()).on_conflict(known);
    insert.exec_without_returning(work).await?;
    Ok(locked_if_there(work, kind).await?.unwrap_or_default())
}

async fn locked_if_there(work: &impl ConnectionTrait, kind: &str) -> std::result::Result<Option<i64>, DbErr> {
    let row = Entity::find_by_id(kind).select_only().column(Column::FreeAt).lock_exclusive();
    row.into_tuple().one(work).await
}
