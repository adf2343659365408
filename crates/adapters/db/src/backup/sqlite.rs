//! SQLite: a copy that the engine makes while others write, and a file that takes the place of another.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use ports::{ByteStream, Error, Kind, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, SqlxSqliteConnector, Statement};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{DUMP, Origin, RESTORE, in_the_way};
use crate::engine::{DatabaseFile, MigrationSession, beside};
use crate::error::During;

const PIECE: usize = 128 * 1024;
/// What SQLite may leave beside a file when it is killed.
const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// A dump must not create what it dumps.
pub(super) fn demand(file: &DatabaseFile) -> Result<()> {
    if file.path().exists() {
        return Ok(());
    }
    Err(Error::with(Kind::NotFound, DUMP, format!("there is no database at {}", file.path().display())))
}

/// `VACUUM INTO` copies one state of the database, without the holes that deleted rows have left. The copy's name is
/// gone before the first byte is given, so that nothing stays behind whoever is killed then; what is left by somebody
/// killed earlier is removed by the next one.
pub(super) async fn dump(file: &DatabaseFile, session: MigrationSession) -> Result<ByteStream<'static>> {
    let copy = Temporary::new(beside(file.path(), ".backup.tmp")).map_err(|error| broken(DUMP, &error))?;
    let into = copy.0.display().to_string().replace('\'', "''");
    session.connection.execute_unprepared(&format!("VACUUM INTO '{into}'")).await.during(DUMP)?;
    session.connection.clone().close().await.during(DUMP)?;
    fail::fail_point!("backup.after-copy", |_| std::process::abort());
    let opened = File::open(&copy.0).map_err(|error| broken(DUMP, &error))?;
    drop(copy);
    let next = async |mut file: tokio::fs::File| {
        let mut piece = BytesMut::with_capacity(PIECE);
        match file.read_buf(&mut piece).await {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some((piece.freeze(), file))),
            Err(error) => Err(broken(DUMP, &error)),
        }
    };
    Ok(stream::try_unfold(tokio::fs::File::from_std(opened), next).boxed())
}

fn broken(operation: &'static str, error: &io::Error) -> Error {
    Error::with(Kind::Internal, operation, error.to_string())
}

/// A file that may be replaced: no API is using it, and nobody migrates.
pub(super) struct Held {
    file: DatabaseFile,
    _locks: [File; 2],
}

pub(super) async fn hold(file: DatabaseFile, replace: bool) -> Result<Held> {
    let locks = [file.lock_for_migration().await?, file.lock_for_api()?];
    if !replace && file.path().exists() && has_content(file.path()).await? {
        return Err(in_the_way());
    }
    Ok(Held { file, _locks: locks })
}

async fn has_content(path: &Path) -> Result<bool> {
    let connection = open(SqliteConnectOptions::new().filename(path)).await?;
    let found = texts(&connection, "SELECT name FROM sqlite_schema LIMIT 1").await?;
    connection.close().await.during(RESTORE)?;
    Ok(!found.is_empty())
}

impl Held {
    pub(super) async fn load(self, content: ByteStream<'static>, origin: &Origin) -> Result<()> {
        let path = self.file.path();
        let new = Temporary::new(beside(path, ".restore.tmp")).map_err(|error| broken(RESTORE, &error))?;
        write(&new.0, content).await?;
        check(&new.0, origin).await?;
        settle(path).await?;
        let replaced = fs::rename(&new.0, path).and_then(|()| File::open(folder(path))?.sync_all());
        replaced.map_err(|error| broken(RESTORE, &error))
    }
}

async fn write(path: &Path, mut content: ByteStream<'static>) -> Result<()> {
    let failed = |error: io::Error| broken(RESTORE, &error);
    let mut file = tokio::fs::File::options().write(true).open(path).await.map_err(failed)?;
    while let Some(piece) = content.try_next().await? {
        fail::fail_point!("restore.before-piece", |_| std::process::abort());
        file.write_all(&piece).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)
}

/// Whether it is a sound database, and the one that was meant.
async fn check(path: &Path, origin: &Origin) -> Result<()> {
    let connection = open(SqliteConnectOptions::new().filename(path)).await?;
    let found = texts(&connection, "PRAGMA integrity_check(1)").await?;
    let mut migrations = migrations::applied(&connection).await.during(RESTORE)?;
    migrations.sort();
    connection.close().await.during(RESTORE)?;
    if found == ["ok"] && migrations == origin.migrations {
        return Ok(());
    }
    Err(Error::with(Kind::Internal, RESTORE, "the backup holds no sound database"))
}

/// Brings a database that is to be replaced to rest: its write-ahead log must not be taken for the new file's. That
/// works only while nobody else has it open, which is a second reason to ask.
async fn settle(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let options = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Delete);
    let opened = async { open(options).await?.close().await.during(RESTORE) }.await;
    opened.map_err(|error| {
        let text = format!("{} can't be replaced; stop all programs that use it ({error})", path.display());
        Error::with(Kind::Conflict, RESTORE, text)
    })
}

async fn open(options: SqliteConnectOptions) -> Result<DatabaseConnection> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.during(RESTORE)?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

async fn texts(connection: &DatabaseConnection, sql: &str) -> Result<Vec<String>> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.during(RESTORE)?;
    rows.iter().map(|row| row.try_get_by(0).during(RESTORE)).collect()
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that only its owner may read, and that goes when this does. Its name is always the same, which the lock
/// around migrations, dumps and restores allows: what somebody who was killed has left is found and removed.
struct Temporary(PathBuf);

impl Temporary {
    fn new(path: PathBuf) -> io::Result<Self> {
        let new = Self(path);
        new.remove();
        fs::create_dir_all(folder(&new.0))?;
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new.0)?;
        Ok(new)
    }

    /// Most of them are not there.
    fn remove(&self) {
        let _ = fs::remove_file(&self.0);
        for companion in COMPANIONS {
            let _ = fs::remove_file(beside(&self.0, companion));
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.remove();
    }
}
