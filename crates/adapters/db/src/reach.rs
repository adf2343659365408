//! For whom a transaction works with rows of tenants: what PostgreSQL's row-level security wants to hear before it shows
//! or takes any of them (`migrations/src/row_security.rs`).
//!
//! **Invariant:** whatever touches tables of tenants asks [`Link::within`](crate::conn::Link::within) for its connection,
//! with the scope that it was given. Beyond one scope there are the few named ways of [`Reach`], and no other.

use domain::TenantScope;
use migrations::row_security;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// Whose rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those that belong to the platform.
    Platform,
    /// Those of the tenant with this internal id.
    Tenant(i64),
    /// Anybody's, to be read by a key that tells whose they are.
    Lookup,
    /// Anybody's that have expired, to be removed.
    Purge,
    /// New ones of many tenants.
    Seed,
}

impl From<TenantScope> for Reach {
    fn from(scope: TenantScope) -> Self {
        scope.tenant_id().map_or(Self::Platform, Self::Tenant)
    }
}

impl Reach {
    /// The values of `mainstay.tenant` and `mainstay.reach`.
    fn settings(self) -> (String, &'static str) {
        match self {
            Self::Tenant(id) => (id.to_string(), ""),
            Self::Platform => (String::new(), "platform"),
            Self::Lookup => (String::new(), row_security::Reach::Lookup.word()),
            Self::Purge => (String::new(), row_security::Reach::Purge.word()),
            Self::Seed => (String::new(), row_security::Reach::Seed.word()),
        }
    }
}

/// Says so to the transaction that the connection is in, until it ends.
pub(crate) async fn tell(transaction: &impl ConnectionTrait, reach: Reach) -> Result<(), DbErr> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let sql = "SELECT set_config('mainstay.tenant', $1, true), set_config('mainstay.reach', $2, true)";
    let (tenant, word) = reach.settings();
    let values = [tenant.into(), word.into()];
    transaction.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    Ok(())
}
