//! A running program: its output, its signals, its end.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::client::Client;
use super::wait::{PATIENCE, eventually};

/// A child process. It is killed when it goes out of scope.
pub(crate) struct Program {
    child: Mutex<Child>,
    output: Arc<Mutex<String>>,
    client: Option<Client>,
}

/// An API can be spoken to like any client.
impl Deref for Program {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client.as_ref().expect("only an API has an address")
    }
}

impl Program {
    /// Starts it and collects what it says.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().unwrap(), &output);
        collect(child.stderr.take().unwrap(), &output);
        Self { child: Mutex::new(child), output, client: None }
    }

    /// Waits until it has written where it listens.
    pub(super) async fn listening(mut self, address_file: PathBuf) -> Self {
        let address: SocketAddr = eventually("an API that listens", PATIENCE, async || {
            assert!(self.status().is_none(), "the API ended:\n{}", self.output());
            std::fs::read_to_string(&address_file).ok()?.parse().ok()
        })
        .await;
        self.client = Some(Client::new(address));
        self
    }

    /// To be spoken to from elsewhere.
    pub(crate) fn client(&self) -> Client {
        (**self).clone()
    }

    /// All it has said so far.
    pub(crate) fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// Waits until it says something.
    pub(crate) async fn says(&self, text: &str) {
        eventually(text, PATIENCE, async || {
            assert!(self.status().is_none(), "it ended before it said {text:?}:\n{}", self.output());
            self.output().contains(text).then_some(())
        })
        .await;
    }

    pub(crate) fn is_running(&self) -> bool {
        self.status().is_none()
    }

    fn status(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap().try_wait().unwrap()
    }

    /// As a crash: no warning, no cleaning up.
    pub(crate) async fn kill(&self) {
        self.child.lock().unwrap().kill().unwrap();
        self.ended(PATIENCE).await;
    }

    /// As an orchestrator: please stop.
    pub(crate) fn terminate(&self) {
        let id = self.child.lock().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits for its end; its exit status, and -1 after a signal.
    pub(crate) async fn ended(&self, within: Duration) -> i32 {
        let status = eventually("the end of the process", within, async || self.status()).await;
        status.code().unwrap_or(-1)
    }

    /// Stops it as an orchestrator does, and expects that it ends well.
    pub(crate) async fn stop(self) {
        self.terminate();
        assert_eq!(self.ended(PATIENCE).await, 0, "{}", self.output());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A thread of its own, because the program would stand still once the pipe is full.
fn collect(pipe: impl Read + Send + 'static, into: &Arc<Mutex<String>>) {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}

/// Runs a program to its end without holding up the test's own tasks.
pub(crate) async fn promised(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}
