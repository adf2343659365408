//! A MariaDB server.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use sqlx::mysql::MySqlConnection;
use sqlx::{Connection, Executor};
use testkit::services::require_or_skip;
use testkit::temp::TempDir;

use super::{Identity, free_port, hand_over, is_root};
use crate::harness::wait::{PATIENCE, eventually};

const SERVER: &str = "/usr/sbin/mariadbd";

/// Its log is flushed at each commit, as it is by default.
pub(crate) struct MysqlServer {
    folder: TempDir,
    port: u16,
    identity: Option<Identity>,
    process: Mutex<Option<Child>>,
}

impl MysqlServer {
    pub(super) async fn start(identity: Option<Identity>) -> Option<Self> {
        if !Path::new(SERVER).exists() {
            require_or_skip("a MariaDB server of our own", "install the Debian package mariadb-server");
            return None;
        }
        let folder = TempDir::new();
        let identity = identity.map(|identity| identity.inside(folder.path()));
        let server = Self { folder, port: free_port(), identity, process: Mutex::new(None) };
        hand_over(server.folder.path(), "mysql");
        let mut install = Command::new("mariadb-install-db");
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        let installed = as_its_user(install.arg(server.option("datadir", "data"))).output().unwrap();
        assert!(installed.status.success(), "{installed:?}");
        server.resume().await;
        let mut connection = MySqlConnection::connect(&server.server_url()).await.unwrap();
        connection.execute("CREATE DATABASE mainstay").await.unwrap();
        Some(server)
    }

    pub(super) async fn resume(&self) {
        let log = std::fs::File::create(self.folder.path().join("server.log")).unwrap();
        let mut command = Command::new(SERVER);
        command.args(["--no-defaults", "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=32M"]);
        command.arg(format!("--port={}", self.port));
        command.arg(self.option("datadir", "data")).arg(self.option("socket", "socket"));
        if let Some(Identity { certificate, key }) = &self.identity {
            command.arg(format!("--ssl-cert={}", certificate.display()));
            command.arg(format!("--ssl-key={}", key.display()));
        }
        let command = as_its_user(&mut command).current_dir(self.folder.path());
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        *self.process.lock().unwrap() = Some(child);
        let url = self.server_url();
        eventually("a MariaDB server that answers", PATIENCE, async || {
            MySqlConnection::connect(&url).await.ok().map(drop)
        })
        .await;
    }

    pub(super) async fn crash(&self) {
        self.kill();
        eventually("a port that is closed", PATIENCE, async || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err().then_some(())
        })
        .await;
    }

    pub(super) fn url(&self) -> String {
        format!("{}mainstay", self.server_url())
    }

    fn server_url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/", self.port)
    }

    fn option(&self, name: &str, file: &str) -> String {
        format!("--{name}={}", self.folder.path().join(file).display())
    }

    fn kill(&self) {
        if let Some(mut child) = self.process.lock().unwrap().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn as_its_user(command: &mut Command) -> &mut Command {
    if is_root() { command.arg("--user=mysql") } else { command }
}

impl Drop for MysqlServer {
    fn drop(&mut self) {
        self.kill();
    }
}
