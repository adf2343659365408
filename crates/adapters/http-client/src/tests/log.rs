//! What a call leaves in the log.

use std::io;
use std::sync::{Arc, Mutex};

use ports::HttpClient;
use tracing_subscriber::fmt::MakeWriter;

use super::server::{Reply, Server};
use super::{chosen, client, get};

/// Everything that is logged in this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn taken(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

/// Whoever writes a line first settles for all threads whether anybody listens to it, and tests without a listener run
/// beside this one. So both kinds of lines are written once, and then asked for anew, which a new listener causes.
async fn settle(server: &Server) {
    client().send(&chosen(get(&server.url("/")))).await.unwrap();
    client().send(&chosen(get("http://127.0.0.1:1/"))).await.unwrap_err();
    drop(tracing::Dispatch::new(tracing_subscriber::registry()));
}

#[tokio::test]
async fn one_line_says_whom_and_how_it_went_and_no_secret() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(lines.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::on(
        "127.0.0.1",
        vec![Reply::status(204), Reply::status(503), Reply::status(204), Reply::Close],
    )
    .await;
    let url = server.url("/hooks/s3cret?token=s3cret").replace("http://", "http://s3cret:s3cret@");
    let request = get(&url).header("authorization", "Bearer s3cret");

    settle(&server).await;
    lines.taken();

    client().send(&chosen(request.clone())).await.unwrap();
    let line = lines.taken();
    assert_eq!(line.lines().count(), 1, "{line}");
    let host = format!("server=\"127.0.0.1:{}\"", server.port);
    for part in [" INFO ", "method=\"GET\"", &host, "status=204", "tries=2", "durationMs="] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!line.contains("s3cret") && !line.contains("hooks"), "{line}");

    client().send(&chosen(request)).await.unwrap_err();
    let line = lines.taken();
    assert!(line.contains(" WARN ") && line.contains("Unavailable") && line.contains(&host), "{line}");
    assert!(!line.contains("s3cret"), "{line}");
    // Where the operator chose the target, its path is no secret.
    client().send(&get(&server.url("/token?code=s3cret"))).await.unwrap_err();
    let line = lines.taken();
    assert!(line.contains("path=\"/token\"") && !line.contains("s3cret"), "{line}");
}
