//! An SMTP server that says what a test wants to hear.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What to answer to a line on a connection (counted from 1): `None` is the usual answer, an empty one silence.
type Script = dyn Fn(usize, &str) -> Option<&'static str> + Send + Sync;

pub(super) struct Scripted {
    pub(super) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub(super) async fn start(
        script: impl Fn(usize, &str) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Self {
        let script: Arc<Script> = Arc::new(script);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = heard.clone();
        tokio::spawn(async move {
            for connection in 1.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(converse(stream, connection, script.clone(), log.clone()));
            }
        });
        Self { address, heard }
    }

    /// Lines that began so, over all connections.
    pub(super) fn heard(&self, beginning: &str) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|line| line.starts_with(beginning)).cloned().collect()
    }
}

async fn converse(stream: TcpStream, connection: usize, script: Arc<Script>, log: Arc<Mutex<Vec<String>>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut in_data = false;
    write.write_all(b"220 scripted\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        log.lock().unwrap().push(line.clone());
        if in_data && line != "." {
            continue;
        }
        let answer = script(connection, &line).unwrap_or_else(|| usual(&line));
        in_data = answer.starts_with("354");
        // The other side may have gone in anger.
        if write.write_all(answer.as_bytes()).await.is_err() || line == "QUIT" {
            return;
        }
    }
}

fn usual(line: &str) -> &'static str {
    match line.get(..4) {
        Some("EHLO") => "250-scripted\r\n250 AUTH PLAIN\r\n",
        Some("DATA") => "354 go on\r\n",
        Some("AUTH") => "235 welcome\r\n",
        Some("QUIT") => "221 bye\r\n",
        _ => "250 ok\r\n",
    }
}
