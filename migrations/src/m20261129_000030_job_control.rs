//! What operators need to look after jobs: why each try failed, which running ones are to stop, which queues rest.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, integer, string_len, string_len_null, text, timestamp_with_time_zone,
    timestamp_with_time_zone_null,
};

use crate::columns::{create, drop, references};
use crate::mysql;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// As long as the longest reason may become.
const REASON: u32 = 32;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, column) in added() {
            if !manager.has_column("jobs", name).await? {
                let column = mysql::portable(manager, column);
                manager.alter_table(Table::alter().table("jobs").add_column(column).to_owned()).await?;
            }
        }
        create(manager, vec![job_attempts(), job_queues()], vec![]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["job_queues", "job_attempts"]).await?;
        for (name, _) in added() {
            if manager.has_column("jobs", name).await? {
                manager.alter_table(Table::alter().table("jobs").drop_column(name).to_owned()).await?;
            }
        }
        Ok(())
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn added() -> [(&'static str, ColumnDef); 2] {
    [
        ("cancel_requested_at", timestamp_with_time_zone_null("cancel_requested_at")),
        ("last_reason", string_len_null("last_reason", REASON)),
    ]
}

/// Only tries that did not succeed: the others are the job itself. A lease is one try, so its token names it, also
/// after an operator has let the job begin anew.
fn job_attempts() -> TableCreateStatement {
    Table::create()
        .table("job_attempts")
        .col(big_integer("job_id"))
        .col(big_integer("lease_token"))
        .col(integer("attempt"))
        .col(timestamp_with_time_zone_null("started_at"))
        .col(timestamp_with_time_zone("ended_at"))
        .col(string_len("reason", REASON))
        .col(text("error"))
        .primary_key(Index::create().col("job_id").col("lease_token"))
        .foreign_key(&mut references("job_id", "jobs"))
        .to_owned()
}

/// Only queues that somebody has let rest once.
fn job_queues() -> TableCreateStatement {
    Table::create()
        .table("job_queues")
        .col(string_len("name", 100).primary_key())
        .col(timestamp_with_time_zone_null("paused_at"))
        .to_owned()
}
