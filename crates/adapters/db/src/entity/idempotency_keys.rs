//! Keys of requests, by hash, and what was answered.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub fingerprint: Vec<u8>,
    pub token: i64,
    pub lease_until: Option<DateTimeUtc>,
    pub keep_until: DateTimeUtc,
    pub status: Option<i16>,
    pub headers: Option<String>,
    pub body: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
