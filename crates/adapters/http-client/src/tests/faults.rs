//! What the other side may do, and what is made of it.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ports::{HttpClient, HttpRequest, Kind};

use super::server::{Reply, Server};
use super::{client, get, post};

fn packed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_answer_comes_as_it_is_whatever_its_status() {
    let body = packed(b"{\"a\":1}");
    let headers = [("content-encoding", "gzip"), ("x-kind", "small")];
    let server = Server::on("127.0.0.1", vec![Reply::with(418, &headers, &body)]).await;
    let request = HttpRequest {
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        body: "a=1".into(),
        ..post(&server.url("/pot?q=1")).header("content-type", "application/x-www-form-urlencoded")
    };
    let answer = client().send(&request).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (418, b"{\"a\":1}".as_slice()));
    assert_eq!(answer.header("x-kind"), Some("small"));
    assert!(!answer.is_success());
    let heard = server.requests().remove(0);
    assert!(heard.starts_with("POST /pot?q=1 HTTP/1.1\r\n"), "{heard}");
    assert!(
        heard.contains("traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"),
        "{heard}"
    );
    assert!(heard.contains("accept-encoding: gzip\r\n"), "{heard}");
    assert!(heard.ends_with("\r\n\r\na=1"), "{heard}");
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_was_said() {
    let server = Server::on("127.0.0.1", vec![Reply::Hang]).await;
    let request = HttpRequest { within: Duration::from_millis(300), ..get(&server.url("/")) };
    let begun = Instant::now();
    assert_eq!(client().send(&request).await.unwrap_err().kind(), Kind::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(server.connections(), 1, "a whole that has passed leaves no time for a second try");
}

/// A body that never ends is not waited for either.
#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_none() {
    let half = b"HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nhalf".to_vec();
    let server = Server::on("127.0.0.1", vec![Reply::Bytes(half)]).await;
    assert_eq!(client().send(&post(&server.url("/"))).await.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_burst_of_failures_is_survived_by_what_may_be_repeated() {
    let bad = || vec![Reply::status(503), Reply::Close, Reply::status(200)];
    let server = Server::on("127.0.0.1", bad()).await;
    assert_eq!(client().send(&get(&server.url("/"))).await.unwrap().status, 200);
    assert_eq!(server.connections(), 3);

    let server = Server::on("127.0.0.1", bad()).await;
    assert_eq!(client().send(&post(&server.url("/"))).await.unwrap().status, 503);
    assert_eq!(server.connections(), 1);
    let server = Server::on("127.0.0.1", vec![Reply::Close, Reply::status(200)]).await;
    assert_eq!(client().send(&post(&server.url("/"))).await.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_refusal_with_a_time_is_repeated_after_it_and_a_longer_one_stands() {
    let busy = |seconds| Reply::with(429, &[("retry-after", seconds)], b"");
    let server = Server::on("127.0.0.1", vec![busy("1"), Reply::status(201)]).await;
    let begun = Instant::now();
    assert_eq!(client().send(&post(&server.url("/"))).await.unwrap().status, 201);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    for long in ["3600", "18446744073709551615"] {
        let server = Server::on("127.0.0.1", vec![busy(long), Reply::status(201)]).await;
        let answer = client().send(&post(&server.url("/"))).await.unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some(long)));
    }
}

#[tokio::test]
async fn a_failing_server_is_left_alone() {
    let server = Server::on("127.0.0.1", vec![Reply::status(502)]).await;
    let client = client();
    for _ in 0..5 {
        client.send(&post(&server.url("/"))).await.unwrap();
    }
    let refused = client.send(&get(&server.url("/"))).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unavailable);
    assert_eq!(server.connections(), 5, "nothing was sent");
    // Another one at the same address is another server.
    let well = Server::on("127.0.0.1", vec![Reply::status(200)]).await;
    assert_eq!(client.send(&get(&well.url("/"))).await.unwrap().status, 200);
}

/// Many calls that fail do not become three times as many.
#[tokio::test]
async fn retries_have_a_budget() {
    // Each answer is well for the breaker, and worth another try for the retries.
    let server = Server::on("127.0.0.1", vec![Reply::with(429, &[("retry-after", "0")], b"")]).await;
    let client = client();
    for _ in 0..100 {
        client.send(&get(&server.url("/"))).await.unwrap();
    }
    let retries = server.connections() - 100;
    // A fifth, and one for each second of the window.
    assert!((1..=40).contains(&retries), "{retries} retries");
}

#[tokio::test]
async fn more_than_was_asked_for_is_not_read() {
    let request = |server: &Server| HttpRequest { answer_limit: 1024, ..get(&server.url("/")) };
    let fits = Server::on("127.0.0.1", vec![Reply::with(200, &[], &[b'x'; 1024])]).await;
    assert_eq!(client().send(&request(&fits)).await.unwrap().body.len(), 1024);
    let huge = Server::on("127.0.0.1", vec![Reply::with(200, &[], &[b'x'; 1025])]).await;
    assert_eq!(client().send(&request(&huge)).await.unwrap_err().kind(), Kind::Internal);
    assert_eq!(huge.connections(), 1);
    let bomb = packed(&vec![0; 64 * 1024 * 1024]);
    let bomb = Reply::with(200, &[("content-encoding", "gzip")], &bomb);
    let bomb = Server::on("127.0.0.1", vec![bomb]).await;
    assert_eq!(client().send(&request(&bomb)).await.unwrap_err().kind(), Kind::Internal);
    let broken = Reply::with(200, &[("content-encoding", "gzip")], b"nonsense");
    let broken = Server::on("127.0.0.1", vec![broken]).await;
    assert_eq!(client().send(&request(&broken)).await.unwrap_err().kind(), Kind::Unavailable);
}

/// Codings that were not asked for stay as they are: decoding them could cost a hundred times the memory.
#[tokio::test]
async fn only_gzip_is_undone() {
    let zstd = Reply::with(200, &[("content-encoding", "zstd")], b"as it came");
    let server = Server::on("127.0.0.1", vec![zstd]).await;
    assert_eq!(&*client().send(&get(&server.url("/"))).await.unwrap().body, b"as it came");
}

#[tokio::test]
async fn errors_name_no_url() {
    let closed = Server::on("127.0.0.1", vec![Reply::Close]).await;
    let url = closed.url("/hook/secret-path?token=secret-query");
    let error = client().send(&post(&url)).await.unwrap_err();
    let text = format!("{} {error:?}", ports::Chain(&error));
    assert!(!text.contains("secret"), "{text}");
}
