//! A PostgreSQL server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sqlx::{Connection, Executor};
use testkit::services::require_or_skip;
use testkit::temp::TempDir;

use super::{Identity, free_port, hand_over, is_root};
use crate::harness::wait::{PATIENCE, eventually};

/// A cluster without `fsync`.
pub(crate) struct PostgresServer {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    identity: Option<Identity>,
}

impl PostgresServer {
    pub(super) async fn start(identity: Option<Identity>) -> Option<Self> {
        let Some(programs) = installed() else {
            require_or_skip("a PostgreSQL server of our own", "install the Debian package postgresql");
            return None;
        };
        let folder = TempDir::new();
        let identity = identity.map(|identity| identity.inside(folder.path()));
        let server = Self { programs, folder, port: free_port(), identity };
        hand_over(server.folder.path(), "postgres");
        let data = server.data();
        server
            .run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        server.resume().await;
        Some(server)
    }

    pub(super) async fn standby(&self) -> Self {
        let (programs, folder) = (self.programs.clone(), TempDir::new());
        hand_over(folder.path(), "postgres");
        let standby = Self { programs, folder, port: free_port(), identity: None };
        let (url, data) = (self.url(), standby.data());
        standby.run("pg_basebackup", &["-d", &url, "-D", &data, "-R", "-X", "stream", "-c", "fast"]);
        standby.resume().await;
        standby
    }

    pub(super) async fn sql(&self, statement: &'static str) {
        let mut connection = sqlx::postgres::PgConnection::connect(&self.url()).await.unwrap();
        connection.execute(statement).await.unwrap();
        connection.close().await.unwrap();
    }

    pub(super) async fn resume(&self) {
        let directory = self.folder.path().display();
        let tls = self.identity.as_ref().map_or_else(String::new, |Identity { certificate, key }| {
            let (certificate, key) = (certificate.display(), key.display());
            format!("-c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key}")
        });
        let options = format!("-h 127.0.0.1 -p {} -k {directory} -c fsync=off {tls}", self.port);
        let log = self.folder.path().join("server.log").display().to_string();
        let data = self.data();
        let start = ["-D", &data, "-l", &log, "-w", "-t", "30", "-o", &options, "start"];
        // Not while something of the killed one is still there.
        eventually("a PostgreSQL server that starts", PATIENCE, async || self.attempt("pg_ctl", &start).ok())
            .await;
        let url = self.url();
        eventually("a PostgreSQL server that answers", PATIENCE, async || {
            sqlx::postgres::PgConnection::connect(&url).await.ok().map(drop)
        })
        .await;
    }

    pub(super) async fn crash(&self) {
        let pid = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        // Stopped first, so that none is born between the look at its backends and its end.
        signal("-STOP", &pid);
        let backends = Command::new("pgrep").args(["-P", &pid]).output().unwrap();
        let backends = String::from_utf8(backends.stdout).unwrap();
        signal("-KILL", &pid);
        // They end when they notice; until then a new server does not start on the same directory.
        let wait = Duration::from_secs(30);
        eventually("the end of the backends", wait, async || {
            // One that is dead and not yet fetched has no command line any more.
            let command = |backend: &str| std::fs::read(Path::new("/proc").join(backend).join("cmdline"));
            let alive = backends.lines().any(|backend| command(backend).is_ok_and(|line| !line.is_empty()));
            (!alive).then_some(())
        })
        .await;
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// Runs one of PostgreSQL's programs, which refuse to be root.
    fn run(&self, program: &str, arguments: &[&str]) {
        self.attempt(program, arguments).unwrap();
    }

    /// The same; what it said when it failed.
    fn attempt(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        let output = self.folder.path().join("programs.log");
        let log = std::fs::File::options().create(true).append(true).open(&output).unwrap();
        command.args(arguments).current_dir(self.folder.path());
        let status = command.stdout(log.try_clone().unwrap()).stderr(log).status().unwrap();
        let said = || format!("{program}: {}", std::fs::read_to_string(&output).unwrap());
        if status.success() { Ok(()) } else { Err(said()) }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // It may be down already; the directory goes with the folder.
        let stop = ["-D", &self.data(), "-m", "immediate", "-w", "stop"].map(str::to_owned);
        let path = self.programs.join("pg_ctl");
        let mut command = if is_root() { Command::new("runuser") } else { Command::new(&path) };
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(&path);
        }
        let _ = command.args(stop).output();
    }
}

fn signal(name: &str, pid: &str) {
    assert!(Command::new("kill").args([name, pid]).status().unwrap().success());
}

/// The newest installed server's programs.
fn installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir(Path::new("/usr/lib/postgresql")).ok()?;
    let programs = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    programs.filter(|path| path.join("initdb").exists()).max()
}
