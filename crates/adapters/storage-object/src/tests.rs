//! The suite on a directory and on a real S3 server, and what is special to each.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use ports::{BlobKey, BlobStore, Chain, Kind};

use crate::ObjectBlobStore;

mod directory;
mod s3;

fn connect(url: &str) -> Arc<dyn BlobStore> {
    Arc::new(ObjectBlobStore::connect(url).unwrap())
}

fn key(text: &str) -> BlobKey {
    BlobKey::parse(text).unwrap()
}

async fn put(store: &dyn BlobStore, name: &str, content: &'static str) -> ports::Result<()> {
    store.put(&key(name), stream::iter([Ok(Bytes::from(content))]).boxed()).await.map(|_| ())
}

async fn read(store: &dyn BlobStore, name: &str) -> String {
    let content = store.get(&key(name), None).await.unwrap().content;
    String::from_utf8(content.try_collect::<Vec<Bytes>>().await.unwrap().concat()).unwrap()
}

#[test]
fn urls_that_can_not_be_right_are_refused() {
    for (url, reason) in [
        ("ftp://x", "known schemes: file://, s3://"),
        ("file://", "names no directory"),
        ("s3://", "no bucket"),
        ("s3://bucket?regoin=x", "unknown parameter `regoin`; known are region, endpoint"),
        ("s3://bucket/a%20b?region=x", "is no key"),
        ("s3://bucket/a//b?region=x", "is no key"),
    ] {
        let error = ObjectBlobStore::connect(url).err().unwrap_or_else(|| panic!("{url} was taken"));
        let text = Chain(&error).to_string();
        assert!(text.contains(reason), "{url}: {text}");
    }
}

#[test]
fn errors_show_no_credentials() {
    for url in
        ["s3://b?secret_access_key=hunter2&nonsense=hunter2", "s3://b:hunter2@/?secret_access_key=hunter2"]
    {
        let error = ObjectBlobStore::connect(url).err().unwrap();
        let text = format!("{} {error:?}", Chain(&error));
        assert!(!text.contains("hunter2"), "{text}");
    }
}

/// What an error of kind `Internal` says to the operator.
async fn refusal(store: &dyn BlobStore) -> String {
    let error = store.check().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal, "{}", Chain(&error));
    Chain(&error).to_string()
}
