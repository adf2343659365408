//! One command and its answer, without a client library: enough to set servers up.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(2);

/// The answer as it came over the wire; `None` when none came.
pub(super) fn ask(address: &str, command: &[&str]) -> Option<String> {
    let address: SocketAddr = address.parse().ok()?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let parts = command.iter().map(|part| format!("${}\r\n{part}\r\n", part.len()));
    let request = format!("*{}\r\n{}", command.len(), parts.collect::<String>());
    stream.write_all(request.as_bytes()).ok()?;
    // The server answers, then sees that no more will come and closes: what came is the answer. (`QUIT` would do the
    // same, but Sentinels don't know it.)
    stream.shutdown(Shutdown::Write).ok()?;
    let (mut answer, begun) = (Vec::new(), Instant::now());
    let mut buffer = [0; 4096];
    while begun.elapsed() < PATIENCE {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
            Err(_) => return None,
        }
    }
    Some(String::from_utf8_lossy(&answer).into_owned())
}
