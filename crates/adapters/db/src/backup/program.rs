//! A database's own programs, at one end of a stream.

use std::io;
use std::process::{ExitStatus, Stdio};

use bytes::BytesMut;
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use ports::{ByteStream, Error, Kind, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::engine::MigrationSession;

const PIECE: usize = 128 * 1024;
/// How much of a program's complaints is kept: their end.
const COMPLAINTS: usize = 4 * 1024;

/// A program that is to be run. It dies with whoever waits for it.
pub(super) struct Program {
    name: &'static str,
    /// The Debian package that has it.
    package: &'static str,
    operation: &'static str,
    command: Command,
}

impl Program {
    pub(super) fn new(name: &'static str, package: &'static str, operation: &'static str) -> Self {
        let mut command = Command::new(name);
        command.kill_on_drop(true);
        Self { name, package, operation, command }
    }

    pub(super) fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(super) fn all_args(mut self, arguments: Vec<String>) -> Self {
        self.command.args(arguments);
        self
    }

    /// What only the program's owner may see. A file would outlive a kill; an environment does not.
    pub(super) fn envs(mut self, variables: Vec<(&'static str, String)>) -> Self {
        self.command.envs(variables);
        self
    }

    /// What it says. The session is held until it has said everything.
    pub(super) fn output(mut self, session: MigrationSession) -> Result<ByteStream<'static>> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = self.start()?;
        let output = running.child.stdout.take().ok_or_else(|| running.failed("it has no output"))?;
        let next = async |(mut running, mut output, session): (Running, ChildStdout, MigrationSession)| {
            let mut piece = BytesMut::with_capacity(PIECE);
            match output.read_buf(&mut piece).await {
                Ok(0) => {
                    running.ended_well().await?;
                    Ok(None)
                }
                Ok(_) => Ok(Some((piece.freeze(), (running, output, session)))),
                Err(error) => Err(running.failed(&error.to_string())),
            }
        };
        Ok(stream::try_unfold((running, output, session), next).boxed())
    }

    /// Gives it all of the content. Should the content break, the program is killed before it can take that for the end.
    pub(super) async fn input(mut self, mut content: ByteStream<'static>) -> Result<()> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut running = self.start()?;
        let mut input = running.child.stdin.take().ok_or_else(|| running.failed("it has no input"))?;
        loop {
            let piece = match content.try_next().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    // It may have ended by itself.
                    let _ = running.child.kill().await;
                    return Err(error);
                }
            };
            fail::fail_point!("restore.before-piece", |_| std::process::abort());
            if let Err(error) = input.write_all(&piece).await {
                return Err(running.gave_up(input, &error).await);
            }
        }
        drop(input);
        running.ended_well().await
    }

    fn start(mut self) -> Result<Running> {
        let (name, operation, package) = (self.name, self.operation, self.package);
        let mut child = self.command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let text = format!("{name} is not installed; it is in the Debian package {package}");
                Error::with(Kind::Unsupported, operation, text)
            }
            _ => Error::with(Kind::Internal, operation, format!("{name}: {error}")),
        })?;
        let complaints = child.stderr.take().map(|pipe| tokio::spawn(end_of(pipe)));
        Ok(Running { name, package, operation, child, complaints })
    }
}

struct Running {
    name: &'static str,
    package: &'static str,
    operation: &'static str,
    child: Child,
    complaints: Option<JoinHandle<String>>,
}

impl Running {
    async fn ended_well(&mut self) -> Result<()> {
        let status = self.child.wait().await.map_err(|error| self.failed(&error.to_string()))?;
        if status.success() { Ok(()) } else { Err(self.complaint(status).await) }
    }

    /// It closed its input: why, it has said elsewhere.
    async fn gave_up(&mut self, input: ChildStdin, error: &io::Error) -> Error {
        drop(input);
        match self.ended_well().await {
            Ok(()) => self.failed(&error.to_string()),
            Err(complaint) => complaint,
        }
    }

    async fn complaint(&mut self, status: ExitStatus) -> Error {
        let text = match self.complaints.take() {
            Some(complaints) => complaints.await.unwrap_or_default(),
            None => String::new(),
        };
        let text = text.trim();
        if text.contains("version mismatch") || text.contains("unsupported version") {
            let advice = format!("install the {} of the server's major version", self.package);
            return Error::with(Kind::Unsupported, self.operation, format!("{}; {advice}", self.words(text)));
        }
        if text.is_empty() { self.failed(&status.to_string()) } else { self.failed(text) }
    }

    fn failed(&self, how: &str) -> Error {
        Error::with(Kind::Internal, self.operation, self.words(how))
    }

    fn words(&self, text: &str) -> String {
        let text = text.strip_prefix(self.name).map_or(text, |rest| rest.trim_start_matches([':', ' ']));
        format!("{}: {text}", self.name)
    }
}

async fn end_of(mut pipe: ChildStderr) -> String {
    let mut kept = Vec::new();
    while pipe.read_buf(&mut kept).await.is_ok_and(|read| read > 0) {
        if kept.len() > 2 * COMPLAINTS {
            kept.drain(..kept.len() - COMPLAINTS);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}
