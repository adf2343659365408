//! Database servers of a test's own, to be taken away from under the application.

mod mysql;
mod postgres;

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use self::mysql::MysqlServer;
use self::postgres::PostgresServer;
use super::Profile;

/// A private server on a free port. It survives the death of its processes, not of the machine.
pub(crate) enum DatabaseServer {
    Postgres(PostgresServer),
    Mysql(MysqlServer),
}

impl DatabaseServer {
    /// Starts the profile's. `None` when it is not installed, after having said so.
    pub(crate) async fn start(profile: Profile) -> Option<Self> {
        Self::start_as(profile, None).await
    }

    /// Starts one that proves who it is to clients that ask.
    pub(crate) async fn start_as(profile: Profile, identity: Option<Identity>) -> Option<Self> {
        match profile {
            Profile::Embedded => panic!("SQLite has no server"),
            Profile::Postgres => PostgresServer::start(identity).await.map(Self::Postgres),
            Profile::Mysql => MysqlServer::start(identity).await.map(Self::Mysql),
        }
    }

    /// Restarts the server and waits until it answers.
    pub(crate) async fn resume(&self) {
        match self {
            Self::Postgres(server) => server.resume().await,
            Self::Mysql(server) => server.resume().await,
        }
    }

    /// As if the machine had lost its power: no goodbye to anybody.
    pub(crate) async fn crash(&self) {
        match self {
            Self::Postgres(server) => server.crash().await,
            Self::Mysql(server) => server.crash().await,
        }
    }

    /// A second server that repeats what this one does, and answers reads.
    pub(crate) async fn standby(&self) -> Self {
        match self {
            Self::Postgres(server) => Self::Postgres(server.standby().await),
            Self::Mysql(_) => panic!("no test asks for a replica of MySQL"),
        }
    }

    /// Runs a statement as an operator.
    pub(crate) async fn sql(&self, statement: &'static str) {
        match self {
            Self::Postgres(server) => server.sql(statement).await,
            Self::Mysql(_) => panic!("no test says anything to a MySQL server of its own"),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Postgres(server) => server.url(),
            Self::Mysql(server) => server.url(),
        }
    }
}

/// Who a server says that it is.
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    /// The same in files of the server's own, which others must not read.
    fn inside(self, folder: &Path) -> Self {
        let inside = Self { certificate: folder.join("identity.crt"), key: folder.join("identity.key") };
        std::fs::copy(self.certificate, &inside.certificate).unwrap();
        std::fs::copy(self.key, &inside.key).unwrap();
        std::fs::set_permissions(&inside.key, Permissions::from_mode(0o600)).unwrap();
        inside
    }
}

/// Free a moment ago, which is as much as can be known. Below the ports that the system gives to callers: while a
/// server is away, its port must not become the other end of somebody's connection, or it could not come back.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 1000).unwrap() * 10;
    let mut candidates = (0..1000).map(|_| 20_000 + (own + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    candidates.find(is_free).expect("a free port")
}

/// Both refuse to be root, and work in a directory that is their own.
fn hand_over(folder: &Path, user: &str) {
    if is_root() {
        assert!(Command::new("chown").arg("-R").arg(user).arg(folder).status().unwrap().success());
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}
