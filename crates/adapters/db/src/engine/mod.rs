//! How connections are made. The one place that knows which engine it is talking to.

mod mysql;
mod postgres;
mod server;
mod sqlite;

use std::fs::File;
use std::sync::Arc;

use ports::{Error, Kind, Result};
use sea_orm::DatabaseConnection;
use tokio_util::task::AbortOnDropHandle;

use self::mysql::Mysql;
use self::postgres::Postgres;
pub(crate) use self::sqlite::{DatabaseFile, beside};
use crate::conn::Pools;
use crate::remarks::{Remarked, Remarks};
use crate::replicas::Replicas;
use crate::rights::Grantee;
use crate::settings::{Process, Settings};
use crate::wakeups::Wake;

/// Where the database is, and how to reach it.
#[derive(Clone)]
pub(crate) enum Engine {
    Sqlite(Box<DatabaseFile>),
    Postgres(Box<Postgres>),
    Mysql(Box<Mysql>),
}

/// Everything that is held as long as a process uses the database.
pub(crate) struct Opened {
    pub(crate) pools: Pools,
    pub(crate) replicas: Replicas,
    /// Looks at the replicas.
    pub(crate) _watch: Option<AbortOnDropHandle<()>>,
    /// SQLite: only one API serves a file.
    pub(crate) _api_lock: Option<File>,
    /// PostgreSQL: hears when other processes write.
    pub(crate) _listener: Option<AbortOnDropHandle<()>>,
}

/// A connection for migrations alone, and the proof that nobody else migrates.
pub(crate) struct MigrationSession {
    pub(crate) connection: DatabaseConnection,
    /// SQLite: held until dropped. Servers hold a lock in the session itself.
    _lock: Option<File>,
}

impl Engine {
    /// The engine that the URL names.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        match settings.url.split(':').next() {
            Some("sqlite") => Ok(Self::Sqlite(Box::new(DatabaseFile::from_settings(settings)?))),
            Some("postgres" | "postgresql") => {
                Ok(Self::Postgres(Box::new(Postgres::from_settings(settings)?)))
            }
            Some("mysql" | "mariadb") => Ok(Self::Mysql(Box::new(Mysql::from_settings(settings)?))),
            _ => {
                let text = "known schemes: sqlite://, postgres://, mysql://, mariadb://";
                Err(Error::with(Kind::Unsupported, "db.connect", text))
            }
        }
    }

    /// Connects, or says why not.
    pub(crate) async fn open(&self, settings: &Settings, wake: &Wake) -> Result<Opened> {
        let cipher = Arc::clone(&settings.cipher);
        let remarks = Remarks::new(settings.errands.clone());
        let (api_lock, listener, pools) = match self {
            Self::Sqlite(file) => {
                let api_lock = if settings.kind == Process::Api { Some(file.lock_for_api()?) } else { None };
                (api_lock, None, file.open(cipher, &remarks).await?)
            }
            Self::Postgres(server) => {
                (None, Some(server.listen(wake.clone())), server.open(cipher, &remarks))
            }
            Self::Mysql(server) => (None, None, server.open(cipher, &remarks)),
        };
        let replicas = settings.replica_urls.iter().map(|url| self.replica(url, settings));
        let replicas = replicas.map(|pool| Ok(Remarked::new(pool?, remarks.clone())));
        let replicas = Replicas::new(replicas.collect::<Result<_>>()?);
        let watch = replicas.watch(settings.replica_max_lag);
        Ok(Opened { pools, replicas, _watch: watch, _api_lock: api_lock, _listener: listener })
    }

    /// A pool on a replica, which need not be there yet.
    fn replica(&self, url: &str, settings: &Settings) -> Result<DatabaseConnection> {
        let at = Self::from_settings(&Settings { url: url.to_owned(), owner_url: None, ..settings.clone() })?;
        match (self, at) {
            (Self::Postgres(primary), Self::Postgres(replica)) => Ok(replica.shared(primary)),
            (Self::Mysql(_), Self::Mysql(replica)) => Ok(replica.shared()),
            _ => {
                let text = "a read replica has the engine of the database, and SQLite has none";
                Err(Error::with(Kind::Unsupported, "db.connect", text))
            }
        }
    }

    /// Sees that the server answers, and takes on the role that the service acts as.
    pub(crate) async fn take_role(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(server) => server.take_role().await,
            Self::Mysql(server) => server.look().await,
        }
    }

    /// To whom the owner of the tables grants; nobody, where the service is the owner.
    pub(crate) async fn grantees(&self) -> Result<Vec<Grantee>> {
        match self {
            Self::Sqlite(_) => Ok(Vec::new()),
            Self::Postgres(server) => Ok(server.grantees()),
            Self::Mysql(server) => server.grantees().await,
        }
    }

    /// Whom reads act as that are part of no transaction, if that is somebody of its own (PostgreSQL).
    pub(crate) fn reader(&self) -> Option<&str> {
        match self {
            Self::Postgres(server) => server.reader(),
            Self::Sqlite(_) | Self::Mysql(_) => None,
        }
    }

    /// One connection as the owner, to look at what the service may not see.
    pub(crate) async fn owner(&self) -> Result<DatabaseConnection> {
        match self {
            Self::Sqlite(file) => file.single().await,
            Self::Postgres(server) => server.owner().await,
            Self::Mysql(server) => server.owner().await,
        }
    }

    /// One connection for the heartbeat alone. What it writes need not survive a power loss: it is idle most of
    /// the time, and an idle service should not keep a disk busy. (MySQL can't make the difference.)
    pub(crate) async fn heartbeat(&self) -> Result<DatabaseConnection> {
        match self {
            Self::Sqlite(file) => file.heartbeat().await,
            Self::Postgres(server) => server.heartbeat().await,
            Self::Mysql(server) => server.heartbeat().await,
        }
    }

    /// Waits until nobody else migrates, for a minute at most.
    pub(crate) async fn migration_session(&self) -> Result<MigrationSession> {
        match self {
            Self::Sqlite(file) => {
                let lock = file.lock_for_migration().await?;
                Ok(MigrationSession { connection: file.single().await?, _lock: Some(lock) })
            }
            Self::Postgres(server) => {
                Ok(MigrationSession { connection: server.locked_for_migration().await?, _lock: None })
            }
            Self::Mysql(server) => {
                Ok(MigrationSession { connection: server.locked_for_migration().await?, _lock: None })
            }
        }
    }
}
