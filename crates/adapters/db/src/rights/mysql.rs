//! Accounts of MySQL and MariaDB. Rights on a whole database can't be taken back for one table, so each table has
//! its own.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement, Value};

use super::{Grantee, Held, Right, changes};

/// The statements that are due. The account itself, an administrator makes.
pub(super) async fn settle(owner: &DatabaseConnection, grantee: &Grantee) -> Result<Vec<String>, DbErr> {
    let tables = rows(
        owner,
        "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
         ORDER BY TABLE_NAME",
        [],
    )
    .await?;
    let mut present: BTreeMap<String, BTreeSet<Right>> = BTreeMap::new();
    let rights = "SELECT TABLE_NAME, PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES
                  WHERE TABLE_SCHEMA = DATABASE() AND GRANTEE = ?";
    for (table, right) in rows(owner, rights, [grantee.sql.as_str().into()]).await? {
        if let Some(right) = Right::ALL.into_iter().find(|known| known.sql() == right) {
            present.entry(table).or_default().insert(right);
        }
    }
    let held = tables.into_iter().map(|(name, kind)| {
        let rights = present.remove(&name).unwrap_or_default();
        Held { name, is_view: kind == "VIEW", rights }
    });
    let mut due = changes(&held.collect::<Vec<_>>(), grantee, '`');
    // A routine that is made anew loses its grants; those on the database stay.
    let calls = "SELECT PRIVILEGE_TYPE, DATABASE() FROM information_schema.SCHEMA_PRIVILEGES
                 WHERE DATABASE() LIKE TABLE_SCHEMA AND GRANTEE = ? AND PRIVILEGE_TYPE = 'EXECUTE'";
    if rows(owner, calls, [grantee.sql.as_str().into()]).await?.is_empty() {
        let (database, _) = rows(owner, "SELECT DATABASE(), ''", []).await?.pop().unwrap_or_default();
        due.push(format!("GRANT EXECUTE ON `{database}`.* TO {}", grantee.sql));
    }
    Ok(due)
}

async fn rows<const N: usize>(
    connection: &DatabaseConnection,
    sql: &str,
    values: [Value; N],
) -> Result<Vec<(String, String)>, DbErr> {
    let statement = Statement::from_sql_and_values(DatabaseBackend::MySql, sql, values);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok((row.try_get_by(0)?, row.try_get_by(1)?))).collect()
}
