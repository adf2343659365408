//! Row-level security of PostgreSQL for tables whose rows belong to tenants: the last line of defence behind queries
//! that name their tenant. Other engines have none, and rely on the queries.
//!
//! A session says for whom it works with `SET LOCAL mainstay.tenant = '<id>'` in its transaction. One that has not
//! said so sees no row and writes none, the owner of the table included (`FORCE`); superusers see everything, which
//! is one more reason not to be one.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};

/// Shows rows of `table` only to sessions of their `tenant_id`. Does nothing on other engines. Quick on tables of any
/// size, and done again without harm.
///
/// # Errors
/// Those of the driver.
pub async fn by_tenant(connection: &impl ConnectionTrait, table: &str) -> Result<(), DbErr> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    // An empty setting is what a session has that has reset it.
    let of_tenant = "tenant_id = nullif(current_setting('mainstay.tenant', true), '')::bigint";
    for sql in [
        format!("DROP POLICY IF EXISTS \"{table}_by_tenant\" ON \"{table}\""),
        format!(
            "CREATE POLICY \"{table}_by_tenant\" ON \"{table}\" USING ({of_tenant}) WITH CHECK ({of_tenant})"
        ),
        format!("ALTER TABLE \"{table}\" ENABLE ROW LEVEL SECURITY"),
        format!("ALTER TABLE \"{table}\" FORCE ROW LEVEL SECURITY"),
    ] {
        connection.execute_unprepared(&sql).await?;
    }
    Ok(())
}
