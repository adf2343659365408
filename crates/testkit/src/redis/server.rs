//! A server of a test's own, on a free port.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use super::wire;
use crate::poll::eventually;
use crate::services::require_or_skip;
use crate::temp::TempDir;

const STARTING: Duration = Duration::from_secs(30);

/// A `redis-server` without persistence unless asked for, killed when dropped.
pub struct RedisServer {
    port: u16,
    folder: TempDir,
    arguments: Vec<String>,
    child: Mutex<Option<Child>>,
}

impl RedisServer {
    /// Starts one. `None`, after saying so on stderr, when `redis-server` is not installed.
    pub async fn start() -> Option<Self> {
        Self::with(&[]).await
    }

    /// The same with more of its own options: `["--appendonly", "yes"]`.
    pub async fn with(options: &[&str]) -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            require_or_skip("a Redis server of our own", "install the Debian package redis-server");
            return None;
        }
        let server = Self {
            port: free_port(),
            folder: TempDir::new(),
            arguments: options.iter().map(|option| (*option).to_owned()).collect(),
            child: Mutex::new(None),
        };
        server.resume().await;
        Some(server)
    }

    /// Starts it again after [`RedisServer::kill`], on the same port and directory.
    pub async fn resume(&self) {
        let log = std::fs::File::create(self.folder.path().join("server.log")).unwrap();
        let mut command = Command::new("redis-server");
        // Sentinel wants a file that it may write to.
        if self.arguments.iter().any(|argument| argument == "--sentinel") {
            let file = self.folder.path().join("sentinel.conf");
            std::fs::write(&file, "").unwrap();
            command.arg(file);
        }
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.arg("--dir").arg(self.folder.path()).args(&self.arguments);
        let child = command.stdout(log).stderr(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
        *self.child.lock().unwrap() = Some(child);
        eventually("a Redis server that answers", STARTING, async || {
            self.ask(&["PING"]).filter(|answer| answer.contains("PONG"))
        })
        .await;
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its URL, without parameters.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Sends one command; the answer as it came over the wire, `None` when none came.
    pub fn ask(&self, command: &[&str]) -> Option<String> {
        wire::ask(&self.address(), command)
    }

    /// As a crash.
    pub fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            // A stopped process dies, too.
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// It hangs: connections stay, and nothing is answered (SIGSTOP).
    pub fn hang(&self) {
        self.signal("-STOP");
    }

    /// It goes on (SIGCONT).
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.lock().unwrap().as_ref().expect("a running server").id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Below the ports that the system gives to callers: while a server is away, its port must not become the other end
/// of somebody's connection, or it could not come back. Low enough that the bus of a cluster, ten thousand further
/// on, is a port of that kind, too.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 1000).unwrap() * 10;
    let mut candidates = (0..1000).map(|_| 10_000 + (own + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000);
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    candidates.find(|port| is_free(*port) && is_free(port + 10_000)).expect("a free port")
}
