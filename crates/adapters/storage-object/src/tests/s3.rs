//! A real S3 server, which checks signatures.

use testkit::blobs::Depot;
use testkit::s3;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

#[allow(clippy::unused_async, reason = "the suite waits for depots")]
async fn depot() -> Option<Depot> {
    Some(Depot::new(connect(&s3::folder()?), ()))
}

testkit::blobs_suite!(depot());

#[tokio::test]
async fn a_wrong_secret_is_refused_and_not_shown() {
    let Some(url) = s3::folder() else { return };
    let store = connect(&url.replace(s3::SECRET, "hunter2hunter2hunter2"));
    let text = refusal(store.as_ref()).await;
    assert!(text.contains("SignatureDoesNotMatch") && !text.contains("hunter2"), "{text}");
    assert_eq!(put(store.as_ref(), "a", "content").await.unwrap_err().kind(), Kind::Internal);
    assert_eq!(connect(&url).head(&key("a")).await.unwrap_err().kind(), Kind::NotFound);
}

/// A server that gives every request this answer, for what the real one does not do.
async fn scripted(status: &'static str, code: &'static str) -> Arc<dyn BlobStore> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let body = format!("<Error><Code>{code}</Code></Error>");
            let head =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all((head + &body).as_bytes()).await;
        }
    });
    let place = format!("s3://bucket?region=x&endpoint=http://{address}&allow_http=true");
    connect(&format!("{place}&access_key_id=a&secret_access_key=b"))
}

/// It is not the key that is missing.
#[tokio::test]
async fn a_missing_bucket_is_no_missing_blob() {
    let store = scripted("404 Not Found", "NoSuchBucket").await;
    let text = refusal(store.as_ref()).await;
    assert!(text.contains("NoSuchBucket"), "{text}");
    assert_eq!(put(store.as_ref(), "a", "content").await.unwrap_err().kind(), Kind::Internal);
    assert_eq!(store.delete(&key("a")).await.unwrap_err().kind(), Kind::Internal);
    let other = scripted("404 Not Found", "NoSuchKey").await;
    assert_eq!(other.head(&key("a")).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_server_that_says_not_now_is_unavailable() {
    for status in ["503 Slow Down", "500 Internal Server Error"] {
        let error = scripted(status, "SlowDown").await.check().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{}", Chain(&error));
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable() {
    let place = "s3://bucket?region=x&endpoint=http://127.0.0.1:1&allow_http=true";
    let error = connect(&format!("{place}&access_key_id=a&secret_access_key=b")).check().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{}", Chain(&error));
}

/// Two installations share a bucket without seeing each other.
#[tokio::test]
async fn a_folder_of_the_bucket_is_a_store_of_its_own() {
    let (Some(url), Some(other)) = (s3::folder(), s3::folder()) else { return };
    let (one, other) = (connect(&url), connect(&other));
    put(one.as_ref(), "a/b", "first").await.unwrap();
    put(other.as_ref(), "a/b", "second").await.unwrap();
    assert_eq!(read(one.as_ref(), "a/b").await, "first");
    let found: Vec<_> = one.list(None).try_collect().await.unwrap();
    assert_eq!(found.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["a/b"]);
    let within = connect(&url.replacen('?', "/a?", 1));
    assert_eq!(read(within.as_ref(), "b").await, "first");
}
