//! MySQL and MariaDB: their dump program, and their client to read what it wrote.
//!
//! Their schema changes are no part of a transaction, so what is restored is there bit by bit. While that goes on, and
//! ever after if it does not end, a table of a telling name is there, which keeps programs from starting.

use std::str::FromStr;

use migrations::RESTORING;
use ports::{ByteStream, Error, Kind, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use tokio::process::Command;
use url::Url;

use super::program::Program;
use super::{DUMP, RESTORE, decoded};
use crate::engine::MigrationSession;
use crate::error::During;

const PACKAGE: &str = "mariadb-client";

/// Reads from one snapshot, whoever writes meanwhile: all tables are InnoDB's.
pub(super) async fn dump(url: &str, session: MigrationSession) -> Result<ByteStream<'static>> {
    let (program, product) = first_of(["mariadb-dump", "mysqldump"], DUMP).await?;
    let access = Access::from_url(url, product)?;
    program
        // Before all others. What lies in somebody's home is not meant for us.
        .args(["--no-defaults", "--single-transaction", "--quick", "--skip-lock-tables", "--hex-blob"])
        .args(["--routines", "--triggers", "--events", "--no-tablespaces", "--default-character-set=utf8mb4"])
        .all_args(access.arguments)
        .envs(access.secrets)
        .output(session)
}

pub(super) async fn load(url: &str, session: MigrationSession, content: ByteStream<'static>) -> Result<()> {
    let (program, product) = first_of(["mariadb", "mysql"], RESTORE).await?;
    let access = Access::from_url(url, product)?;
    let connection = &session.connection;
    clear(connection).await?;
    run(connection, &format!("CREATE TABLE {RESTORING} (id INT PRIMARY KEY)")).await?;
    program
        .args(["--no-defaults", "--batch", "--default-character-set=utf8mb4"])
        .all_args(access.arguments)
        .envs(access.secrets)
        .input(content)
        .await?;
    run(connection, &format!("DROP TABLE {RESTORING}")).await?;
    session.connection.close().await.during(RESTORE)
}

pub(super) async fn has_content(connection: &DatabaseConnection) -> Result<bool> {
    Ok(!names(connection, "TABLE_NAME", "TABLES WHERE TABLE_SCHEMA").await?.is_empty())
}

/// All that a dump can hold; triggers go with their tables.
async fn clear(connection: &DatabaseConnection) -> Result<()> {
    run(connection, "SET SESSION foreign_key_checks = 0").await?;
    for (what, column, place) in [
        ("VIEW", "TABLE_NAME", "VIEWS WHERE TABLE_SCHEMA"),
        ("TABLE", "TABLE_NAME", "TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA"),
        ("PROCEDURE", "ROUTINE_NAME", "ROUTINES WHERE ROUTINE_TYPE = 'PROCEDURE' AND ROUTINE_SCHEMA"),
        ("FUNCTION", "ROUTINE_NAME", "ROUTINES WHERE ROUTINE_TYPE = 'FUNCTION' AND ROUTINE_SCHEMA"),
        ("EVENT", "EVENT_NAME", "EVENTS WHERE EVENT_SCHEMA"),
    ] {
        for name in names(connection, column, place).await? {
            run(connection, &format!("DROP {what} `{}`", name.replace('`', "``"))).await?;
        }
    }
    run(connection, "SET SESSION foreign_key_checks = 1").await
}

async fn run(connection: &DatabaseConnection, sql: &str) -> Result<()> {
    connection.execute_unprepared(sql).await.during(RESTORE).map(|_| ())
}

/// Names that `information_schema` has for this database.
async fn names(connection: &DatabaseConnection, column: &str, place: &str) -> Result<Vec<String>> {
    let sql = format!("SELECT {column} FROM information_schema.{place} = DATABASE()");
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.during(RESTORE)?;
    rows.iter().map(|row| row.try_get_by(0).during(RESTORE)).collect()
}

/// Whose programs they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Product {
    Mariadb,
    Mysql,
}

/// The first of these that is installed. Either product's programs may bear the old names.
async fn first_of(names: [&'static str; 2], operation: &'static str) -> Result<(Program, Product)> {
    for name in names {
        let Ok(output) = Command::new(name).arg("--version").output().await else { continue };
        let is_mariadb = String::from_utf8_lossy(&output.stdout).contains("MariaDB");
        let product = if is_mariadb { Product::Mariadb } else { Product::Mysql };
        return Ok((Program::new(name, PACKAGE, operation), product));
    }
    let text = format!(
        "neither {} nor {} is installed; they are in the Debian package {PACKAGE}",
        names[0], names[1]
    );
    Err(Error::with(Kind::Unsupported, operation, text))
}

/// The URL in the words of these programs.
struct Access {
    arguments: Vec<String>,
    secrets: Vec<(&'static str, String)>,
}

impl Access {
    fn from_url(url: &str, product: Product) -> Result<Self> {
        let options = MySqlConnectOptions::from_str(url).during(DUMP)?;
        let mut arguments = vec![format!("--user={}", options.get_username())];
        match options.get_socket() {
            Some(socket) => arguments.push(format!("--socket={}", socket.display())),
            None => arguments.extend([
                "--protocol=TCP".to_owned(),
                format!("--host={}", options.get_host()),
                format!("--port={}", options.get_port()),
            ]),
        }
        arguments.extend(encryption(options.get_ssl_mode(), product).map(str::to_owned));
        let mut secrets = Vec::new();
        if let Ok(url) = Url::parse(url) {
            secrets.extend(url.password().map(|password| ("MYSQL_PWD", decoded(password))));
            let file =
                |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| match name.as_ref() {
                    "sslca" | "ssl-ca" => Some(format!("--ssl-ca={value}")),
                    "sslcert" | "ssl-cert" => Some(format!("--ssl-cert={value}")),
                    "sslkey" | "ssl-key" => Some(format!("--ssl-key={value}")),
                    _ => None,
                };
            arguments.extend(url.query_pairs().filter_map(file));
        }
        // Last, and never taken for an option.
        arguments.extend(["--".to_owned(), options.get_database().unwrap_or_default().to_owned()]);
        Ok(Self { arguments, secrets })
    }
}

/// The two products have grown apart here. MariaDB knows no "encrypt if you can".
fn encryption(mode: MySqlSslMode, product: Product) -> Option<&'static str> {
    match (product, mode) {
        (Product::Mysql, MySqlSslMode::Disabled) => Some("--ssl-mode=DISABLED"),
        (Product::Mysql, MySqlSslMode::Preferred) => Some("--ssl-mode=PREFERRED"),
        (Product::Mysql, MySqlSslMode::Required) => Some("--ssl-mode=REQUIRED"),
        (Product::Mysql, MySqlSslMode::VerifyCa) => Some("--ssl-mode=VERIFY_CA"),
        (Product::Mysql, MySqlSslMode::VerifyIdentity) => Some("--ssl-mode=VERIFY_IDENTITY"),
        (Product::Mariadb, MySqlSslMode::Disabled) => Some("--skip-ssl"),
        (Product::Mariadb, MySqlSslMode::Preferred) => None,
        (Product::Mariadb, MySqlSslMode::Required) => Some("--ssl"),
        (Product::Mariadb, MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity) => {
            Some("--ssl-verify-server-cert")
        }
    }
}
