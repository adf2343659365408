//! A directory.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use testkit::blobs::Depot;
use testkit::poll::eventually;
use testkit::temp::TempDir;

use super::*;

#[allow(clippy::unused_async, reason = "the suite waits for depots")]
async fn depot() -> Option<Depot> {
    let folder = TempDir::new();
    let store = connect(&format!("file://{}/files", folder.path().display()));
    Some(Depot::new(store, folder))
}

testkit::blobs_suite!(depot());

#[tokio::test]
async fn others_can_not_look_into_it() {
    let folder = TempDir::new();
    let directory = folder.path().join("a/files");
    let store = connect(&format!("file://{}", directory.display()));
    put(store.as_ref(), "b/c", "content").await.unwrap();
    assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::read_to_string(directory.join("b/c")).unwrap(), "content");
}

/// An upload that nobody waits for any more does not fill the disk either.
#[tokio::test]
async fn a_dropped_upload_leaves_no_file() {
    let folder = TempDir::new();
    let store = connect(&format!("file://{}", folder.path().display()));
    let large = stream::iter((0..20).map(|_| Ok(Bytes::from(vec![7; 1024 * 1024])))).chain(stream::pending());
    let name = key("new");
    let upload = store.put(&name, large.boxed());
    assert!(tokio::time::timeout(Duration::from_millis(300), upload).await.is_err());
    eventually("an empty directory", Duration::from_secs(10), async || {
        (std::fs::read_dir(folder.path()).unwrap().count() == 0).then_some(())
    })
    .await;
}

/// Whoever puts files there by hand under odd names does not break the list.
#[tokio::test]
async fn foreign_files_are_left_out() {
    let folder = TempDir::new();
    std::fs::write(folder.path().join("not a key"), "x").unwrap();
    let store = connect(&format!("file://{}", folder.path().display()));
    put(store.as_ref(), "mine", "content").await.unwrap();
    let found: Vec<_> = store.list(None).try_collect().await.unwrap();
    assert_eq!(found.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["mine"]);
}

#[tokio::test]
async fn a_file_in_the_way_is_no_missing_blob() {
    let folder = TempDir::new();
    let store = connect(&format!("file://{}", folder.path().display()));
    put(store.as_ref(), "a", "content").await.unwrap();
    assert_eq!(put(store.as_ref(), "a/b", "content").await.unwrap_err().kind(), Kind::Internal);
    assert_eq!(read(store.as_ref(), "a").await, "content");
}
