//! The outbox in partitions, with dead letters, and the inbox of consumers.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, integer, pk_uuid, small_integer, string_len, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null, uuid, uuid_null,
};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::columns::{create, drop, index};
use crate::mysql::portable;

/// Never to be lowered: a relay serves only partitions that are rows.
const PARTITIONS: i16 = 16;
/// Whoever administers may see and decide about dead letters, as with dead jobs.
const GRANT: &str = "INSERT INTO role_permissions (role_id, permission) /* bounded: roles are few */
    SELECT id, 'events:*' FROM roles WHERE name = 'admin' AND id NOT IN (
        SELECT role_id FROM role_permissions WHERE permission = 'events:*')";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // `outbox.holder` is not used any more. It stays as long as a program may run that knows it.
        // Rows from before lie in the first partition whatever their subject; the relay knows how to order them.
        for column in added() {
            if !manager.has_column("outbox", column.get_column_name()).await? {
                let mut column = portable(manager, column);
                let add = Table::alter().table("outbox").add_column(&mut column).to_owned();
                manager.alter_table(add).await?;
            }
        }
        let indices = vec![index("inbox", &["handled_at"])];
        create(manager, vec![partitions(), relays(), inbox()], indices).await?;
        let connection = manager.get_connection();
        connection.execute(&numbered()).await?;
        connection.execute_unprepared(GRANT).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut withdraw = Query::delete();
        withdraw.from_table("role_permissions").and_where(Expr::col("permission").eq("events:*"));
        manager.get_connection().execute(&withdraw).await?;
        drop(manager, &["inbox", "outbox_relays", "outbox_partitions"]).await?;
        for column in added() {
            let name = column.get_column_name();
            if manager.has_column("outbox", &name).await? {
                let drop = Table::alter().table("outbox").drop_column(Alias::new(name)).to_owned();
                manager.alter_table(drop).await?;
            }
        }
        Ok(())
    }

    /// A crash in the middle leaves nothing behind; on MySQL, where it does, each step may be taken twice.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// One statement each: SQLite takes no more.
fn added() -> Vec<ColumnDef> {
    vec![
        small_integer("partition_no").default(0).to_owned(),
        uuid_null("event_id"),
        string_len("status", 8).default("waiting").to_owned(),
        integer("refusals").default(0).to_owned(),
        timestamp_with_time_zone_null("due_at"),
        timestamp_with_time_zone_null("died_at"),
        text_null("last_error"),
    ]
}

fn partitions() -> TableCreateStatement {
    Table::create()
        .table("outbox_partitions")
        .col(small_integer("id").primary_key())
        .col(uuid_null("holder"))
        .col(big_integer("token"))
        .to_owned()
}

/// Who wants a share of the partitions.
fn relays() -> TableCreateStatement {
    Table::create().table("outbox_relays").col(pk_uuid("holder")).to_owned()
}

fn inbox() -> TableCreateStatement {
    Table::create()
        .table("inbox")
        .col(string_len("consumer", 100))
        .col(uuid("event_id"))
        .col(timestamp_with_time_zone("handled_at"))
        .col(integer("tellings"))
        .primary_key(Index::create().col("consumer").col("event_id"))
        .to_owned()
}

fn numbered() -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table("outbox_partitions").columns(["id", "token"]);
    insert.on_conflict(OnConflict::column("id").do_nothing_on(["id"]).to_owned());
    for number in 0..PARTITIONS {
        insert.values_panic([number.into(), 0_i64.into()]);
    }
    insert
}
