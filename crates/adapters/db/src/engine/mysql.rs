//! MySQL and MariaDB: what their connections are told. They tell other processes nothing, so nobody listens.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use ports::{ColumnCipher, Error, Kind, Result};
use sea_orm::{DatabaseConnection, SqlxMySqlConnector};
use sqlx::mysql::{MySql, MySqlConnectOptions, MySqlConnection, MySqlPool};
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::server::{
    CONNECT, IDLE_TRANSACTION_SECONDS, STATEMENT_SECONDS, Size, logged, pool_options, probe, single,
    wait_for_lock,
};
use crate::conn::Pools;
use crate::error::During;
use crate::remarks::Remarks;
use crate::rights::{Grantee, Holds};
use crate::settings::Settings;

/// Waiting for somebody else's row (a migration: table) ends before the statement's time does.
const LOCK_WAIT_SECONDS: u32 = 10;
/// Less than [`IDLE_TRANSACTION_SECONDS`], after which MySQL ends idle sessions of whatever kind.
const IDLE: Duration = Duration::from_secs(15);
/// Errors instead of silent truncation and invented values, and the operators of standard SQL. Set as a whole, so
/// that it does not depend on how the server was configured.
const SQL_MODE: &str = "STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,\
                        ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT";
/// A lock's name counts in the whole server, has 64 characters at most, and so has the database's name.
const TRY_MIGRATION_LOCK: &str = "SELECT COALESCE(GET_LOCK(CONCAT('mainstay-', MD5(DATABASE())), 0), 0)";

/// A database on a MySQL or MariaDB server.
#[derive(Clone)]
pub(crate) struct Mysql {
    options: MySqlConnectOptions,
    /// Where the owner of the tables logs in, if that is somebody else.
    owner: Option<MySqlConnectOptions>,
    size: Size,
}

/// What may take how long on a connection.
#[derive(Clone, Copy)]
enum Limits {
    /// Statements and idle transactions end.
    Service,
    /// Migrations may take longer than a statement usually may, but not wait for long: behind a lock that is waited
    /// for, everybody waits.
    Migration,
}

impl Mysql {
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        let parse = |url: &str| parse(url, settings.slow);
        let options = parse(&settings.url)?;
        let owner = settings.owner_url.as_deref().map(parse).transpose()?;
        Ok(Self { options, owner, size: Size::from_settings(settings) })
    }

    /// To whom the owner grants: nobody, where the service logs in as the owner.
    pub(crate) async fn grantees(&self) -> Result<Vec<Grantee>> {
        const OPERATION: &str = "db.migrate";
        let Some(owner) = &self.owner else { return Ok(Vec::new()) };
        if owner.get_username() == self.options.get_username() {
            return Ok(Vec::new());
        }
        // Accounts are names at hosts; only the server knows which one a login gets.
        let anywhere = self.options.clone().database("information_schema");
        let mut service = probe(&anywhere).await?;
        let account = sqlx::query_scalar("SELECT CURRENT_USER()").fetch_one(&mut service).await;
        let name: String = account.during(OPERATION)?;
        service.close().await.during(OPERATION)?;
        let (user, host) = name.rsplit_once('@').unwrap_or((&name, "%"));
        let sql = format!("'{}'@'{host}'", user.replace('\'', "''"));
        Ok(vec![Grantee { sql, name, holds: Holds::RowsAndReading }])
    }

    /// As the owner of the tables.
    pub(crate) async fn owner(&self) -> Result<DatabaseConnection> {
        connect(self.owner_options(), Limits::Service).await
    }

    fn owner_options(&self) -> &MySqlConnectOptions {
        self.owner.as_ref().unwrap_or(&self.options)
    }

    /// Sees that the server answers. Before the first migration, only the owner has any right in the database.
    pub(crate) async fn look(&self) -> Result<()> {
        probe(self.owner_options()).await?.close().await.during(CONNECT)
    }

    pub(crate) fn open(&self, cipher: Arc<dyn ColumnCipher>, remarks: &Remarks) -> Pools {
        let pool = |connections| self.pool(connections);
        self.size.open(pool, SqlxMySqlConnector::from_sqlx_mysql_pool, cipher, remarks)
    }

    /// One pool for all threads.
    pub(crate) fn shared(&self) -> DatabaseConnection {
        SqlxMySqlConnector::from_sqlx_mysql_pool(self.pool(self.size.all()))
    }

    fn pool(&self, connections: u32) -> MySqlPool {
        let pool = pool_options(connections).idle_timeout(IDLE);
        prepared(pool, Limits::Service).connect_lazy_with(self.options.clone())
    }

    /// How soon a commit is on the disk is the whole server's choice, so heartbeats are as durable as all else.
    pub(crate) async fn heartbeat(&self) -> Result<DatabaseConnection> {
        connect(&self.options, Limits::Service).await
    }

    pub(crate) async fn locked_for_migration(&self) -> Result<DatabaseConnection> {
        let connection = connect(self.owner_options(), Limits::Migration).await?;
        wait_for_lock(&connection, TRY_MIGRATION_LOCK).await?;
        Ok(connection)
    }
}

fn parse(url: &str, slow: Option<Duration>) -> Result<MySqlConnectOptions> {
    let options = MySqlConnectOptions::from_str(url).during(CONNECT)?;
    if options.get_database().is_none() {
        let text = "the URL names no database: mysql://<user>:<password>@<host>/<database>";
        return Err(Error::with(Kind::Unsupported, CONNECT, text));
    }
    // Text is compared by the columns' collation, and times are UTC, whatever the URL says.
    Ok(logged(options.charset("utf8mb4").timezone(Some("+00:00".to_owned())), slow))
}

async fn connect(options: &MySqlConnectOptions, limits: Limits) -> Result<DatabaseConnection> {
    let pool = prepared(single(), limits).connect_with(options.clone()).await.during(CONNECT)?;
    Ok(SqlxMySqlConnector::from_sqlx_mysql_pool(pool))
}

fn prepared(pool: PoolOptions<MySql>, limits: Limits) -> PoolOptions<MySql> {
    pool.after_connect(move |connection, _| Box::pin(prepare(connection, limits)))
}

async fn prepare(connection: &mut MySqlConnection, limits: Limits) -> std::result::Result<(), sqlx::Error> {
    let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut *connection).await?;
    let sql = session(version.contains("MariaDB"), limits);
    connection.execute(AssertSqlSafe(sql)).await.map(|_| ())
}

/// All settings of a session, in one round trip.
///
/// MySQL limits only `SELECT`s (other statements end by their waits for locks) and knows no limit for idle
/// transactions, so there an idle session ends as a whole; the pool lets go of its connections earlier.
fn session(is_mariadb: bool, limits: Limits) -> String {
    let limits = match (limits, is_mariadb) {
        (Limits::Migration, _) => format!(", SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS}"),
        (Limits::Service, true) => format!(
            ", SESSION max_statement_time = {STATEMENT_SECONDS}, \
             SESSION idle_transaction_timeout = {IDLE_TRANSACTION_SECONDS}"
        ),
        (Limits::Service, false) => format!(
            ", SESSION max_execution_time = {}, SESSION wait_timeout = {IDLE_TRANSACTION_SECONDS}",
            STATEMENT_SECONDS * 1000
        ),
    };
    format!(
        "SET SESSION sql_mode = '{SQL_MODE}', SESSION innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}{limits}; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_is_told_in_its_own_words() {
        let (mariadb, mysql) = (session(true, Limits::Service), session(false, Limits::Service));
        assert!(mariadb.contains("max_statement_time = 30"));
        assert!(mysql.contains("max_execution_time = 30000"));
        assert!(mysql.contains("wait_timeout = 20") && IDLE.as_secs() < u64::from(IDLE_TRANSACTION_SECONDS));
        for migration in [session(true, Limits::Migration), session(false, Limits::Migration)] {
            assert!(
                !migration.contains("30") && migration.contains(" lock_wait_timeout = 10"),
                "{migration}"
            );
        }
    }
}
