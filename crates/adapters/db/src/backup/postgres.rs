//! PostgreSQL: `pg_dump` and `pg_restore`, in the custom format.

use std::str::FromStr;

use ports::{ByteStream, Error, Kind, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::program::Program;
use super::{DUMP, RESTORE, decoded};
use crate::engine::MigrationSession;
use crate::error::During;
use crate::rights;

const PACKAGE: &str = "postgresql-client";

/// Everything that is not the server's own or an extension's.
const OURS: &str =
    "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'";
const NO_EXTENSION: &str = "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')";

/// Sees that whoever dumps reads every row of the tables that have row-level security, and tells the roles that their
/// policies name. `pg_dump` itself would leave rows out without a word.
pub(super) async fn readable(connection: &DatabaseConnection) -> Result<Vec<String>> {
    let text = |sql: &str| Statement::from_string(connection.get_database_backend(), sql);
    let hidden =
        "SELECT coalesce(string_agg(relname, ', '), '') FROM pg_class c WHERE row_security_active(oid)
                  AND relnamespace = current_schema()::regnamespace AND NOT EXISTS (
                    SELECT 1 FROM pg_policy WHERE polrelid = c.oid AND polname = relname || '_by_owner'
                  )";
    let row = connection.query_one_raw(text(hidden)).await.during(DUMP)?;
    let hidden: String = row.map_or_else(|| Ok(String::new()), |row| row.try_get_by(0)).during(DUMP)?;
    if !hidden.is_empty() {
        let text =
            format!("row-level security hides rows of {hidden} from whoever dumps; dump as a superuser");
        return Err(Error::with(Kind::Unsupported, DUMP, text));
    }
    let roles =
        "SELECT DISTINCT rolname::text FROM pg_policy JOIN pg_roles r ON r.oid = ANY (polroles) ORDER BY 1";
    let rows = connection.query_all_raw(text(roles)).await.during(DUMP)?;
    rows.iter().map(|row| row.try_get_by(0).during(DUMP)).collect()
}

/// `pg_dump` reads from one snapshot, whoever writes meanwhile. It is not to compress: that is done for all engines.
pub(super) fn dump(url: &str, session: MigrationSession) -> Result<ByteStream<'static>> {
    Program::new("pg_dump", PACKAGE, DUMP)
        .args(["--format=custom", "--compress=0", "--no-password", "--lock-wait-timeout=30s"])
        // The owner's own policies let everything through, see `readable`.
        .args(["--enable-row-security"])
        .envs(variables(url)?)
        .output(session)
}

/// All or nothing, after whatever was there has been dropped. Owners and rights are those of whoever restores: the
/// roles of another installation need not exist here, but for those that policies name: the next migration puts its own
/// in their place.
pub(super) async fn load(
    url: &str,
    session: MigrationSession,
    roles: &[String],
    content: ByteStream<'static>,
) -> Result<()> {
    for role in roles {
        session.connection.execute_unprepared(&rights::make(role)).await.during(RESTORE)?;
    }
    session.connection.execute_unprepared(&clear()).await.during(RESTORE)?;
    let variables = variables(url)?;
    let database = variables.iter().find(|(name, _)| *name == "PGDATABASE");
    let database = format!("--dbname={}", database.map_or("", |(_, database)| database));
    Program::new("pg_restore", PACKAGE, RESTORE)
        .args([
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-acl",
            "--no-password",
            &database,
        ])
        .envs(variables)
        .input(content)
        .await?;
    session.connection.close().await.during(RESTORE)
}

pub(super) async fn has_content(connection: &DatabaseConnection) -> Result<bool> {
    let sql = format!(
        "SELECT EXISTS (
           SELECT 1 FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace WHERE {OURS} AND {NO_EXTENSION}
         )"
    );
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await.during(RESTORE)?;
    row.map_or(Ok(false), |row| row.try_get_by(0).during(RESTORE))
}

/// One statement, and so one transaction. What goes with something else is gone when its turn comes.
fn clear() -> String {
    format!(
        "DO $$
         DECLARE one record;
         BEGIN
           FOR one IN
             SELECT o.relkind::text AS kind, format('%I.%I', n.nspname, o.relname) AS name
             FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
             WHERE o.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {OURS} AND {NO_EXTENSION}
           LOOP
             IF to_regclass(one.name) IS NOT NULL THEN
               EXECUTE 'DROP ' || CASE one.kind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                 WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END
                 || ' ' || one.name || ' CASCADE';
             END IF;
           END LOOP;
           FOR one IN
             SELECT o.oid::regprocedure::text AS name
             FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace WHERE {OURS} AND {NO_EXTENSION}
           LOOP
             EXECUTE 'DROP ROUTINE IF EXISTS ' || one.name || ' CASCADE';
           END LOOP;
           FOR one IN
             SELECT format('%I.%I', n.nspname, o.typname) AS name
             FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace
             WHERE o.typtype IN ('e', 'd') AND {OURS} AND {NO_EXTENSION}
           LOOP
             EXECUTE 'DROP TYPE IF EXISTS ' || one.name || ' CASCADE';
           END LOOP;
         END $$"
    )
}

/// The URL in the words of PostgreSQL's own programs. What it does not say, the environment may, as for ourselves.
fn variables(url: &str) -> Result<Vec<(&'static str, String)>> {
    let options = PgConnectOptions::from_str(url).during(DUMP)?;
    let host =
        options.get_socket().map_or_else(|| options.get_host().to_owned(), |at| at.display().to_string());
    let mode = match options.get_ssl_mode() {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    };
    let mut variables = vec![
        ("PGHOST", host),
        ("PGPORT", options.get_port().to_string()),
        ("PGUSER", options.get_username().to_owned()),
        ("PGDATABASE", options.get_database().unwrap_or(options.get_username()).to_owned()),
        ("PGSSLMODE", mode.to_owned()),
        ("PGAPPNAME", "mainstay".to_owned()),
        ("PGCONNECT_TIMEOUT", "10".to_owned()),
    ];
    // What the driver does not tell. A URL of a form that only it understands has a password elsewhere.
    if let Ok(url) = Url::parse(url) {
        variables.extend(url.password().map(|password| ("PGPASSWORD", decoded(password))));
        for (name, value) in url.query_pairs() {
            let variable = match name.as_ref() {
                "password" => "PGPASSWORD",
                "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
                "sslcert" | "ssl-cert" => "PGSSLCERT",
                "sslkey" | "ssl-key" => "PGSSLKEY",
                _ => continue,
            };
            variables.push((variable, value.into_owned()));
        }
    }
    Ok(variables)
}
