//! Roles of PostgreSQL.

use std::collections::BTreeSet;

use ports::{Error, Kind, Result};
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, QueryResult, Statement};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

use super::{Grantee, Held, Right, Role, changes};
use crate::error::During;

/// Whether whoever is connected may take the role on. One that is missing is made, without a login and without rights,
/// by whoever may.
///
/// # Errors
/// `Unsupported` when the role is required and can't be had.
pub(crate) async fn can_assume(login: &mut PgConnection, role: &Role) -> Result<bool> {
    const OPERATION: &str = "db.connect";
    let (member, creates) = membership(login, role).await.during(OPERATION)?;
    if member == Some(true) {
        return Ok(true);
    }
    if member.is_none() && creates {
        login.execute(AssertSqlSafe(make(&role.sql()))).await.during(OPERATION)?;
        return Ok(true);
    }
    if !role.required {
        tracing::info!(role = role.name, "the role can't be taken on; going on as whoever is logged in");
        return Ok(false);
    }
    let name = &role.name;
    let remedy = match member {
        Some(_) => format!("GRANT {name} TO <the login>"),
        None => format!("CREATE ROLE {name} NOLOGIN; GRANT {name} TO <the login>"),
    };
    let text = format!("the login can't act as {name}; as an administrator: {remedy}");
    Err(Error::with(Kind::Unsupported, OPERATION, text))
}

/// Whether the login is a member of the role, if there is one, and whether it may make one.
async fn membership(
    login: &mut PgConnection,
    role: &Role,
) -> std::result::Result<(Option<bool>, bool), sqlx::Error> {
    let sql = "SELECT (SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = $1),
                      (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)";
    sqlx::query_as(sql).bind(&role.name).fetch_one(login).await
}

/// Makes a role and lets whoever is logged in act as it. Several processes may do so at the same time.
fn make(role: &str) -> String {
    format!(
        "DO $$ BEGIN
           CREATE ROLE {role} NOLOGIN;
           IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
             EXECUTE format('GRANT {role} TO %I', current_user);
           END IF;
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
}

/// The statements that are due.
pub(super) async fn settle(
    owner: &DatabaseConnection,
    grantee: &Grantee,
) -> std::result::Result<Vec<String>, DbErr> {
    let mut due = Vec::new();
    let schema: String = one(owner, "SELECT quote_ident(current_schema())", []).await?;
    let uses = "SELECT has_schema_privilege($1::name, current_schema(), 'USAGE')";
    if !one::<bool, 1>(owner, uses, [&grantee.name]).await? {
        due.push(format!("GRANT USAGE ON SCHEMA {schema} TO {}", grantee.sql));
    }
    let tables = changes(&held(owner, &grantee.name).await?, &grantee.sql, '"');
    if !tables.is_empty() {
        // What a later migration creates is there for the service as soon as it is.
        due.push(format!(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
            grantee.sql
        ));
        due.extend(tables);
    }
    Ok(due)
}

/// What the role may do with the tables and views that are the owner's to grant.
async fn held(owner: &DatabaseConnection, role: &str) -> std::result::Result<Vec<Held>, DbErr> {
    let sql = "SELECT relname::text, relkind = 'v', has_table_privilege($1::name, oid, 'SELECT'),
                      has_table_privilege($1::name, oid, 'INSERT'), has_table_privilege($1::name, oid, 'UPDATE'),
                      has_table_privilege($1::name, oid, 'DELETE')
               FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v')
                 AND pg_has_role(current_user, relowner, 'USAGE') ORDER BY relname";
    let rows = owner.query_all_raw(statement(sql, [role])).await?;
    let read = |row: &QueryResult| {
        let mut rights = BTreeSet::new();
        for (index, right) in Right::ALL.into_iter().enumerate() {
            if row.try_get_by(index + 2)? {
                rights.insert(right);
            }
        }
        Ok(Held { name: row.try_get_by(0)?, is_view: row.try_get_by(1)?, rights })
    };
    rows.iter().map(read).collect()
}

async fn one<T: sea_orm::TryGetable, const N: usize>(
    connection: &DatabaseConnection,
    sql: &str,
    values: [&str; N],
) -> std::result::Result<T, DbErr> {
    let row = connection.query_one_raw(statement(sql, values)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?.try_get_by(0)
}

fn statement<const N: usize>(sql: &str, values: [&str; N]) -> Statement {
    Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values.map(Into::into))
}
