//! NATS with JetStream for tests: a corner of the shared server, or a server of a test's own that it may kill.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::broker::Server;
use crate::poll::eventually_seen;
use crate::process::{Process, free_port, is_installed};
use crate::services::require_or_skip;
use crate::temp::TempDir;

const DEFAULT_ADDRESS: &str = "127.0.0.1:4222";
const STARTING: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(2);

/// A prefix of its own on the shared server; the streams under it go when this is dropped.
pub struct NatsCorner {
    address: String,
    prefix: String,
}

impl NatsCorner {
    /// `None`, after saying so on stderr, when no server with JetStream answers.
    #[allow(
        clippy::disallowed_methods,
        reason = "a switch of the test run, not configuration of the program"
    )]
    pub fn new() -> Option<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let address = std::env::var("MAINSTAY_TEST_NATS").unwrap_or_else(|_| DEFAULT_ADDRESS.to_owned());
        if !ask(&address, "$JS.API.INFO").is_some_and(|answer| answer.contains("\"limits\"")) {
            require_or_skip("NATS", "nats-server -js, or set MAINSTAY_TEST_NATS to host:port");
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Some(Self { address, prefix: format!("test-{}-{number}", std::process::id()) })
    }

    /// How to reach it.
    pub fn url(&self) -> String {
        format!("nats://{}?prefix={}", self.address, self.prefix)
    }
}

impl Drop for NatsCorner {
    fn drop(&mut self) {
        for stream in ["events", "dead"] {
            ask(&self.address, &format!("$JS.API.STREAM.DELETE.{}-{stream}", self.prefix));
        }
    }
}

/// A `nats-server` with JetStream, killed when dropped.
pub struct NatsServer {
    port: u16,
    folder: TempDir,
    process: Process,
}

impl NatsServer {
    /// Starts one. `None`, after saying so on stderr, when `nats-server` is not installed.
    pub async fn start() -> Option<Self> {
        if !is_installed("nats-server") {
            require_or_skip("a NATS server of our own", "install the Debian package nats-server");
            return None;
        }
        let server = Self { port: free_port(), folder: TempDir::new(), process: Process::default() };
        server.resume().await;
        Some(server)
    }

    /// Its URL, without parameters.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

#[async_trait]
impl Server for NatsServer {
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
        let mut command = Command::new("nats-server");
        command.args(["-js", "-a", "127.0.0.1", "-p", &self.port.to_string(), "-sd"]).arg(self.folder.path());
        command.arg("-l").arg(self.folder.path().join("server.log"));
        self.process.start(command);
        eventually_seen("a NATS server that answers", STARTING, || {
            ask(&self.address(), "$JS.API.INFO").filter(|answer| answer.contains("\"limits\""))
        })
        .await;
    }
}

/// One request and its answer, without a client library: enough to set servers up. `None` when none came.
fn ask(address: &str, subject: &str) -> Option<String> {
    let address: SocketAddr = address.parse().ok()?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let request = format!("CONNECT {{\"verbose\":false}}\r\nSUB answer 1\r\nPUB {subject} answer 0\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&answer);
        if text.split_once("\r\nMSG answer").is_some_and(|(_, body)| body.trim_end().ends_with('}')) {
            return Some(text.into_owned());
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
        }
    }
}
