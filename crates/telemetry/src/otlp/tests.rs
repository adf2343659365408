use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use tracing::{info, info_span};
use tracing_subscriber::{layer::SubscriberExt, registry};

use super::{connect, continue_trace};
use crate::{Error, Format, Settings, TraceParent};

fn settings(endpoint: Option<String>) -> Settings {
    Settings {
        service: "mainstay-test",
        format: Format::Json,
        level: "info".to_owned(),
        otlp_endpoint: endpoint,
    }
}

/// A collector for one request: its base URL, and the request's first line and body.
fn collector() -> (String, JoinHandle<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (url, thread::spawn(move || answer(&listener.accept().unwrap().0)))
}

fn answer(mut connection: &TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "the request ended early: {head}");
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, value)| value.parse().unwrap())
        .unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body)
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

#[test]
fn spans_reach_the_collector_in_their_trace_and_without_secrets() {
    let (url, request) = collector();
    let (layer, guard) = connect(&settings(Some(url))).unwrap();
    let parent = TraceParent::new([0xa1; 16], [0xb2; 8]);

    tracing::subscriber::with_default(registry().with(layer), || {
        let span = info_span!("sign-in", userId = "u-1", password = "planted", note = "msk_planted");
        continue_trace(&span, &parent);
        let _entered = span.entered();
        info!(refreshToken = "planted", "sent msk_planted");
    });
    guard.shutdown().unwrap();

    let (first_line, body) = request.join().unwrap();
    assert_eq!(first_line, "POST /v1/traces HTTP/1.1");
    for part in [b"mainstay-test".as_slice(), b"sign-in", b"u-1", &[0xa1; 16], &[0xb2; 8]] {
        assert!(contains(&body, part), "{part:?}");
    }
    assert!(!contains(&body, b"planted"));
}

#[test]
fn an_endpoint_that_is_no_url_is_refused() {
    let refused = connect::<tracing_subscriber::Registry>(&settings(Some("not a url".to_owned())));

    assert!(matches!(refused.map(|_| ()), Err(Error::Exporter { endpoint, .. }) if endpoint == "not a url"));
}

#[test]
fn without_an_endpoint_nothing_is_exported() {
    let (layer, guard) = connect::<tracing_subscriber::Registry>(&settings(None)).unwrap();

    assert!(layer.is_none());
    guard.shutdown().unwrap();
}
