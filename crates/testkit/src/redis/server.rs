//! A server of a test's own, on a free port.

use std::process::Command;
use std::time::Duration;

use super::wire;
use crate::poll::eventually;
use crate::process::{Process, free_port, is_installed};
use crate::services::require_or_skip;
use crate::temp::TempDir;

const STARTING: Duration = Duration::from_secs(30);

/// A `redis-server` without persistence unless asked for, killed when dropped.
pub struct RedisServer {
    port: u16,
    folder: TempDir,
    arguments: Vec<String>,
    process: Process,
}

impl RedisServer {
    /// Starts one. `None`, after saying so on stderr, when `redis-server` is not installed.
    pub async fn start() -> Option<Self> {
        Self::with(&[]).await
    }

    /// The same with more of its own options: `["--appendonly", "yes"]`.
    pub async fn with(options: &[&str]) -> Option<Self> {
        if !is_installed("redis-server") {
            require_or_skip("a Redis server of our own", "install the Debian package redis-server");
            return None;
        }
        let server = Self {
            port: free_port(),
            folder: TempDir::new(),
            arguments: options.iter().map(|option| (*option).to_owned()).collect(),
            process: Process::default(),
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
        command.stdout(log);
        self.process.start(command);
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
        self.process.kill();
    }

    /// It hangs: connections stay, and nothing is answered (SIGSTOP).
    pub fn hang(&self) {
        self.process.hang();
    }

    /// It goes on (SIGCONT).
    pub fn go_on(&self) {
        self.process.go_on();
    }
}
