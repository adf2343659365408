//! Background jobs.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub uuid: Uuid,
    pub created_at: DateTimeUtc,
    pub queue: String,
    pub kind: String,
    pub payload: String,
    pub status: String,
    pub priority: i16,
    pub attempt: i32,
    pub max_attempts: i32,
    pub run_at: DateTimeUtc,
    pub started_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
    pub progress: Option<i32>,
    pub result: Option<String>,
    pub last_error: Option<String>,
    pub last_reason: Option<String>,
    pub cancel_requested_at: Option<DateTimeUtc>,
    pub lease_token: i64,
    pub lease_owner: Option<Uuid>,
    pub unique_key: Option<String>,
    pub unique_until: Option<DateTimeUtc>,
    pub turn: i64,
    pub lane: String,
    pub tenant_id: Option<i64>,
    pub traceparent: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
