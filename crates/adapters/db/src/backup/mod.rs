//! The whole database as one stream of bytes, and back: SQLite's own copy, the servers' own dump programs.
//!
//! **Invariant:** nothing of the content stays on a disk here once a dump has ended, however it ended; and a password
//! is never on a command line.

mod mysql;
mod postgres;
mod program;
mod sqlite;

use ports::{ByteStream, Error, Kind, Result};
use serde::{Deserialize, Serialize};

use crate::engine::{Engine, MigrationSession};
use crate::error::During;
use crate::settings::Settings;

const DUMP: &str = "db.dump";
const RESTORE: &str = "db.restore";

/// Where a dump comes from: what it takes to restore it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `sqlite`, `postgres` or `mysql`.
    pub engine: String,
    /// Names of the migrations that the database has had, sorted.
    pub migrations: Vec<String>,
    /// Roles that policies of the schema name (PostgreSQL).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// A dump that is being made.
pub struct Dump {
    /// What it is of.
    pub origin: Origin,
    /// One state of the whole database, complete only if the stream ends without an error.
    pub content: ByteStream<'static>,
}

/// Begins to dump the database, while others go on using it. Until the dump is over nobody migrates, and there is no
/// second dump or restore.
///
/// # Errors
/// `NotFound` when there is no database, or nothing in it; `Unsupported` when the engine's dump program is missing or
/// too old; `Unavailable` when the database does not answer, or somebody else is migrating, dumping or restoring. The
/// stream's: the same.
pub async fn dump(settings: &Settings) -> Result<Dump> {
    let engine = Engine::from_settings(settings)?;
    if let Engine::Sqlite(file) = &engine {
        sqlite::demand(file)?;
    }
    let session = engine.migration_session().await?;
    let mut migrations = migrations::applied(&session.connection).await.during(DUMP)?;
    migrations.sort();
    if migrations.is_empty() {
        return Err(Error::with(Kind::NotFound, DUMP, "the database is empty: there is nothing to back up"));
    }
    let roles = match &engine {
        Engine::Postgres(_) => postgres::readable(&session.connection).await?,
        Engine::Sqlite(_) | Engine::Mysql(_) => Vec::new(),
    };
    let origin = Origin { engine: name(&engine).to_owned(), migrations, roles };
    let content = match engine {
        Engine::Sqlite(file) => sqlite::dump(&file, session).await?,
        Engine::Postgres(_) => postgres::dump(&settings.url, session)?,
        Engine::Mysql(_) => mysql::dump(&settings.url, session).await?,
    };
    Ok(Dump { origin, content })
}

fn name(engine: &Engine) -> &'static str {
    match engine {
        Engine::Sqlite(_) => "sqlite",
        Engine::Postgres(_) => "postgres",
        Engine::Mysql(_) => "mysql",
    }
}

/// A database that may be restored into, and the proof that nobody else migrates, dumps or restores meanwhile.
pub struct Target {
    place: Place,
    origin: Origin,
}

enum Place {
    Sqlite(Box<sqlite::Held>),
    Postgres { url: String, session: MigrationSession },
    Mysql { url: String, session: MigrationSession },
}

/// Looks whether a dump can be restored here; changes nothing yet. What is there already is in the way, unless
/// `replace` is given.
///
/// # Errors
/// `Precondition` when the dump is of another engine, or its schema newer than this program; `Conflict` when something
/// is in the way, or (SQLite) an API is running; `Unsupported` when the engine's program is missing; `Unavailable` when
/// the database does not answer, or somebody else is migrating, dumping or restoring.
pub async fn target(settings: &Settings, origin: &Origin, replace: bool) -> Result<Target> {
    let engine = Engine::from_settings(settings)?;
    fits(origin, name(&engine))?;
    let place = match engine {
        Engine::Sqlite(file) => Place::Sqlite(Box::new(sqlite::hold(*file, replace).await?)),
        Engine::Postgres(_) => {
            let session = engine.migration_session().await?;
            if !replace && postgres::has_content(&session.connection).await? {
                return Err(in_the_way());
            }
            Place::Postgres { url: settings.url.clone(), session }
        }
        Engine::Mysql(_) => {
            let session = engine.migration_session().await?;
            if !replace && mysql::has_content(&session.connection).await? {
                return Err(in_the_way());
            }
            Place::Mysql { url: settings.url.clone(), session }
        }
    };
    Ok(Target { place, origin: origin.clone() })
}

impl Target {
    /// Restores. SQLite: the file is replaced in one step, once the new one is complete. PostgreSQL: what is there is
    /// dropped, then everything is restored in one transaction: should that fail, the database stays empty. MySQL and
    /// MariaDB: what is there is dropped, and until all is restored no program starts on the database.
    ///
    /// # Errors
    /// Those of the content, whereupon nothing was restored; `Conflict` when (SQLite) somebody has the file open;
    /// `Internal` when the content is no dump of this engine.
    pub async fn load(self, content: ByteStream<'static>) -> Result<()> {
        match self.place {
            Place::Sqlite(held) => held.load(content, &self.origin).await,
            Place::Postgres { url, session } => {
                postgres::load(&url, session, &self.origin.roles, content).await
            }
            Place::Mysql { url, session } => mysql::load(&url, session, content).await,
        }
    }
}

fn fits(origin: &Origin, engine: &str) -> Result<()> {
    if origin.engine != engine {
        let text = format!("the backup is of {}, the configured database is {engine}", origin.engine);
        return Err(Error::with(Kind::Precondition, RESTORE, text));
    }
    let known = migrations::known();
    let newer: Vec<&str> =
        origin.migrations.iter().filter(|name| !known.contains(name)).map(String::as_str).collect();
    if newer.is_empty() {
        return Ok(());
    }
    let text = format!(
        "the backup's schema is newer than this program, which lacks {}; use the program that wrote it, or a newer one",
        newer.join(", ")
    );
    Err(Error::with(Kind::Precondition, RESTORE, text))
}

fn in_the_way() -> Error {
    let text = "the database is not empty; with --force all that is in it is lost";
    Error::with(Kind::Conflict, RESTORE, text)
}

/// A part of a URL without its percent signs (RFC 3986, section 2.1), where a plus is a plus.
fn decoded(text: &str) -> String {
    let form = format!("={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(form.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_come_out_of_urls_as_they_were_meant() {
        for (encoded, password) in [
            ("plain", "plain"),
            ("a+b&c=d", "a+b&c=d"),
            ("%40%3A%2F%25", "@:/%"),
            ("gr%C3%BC%C3%9Fe", "grüße"),
            ("", ""),
        ] {
            assert_eq!(decoded(encoded), password);
        }
    }

    #[test]
    fn only_what_fits_is_restored() {
        let origin = |engine: &str, migrations: Vec<String>| Origin {
            engine: engine.to_owned(),
            migrations,
            roles: Vec::new(),
        };
        fits(&origin("sqlite", migrations::known()), "sqlite").unwrap();
        fits(&origin("sqlite", migrations::known()[..1].to_vec()), "sqlite").unwrap();
        let text = |origin: &Origin| ports::Chain(&fits(origin, "sqlite").unwrap_err()).to_string();
        assert!(
            text(&origin("postgres", migrations::known()))
                .contains("of postgres, the configured database is sqlite")
        );
        let newer = text(&origin("sqlite", vec!["m99991231_000001_future".to_owned()]));
        assert!(newer.contains("lacks m99991231_000001_future"), "{newer}");
    }
}
