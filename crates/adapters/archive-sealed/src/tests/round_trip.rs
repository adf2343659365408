//! What goes in comes out, and nothing of it can be seen from outside.

use ports::{Error, Kind};

use super::*;
use crate::chunks::{CHUNK, TAG};

#[tokio::test]
async fn content_of_any_size_comes_back() {
    let place = Place::new();
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 1_000_000] {
        let content = noise(length);
        let manifest = place.write(&content).await;
        assert_eq!(manifest.content_bytes, length as u64);
        place.archives.verify(&manifest).await.unwrap();
        assert!(place.read(&manifest.name).await.unwrap() == content, "{length}");
    }
}

#[tokio::test]
async fn content_is_compressed_and_can_not_be_seen() {
    let place = Place::new();
    let content = Bytes::from("ada@example.com ".repeat(100_000));
    let manifest = place.write(&content).await;
    assert!(manifest.stored_bytes() < 10_000, "{}", manifest.stored_bytes());
    assert!(manifest.stored_bytes() > TAG as u64);
    for (name, bytes) in place.blobs.all() {
        assert!(!bytes.windows(8).any(|window| window == b"ada@exam"), "{name}");
    }
}

#[tokio::test]
async fn parts_have_a_bounded_size() {
    let place = Place::new();
    let manifest = place.write(&noise(1_000_000)).await;
    let sizes: Vec<u64> = manifest.parts.iter().map(|part| part.bytes).collect();
    assert!(sizes.len() == 11 && sizes[..10].iter().all(|size| *size == 100_000), "{sizes:?}");
    assert_eq!(place.blobs.all().len(), 12);
}

#[tokio::test]
async fn what_was_said_about_it_is_there_to_be_read() {
    let place = Place::new();
    let written = place.write(&noise(10)).await;
    let read = place.archives.manifest(&written.name).await.unwrap();
    assert_eq!(read, written);
    assert_eq!((read.kind.as_str(), read.program.as_str()), ("test", "mainstay 1.2.3"));
    assert_eq!(read.about["engine"], "sqlite");
}

#[tokio::test]
async fn an_unsealed_archive_is_readable_by_anybody() {
    let place = Place::new();
    let content = Bytes::from("one line\n");
    let new = NewArchive { sealed: false, ..archive() };
    let manifest = place.archives.write(new, pieces(&content)).await.unwrap();
    assert_eq!(place.blobs.all()[&key(&format!("{}/part-000001", manifest.name))], content);
    let elsewhere = Place::at(place.blobs.clone(), [2; 32]);
    assert_eq!(elsewhere.read(&manifest.name).await.unwrap(), content);
}

/// The end of a source that broke is not the end of its content.
#[tokio::test]
async fn a_broken_source_leaves_nothing() {
    let place = Place::new();
    for sealed in [true, false] {
        let broken = stream::once(async { Err(Error::new(Kind::Conflict, "the dump broke")) });
        let content = pieces(&noise(1_000_000)).chain(broken).boxed();
        let error = place.archives.write(NewArchive { sealed, ..archive() }, content).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (Kind::Conflict, "the dump broke"));
        assert_eq!(place.blobs.all().len(), 0);
    }
}

#[tokio::test]
async fn without_a_manifest_it_is_listed_as_cut_short() {
    let place = Place::new();
    let (first, second) = (place.write(&noise(250_000)).await, place.write(&noise(10)).await);
    place.blobs.set(&key("stranger"), "x");
    place.blobs.set(&key("some/thing"), "x");
    ports::BlobStore::delete(&place.blobs, &key(&format!("{}/manifest", second.name))).await.unwrap();
    let mut listed = place.archives.list().await.unwrap();
    listed.sort_by_key(|one| !one.complete);
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert!(listed[0].complete && listed[0].name == first.name && listed[0].stored_bytes > 250_000);
    assert!(!listed[1].complete && listed[1].name == second.name);
    assert_eq!(place.archives.manifest(&second.name).await.unwrap_err().kind(), Kind::NotFound);
}
