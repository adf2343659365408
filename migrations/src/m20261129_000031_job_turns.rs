//! Who is next: tenants take turns, limited kinds stand in lanes of their own, and unique keys become free again.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string_len, timestamp_with_time_zone_null};

use crate::columns::{TableIndex, create, drop, index};
use crate::{mysql, online};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// As long as the name of a kind.
const KIND: u32 = 200;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, column) in added() {
            if !manager.has_column("jobs", name).await? {
                let column = mysql::portable(manager, column);
                manager.alter_table(Table::alter().table("jobs").add_column(column).to_owned()).await?;
            }
        }
        if !manager.has_table("job_gates").await? {
            create(manager, vec![job_gates()], vec![]).await?;
        }
        for index in [next(), of_tenant()] {
            online::create_index(manager, index).await?;
        }
        online::drop_index(manager, "jobs", &former().name).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online::create_index(manager, former()).await?;
        for index in [next(), of_tenant()] {
            online::drop_index(manager, index.table, &index.name).await?;
        }
        if manager.has_table("job_gates").await? {
            drop(manager, &["job_gates"]).await?;
        }
        for (name, _) in added() {
            if manager.has_column("jobs", name).await? {
                manager.alter_table(Table::alter().table("jobs").drop_column(name).to_owned()).await?;
            }
        }
        Ok(())
    }

    /// The indices can't be built in one. Each step may be taken twice.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

/// Rows from before, and of programs of the release before, have the first turn and stand in the common lane.
fn added() -> [(&'static str, ColumnDef); 3] {
    [
        ("turn", big_integer("turn").default(0).to_owned()),
        ("lane", string_len("lane", KIND).default("").to_owned()),
        ("unique_until", timestamp_with_time_zone_null("unique_until")),
    ]
}

fn waiting(columns: &[&'static str]) -> TableIndex {
    let waits = Expr::col("status").is_in(["scheduled", "queued", "failed"]);
    index("jobs", columns).keyed("waiting", waits)
}

/// What claims walk along.
fn next() -> TableIndex {
    waiting(&["queue", "lane", "priority", "turn", "run_at", "id"]).named("jobs_next")
}

/// Where the last turn of a tenant is looked up.
fn of_tenant() -> TableIndex {
    waiting(&["queue", "tenant_id", "turn"]).named("jobs_of_tenant")
}

/// What claims walked along before. A program of the release before finds its way without it, if slower.
fn former() -> TableIndex {
    waiting(&["queue", "priority", "run_at", "id"])
}

/// One row per limited kind that was claimed once: who claims it locks the row.
fn job_gates() -> TableCreateStatement {
    Table::create()
        .table("job_gates")
        .col(string_len("kind", KIND).primary_key())
        .col(big_integer("free_at"))
        .to_owned()
}
