//! Logins on their way to another provider.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_logins")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub hash: Vec<u8>,
    pub provider: String,
    pub redirect_uri: String,
    pub browser: Vec<u8>,
    pub challenge: Option<Vec<u8>>,
    pub tenant: Option<Uuid>,
    pub linking_session: Option<i64>,
    pub expires_at: DateTimeUtc,
    pub spent_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
