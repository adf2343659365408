//! RabbitMQ for tests: a corner of the shared server, or a server of a test's own that it may kill.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::broker::Server;
use crate::poll::eventually_seen;
use crate::process::{Process, free_port};
use crate::services::require_or_skip;
use crate::temp::TempDir;

const DEFAULT_ADDRESS: &str = "127.0.0.1:5672";
/// The script itself: the one on the path changes to a user of its own.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// It is an Erlang program on a small machine.
const STARTING: Duration = Duration::from_secs(120);
const PATIENCE: Duration = Duration::from_secs(2);

/// A prefix of its own on the shared server.
pub struct RabbitCorner {
    address: String,
    prefix: String,
}

impl RabbitCorner {
    /// `None`, after saying so on stderr, when no server answers.
    #[allow(
        clippy::disallowed_methods,
        reason = "a switch of the test run, not configuration of the program"
    )]
    pub fn new() -> Option<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let address = std::env::var("MAINSTAY_TEST_RABBITMQ").unwrap_or_else(|_| DEFAULT_ADDRESS.to_owned());
        if !speaks(&address) {
            require_or_skip("RabbitMQ", "rabbitmq-server, or set MAINSTAY_TEST_RABBITMQ to host:port");
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Some(Self { address, prefix: format!("test-{}-{number}", std::process::id()) })
    }

    /// How to reach it.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@{}?prefix={}", self.address, self.prefix)
    }

    /// What everything of it begins with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

/// A `rabbitmq-server`, killed when dropped.
pub struct RabbitServer {
    port: u16,
    folder: TempDir,
    process: Process,
}

impl RabbitServer {
    /// Starts one. `None`, after saying so on stderr, when it is not installed.
    pub async fn start() -> Option<Self> {
        if !std::path::Path::new(PROGRAM).exists() {
            require_or_skip("a RabbitMQ server of our own", "install the Debian package rabbitmq-server");
            return None;
        }
        let server = Self { port: free_port(), folder: TempDir::new(), process: Process::default() };
        server.resume().await;
        Some(server)
    }

    /// Its URL, without parameters.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@{}", self.address())
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

#[async_trait]
impl Server for RabbitServer {
    fn kill(&self) {
        self.process.kill();
    }

    fn hang(&self) {
        self.process.hang();
    }

    fn go_on(&self) {
        self.process.go_on();
    }

    async fn resume(&self) {
        let folder = self.folder.path();
        let mut command = Command::new(PROGRAM);
        command.env("HOME", folder).env("RABBITMQ_NODENAME", format!("test{}@localhost", self.port));
        command.env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1").env("RABBITMQ_NODE_PORT", self.port.to_string());
        command.env("RABBITMQ_DIST_PORT", (self.port + 10_000).to_string());
        command.env("RABBITMQ_MNESIA_BASE", folder.join("data")).env("RABBITMQ_LOG_BASE", folder.join("log"));
        command.env("RABBITMQ_PID_FILE", folder.join("pid"));
        command.env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"));
        command.env("RABBITMQ_CONFIG_FILE", folder.join("none")).env("RABBITMQ_SERVER_START_ARGS", "+S 1:1");
        command.stdout(Stdio::null());
        self.process.start(command);
        eventually_seen("a RabbitMQ server that answers", STARTING, || speaks(&self.address()).then_some(()))
            .await;
    }
}

/// Whether something there answers as AMQP has it: the first thing it sends is a method on channel 0.
fn speaks(address: &str) -> bool {
    let ask = || -> std::io::Result<[u8; 3]> {
        let address: SocketAddr = address.parse().map_err(std::io::Error::other)?;
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        let mut frame = [0; 3];
        stream.read_exact(&mut frame)?;
        Ok(frame)
    };
    ask().is_ok_and(|frame| frame == [1, 0, 0])
}
