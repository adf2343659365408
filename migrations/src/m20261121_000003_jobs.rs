//! The job table and the outbox: what commits with a state change and is done afterwards.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, integer_null, small_integer, string_len, string_len_null, text,
    text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid_null,
};

use crate::columns::{create, drop, index, record, table, unique, unique_present};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let waiting = Expr::col("status").is_in(["scheduled", "queued", "failed"]);
        let ended = Expr::col("status").is_in(["succeeded", "cancelled"]);
        let running = Expr::col("status").eq("running");
        let indices = vec![
            unique("jobs", &["uuid"]),
            unique_present("jobs", "unique_key"),
            index("jobs", &["queue", "priority", "run_at", "id"]).keyed("waiting", waiting),
            index("jobs", &["lease_owner"]).and_where(running),
            index("jobs", &["finished_at"]).and_where(ended),
            index("jobs", &["status", "id"]),
            index("outbox", &["subject", "id"]),
            index("outbox", &["holder"]).and_where(Expr::col("holder").is_not_null()),
        ];
        create(manager, vec![jobs(manager), outbox(manager)], indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["outbox", "jobs"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// JSON is kept as text: nobody asks the database about its inside, and text comes back exactly as written
/// on every engine (PostgreSQL's `jsonb` refuses `\u0000` and reorders keys).
fn jobs(manager: &SchemaManager<'_>) -> TableCreateStatement {
    record(manager, "jobs")
        .col(string_len("queue", 100))
        .col(string_len("kind", 200))
        .col(text("payload"))
        .col(string_len("status", 16))
        .col(small_integer("priority"))
        .col(integer("attempt"))
        .col(integer("max_attempts"))
        .col(timestamp_with_time_zone("run_at"))
        .col(timestamp_with_time_zone_null("started_at"))
        .col(timestamp_with_time_zone_null("finished_at"))
        .col(integer_null("progress"))
        .col(text_null("result"))
        .col(text_null("last_error"))
        .col(big_integer("lease_token"))
        .col(uuid_null("lease_owner"))
        .col(string_len_null("unique_key", 255))
        .col(big_integer_null("tenant_id"))
        .col(text_null("traceparent"))
        .to_owned()
}

fn outbox(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "outbox")
        .col(text("event"))
        .col(string_len("subject", 255))
        .col(uuid_null("holder"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}
