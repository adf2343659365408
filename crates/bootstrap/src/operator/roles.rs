//! Giving the service a role of its own, who owns nothing.

use anyhow::{Context as _, Result};
use url::Url;

use crate::config::Loaded;

/// The statements with which an administrator prepares the configured database, and the configuration that goes with
/// them. What is granted on tables, `mainstay migrate up` grants as the owner.
///
/// # Errors
/// When the database's URL can't be read.
pub fn roles_sql(loaded: &Loaded) -> Result<String> {
    let url = &loaded.config.database.url;
    let parsed = Url::parse(url.expose()).context("the database's URL can't be read")?;
    let database = match parsed.path().trim_start_matches('/') {
        "" => "mainstay",
        name => name,
    };
    let host = parsed.host_str().unwrap_or("localhost");
    Ok(match url.scheme() {
        "postgres" | "postgresql" => postgres(host, database),
        "mysql" | "mariadb" => mysql(host, database),
        _ => "-- SQLite knows no roles: who may open the file may do anything with it.\n".to_owned(),
    })
}

fn postgres(host: &str, database: &str) -> String {
    format!(
        "-- As a superuser, once. The owner of the tables migrates; the service owns nothing.
CREATE ROLE mainstay_owner LOGIN PASSWORD '<a random one>';
CREATE ROLE mainstay_app LOGIN NOINHERIT PASSWORD '<another>';
-- Reads act as a role of their own: the service itself sees rows of tenants only in transactions that name one.
CREATE ROLE mainstay_app_reader NOLOGIN;
GRANT mainstay_app_reader TO mainstay_app;
CREATE DATABASE \"{database}\" OWNER mainstay_owner;
-- If the database is there already:
ALTER DATABASE \"{database}\" OWNER TO mainstay_owner;
-- If its tables are there already, connected to it, for each owner that they have:
-- REASSIGN OWNED BY <the owner of the tables> TO mainstay_owner;

-- Then, where the service runs:
--   MAINSTAY_DATABASE__URL=postgres://mainstay_app:<another>@{host}/{database}
-- and where `mainstay migrate up` runs, besides:
--   MAINSTAY_DATABASE__OWNER_URL=postgres://mainstay_owner:<a random one>@{host}/{database}
"
    )
}

fn mysql(host: &str, database: &str) -> String {
    format!(
        "-- As an administrator, once. The owner of the tables migrates; the service owns nothing.
CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4;
CREATE USER 'mainstay_owner'@'%' IDENTIFIED BY '<a random one>';
CREATE USER 'mainstay_app'@'%' IDENTIFIED BY '<another>';
GRANT ALL PRIVILEGES ON `{database}`.* TO 'mainstay_owner'@'%' WITH GRANT OPTION;
-- Triggers of somebody who is no administrator, where the server writes a binary log:
SET GLOBAL log_bin_trust_function_creators = 1;
-- The database purges expired tokens itself, if its scheduler runs:
SET GLOBAL event_scheduler = ON;

-- Then, where the service runs:
--   MAINSTAY_DATABASE__URL=mysql://mainstay_app:<another>@{host}/{database}
-- and where `mainstay migrate up` runs, besides:
--   MAINSTAY_DATABASE__OWNER_URL=mysql://mainstay_owner:<a random one>@{host}/{database}
"
    )
}
