//! Roles of PostgreSQL.

use std::collections::BTreeSet;

use ports::{Error, Kind, Result};
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, QueryResult, Statement};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

use super::{Grantee, Held, Holds, Right, Role, changes};
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
        login.execute(AssertSqlSafe(make(&role.name))).await.during(OPERATION)?;
        return Ok(true);
    }
    if !role.required {
        tracing::info!(role = role.name, "the role can't be taken on; going on without it");
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

/// Whom reads act as, beside a service that acts as `service`: the role `<service>_reader`, made by whoever may. `None`
/// when the login can't act as it, or when whatever it may is the service's anyway.
pub(crate) async fn reader_for(login: &mut PgConnection, service: &str) -> Result<Option<Role>> {
    const OPERATION: &str = "db.connect";
    let reader = Role { name: format!("{service}_reader"), required: false };
    if !can_assume(login, &reader).await? {
        return Ok(None);
    }
    let inherits = "SELECT pg_has_role($1::name, $2::name, 'USAGE')";
    let inherits = sqlx::query_scalar(inherits).bind(service).bind(&reader.name).fetch_one(login).await;
    let inherits: bool = inherits.during(OPERATION)?;
    Ok((!inherits).then_some(reader))
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

/// Makes a role, unless it is there, and lets whoever is logged in act as it. Several processes may do so at the same
/// time.
pub(crate) fn make(name: &str) -> String {
    let role = Grantee::named(name, Holds::Reading).sql;
    let literal = name.replace('\'', "''");
    format!(
        "DO $$ BEGIN
           IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{literal}') THEN RETURN; END IF;
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
    let tables = changes(&held(owner, &grantee.name).await?, grantee, '"');
    if !tables.is_empty() {
        // What a later migration creates is there for them as soon as it is.
        let rights =
            if grantee.holds == Holds::Reading { "SELECT" } else { "SELECT, INSERT, UPDATE, DELETE" };
        due.push(format!(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {rights} ON TABLES TO {}",
            grantee.sql
        ));
        due.extend(tables);
    }
    if grantee.holds != Holds::Rows {
        due.extend(reading(owner, grantee).await?);
    }
    Ok(due)
}

/// Policies by which the grantee, and nobody else, reads rows of all tenants. They name a role, so they are rights and
/// not part of the schema; as conditions that are always true they cost a query nothing.
async fn reading(owner: &DatabaseConnection, grantee: &Grantee) -> std::result::Result<Vec<String>, DbErr> {
    let sql = "SELECT relname::text FROM pg_class c
               WHERE relnamespace = current_schema()::regnamespace AND relrowsecurity
                 AND pg_has_role(current_user, relowner, 'USAGE')
                 AND NOT EXISTS (SELECT 1 FROM pg_policy p JOIN pg_roles r ON p.polroles = ARRAY[r.oid]
                                 WHERE p.polrelid = c.oid AND p.polname = c.relname || '_read' AND r.rolname = $1)
               ORDER BY relname";
    let mut due = Vec::new();
    for row in owner.query_all_raw(statement(sql, [&grantee.name])).await? {
        let table: String = row.try_get_by(0)?;
        due.push(format!("DROP POLICY IF EXISTS \"{table}_read\" ON \"{table}\""));
        due.push(format!(
            "CREATE POLICY \"{table}_read\" ON \"{table}\" FOR SELECT TO {} USING (true)",
            grantee.sql
        ));
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
