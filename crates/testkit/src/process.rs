//! A server's process that a test owns, on a free port.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};

/// A process with all that it starts, killed when dropped.
#[derive(Default)]
pub(crate) struct Process(Mutex<Option<Child>>);

impl Process {
    /// Starts it; its predecessor has ended.
    pub(crate) fn start(&self, mut command: Command) {
        // A group of its own: scripts start the server as a child that would outlive them.
        let child = command.stderr(Stdio::null()).stdin(Stdio::null()).process_group(0).spawn().unwrap();
        *self.0.lock().unwrap() = Some(child);
    }

    /// As a crash.
    pub(crate) fn kill(&self) {
        self.signal("-KILL");
        if let Some(mut child) = self.0.lock().unwrap().take() {
            child.wait().unwrap();
        }
    }

    /// It hangs: connections stay, and nothing is answered.
    pub(crate) fn hang(&self) {
        self.signal("-STOP");
        // The signal has come when the last thread stands.
        let Some(id) = self.0.lock().unwrap().as_ref().map(Child::id) else { return };
        while !stands(id) {
            std::thread::yield_now();
        }
    }

    /// It goes on.
    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let Some(id) = self.0.lock().unwrap().as_ref().map(Child::id) else { return };
        assert!(Command::new("kill").args([signal, "--", &format!("-{id}")]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether all threads of a process are stopped, as Linux tells.
fn stands(id: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{id}/task")) else { return true };
    let stopped = |status: String| status.lines().any(|line| line.starts_with("State:\tT"));
    threads.flatten().all(|thread| std::fs::read_to_string(thread.path().join("status")).is_ok_and(stopped))
}

/// Whether a program can be started at all.
pub(crate) fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Below the ports that the system gives to callers: while a server is away, its port must not become the other end
/// of somebody's connection, or it could not come back. Low enough that the bus of a cluster, ten thousand further
/// on, is a port of that kind, too.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 1000).unwrap() * 10;
    let mut candidates = (0..1000).map(|_| 10_000 + (own + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000);
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    candidates.find(|port| is_free(*port) && is_free(port + 10_000)).expect("a free port")
}
