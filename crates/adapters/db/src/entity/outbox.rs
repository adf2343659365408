//! Events that wait to be told, and those that nobody tells any more.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub event: String,
    pub subject: String,
    pub created_at: DateTimeUtc,
    pub partition_no: i16,
    /// Missing in rows from before the column, as long as they were never refused.
    pub event_id: Option<Uuid>,
    pub status: String,
    pub refusals: i32,
    pub due_at: Option<DateTimeUtc>,
    pub died_at: Option<DateTimeUtc>,
    pub last_error: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
