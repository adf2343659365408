//! The contract of [`ports::BlobStore`].

use std::any::Any;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use ports::{BlobEntry, BlobKey, BlobStore, ByteStream, Error, Kind};

/// A store under test, and whatever must live as long.
pub struct Depot {
    store: Arc<dyn BlobStore>,
    _keep: Box<dyn Any + Send + Sync>,
}

impl Depot {
    /// `keep` goes with it: a temporary directory, say.
    pub fn new(store: Arc<dyn BlobStore>, keep: impl Any + Send + Sync) -> Self {
        Self { store, _keep: Box::new(keep) }
    }
}

/// More than any adapter sends at once, and not a multiple of anything.
const LARGE: usize = 21 * 1024 * 1024 + 12_345;

/// A folder that no other test and no earlier run has used.
fn folder() -> BlobKey {
    // The standard library's only source of randomness.
    let number = RandomState::new().build_hasher().finish();
    BlobKey::parse(&format!("suite-{number:016x}")).unwrap()
}

/// Bytes that differ from place to place, so that nothing can change places unseen.
fn pattern(length: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

/// In pieces of a size that fits nothing.
fn pieces(content: &Bytes) -> ByteStream<'static> {
    const PIECE: usize = 77_777;
    let content = content.clone();
    let cut = (0..content.len()).step_by(PIECE);
    let cut = cut.map(move |at| Ok(content.slice(at..content.len().min(at + PIECE))));
    stream::iter(cut.collect::<Vec<_>>()).boxed()
}

async fn read(store: &dyn BlobStore, key: &BlobKey) -> Bytes {
    let blob = store.get(key, None).await.unwrap();
    let found: Vec<Bytes> = blob.content.try_collect().await.unwrap();
    found.concat().into()
}

async fn names(store: &dyn BlobStore, below: &BlobKey) -> Vec<String> {
    let found: Vec<BlobEntry> = store.list(Some(below)).try_collect().await.unwrap();
    let start = below.as_str().len() + 1;
    let mut names: Vec<String> = found.iter().map(|entry| entry.key.as_str()[start..].to_owned()).collect();
    names.sort();
    names
}

/// What was written is read, whatever its size, and `head` knows the size.
pub async fn keeps_content_of_any_size(depot: &Depot) {
    let (store, folder) = (&*depot.store, folder());
    for length in [0, 1, 100_000, LARGE] {
        let key = folder.join(&length.to_string()).unwrap();
        let content = pattern(length);
        let written = store.put(&key, pieces(&content)).await.unwrap();
        assert_eq!((&written.key, written.size), (&key, length as u64));
        assert_eq!(store.head(&key).await.unwrap(), written);
        assert!(read(store, &key).await == content, "{length} bytes came back otherwise");
    }
}

/// "replaces what was there under that key", and the etag is "another one for another content".
pub async fn replaces(depot: &Depot) {
    let (store, key) = (&*depot.store, folder().join("one").unwrap());
    let first = store.put(&key, pieces(&pattern(1000))).await.unwrap();
    let second = store.put(&key, pieces(&pattern(999))).await.unwrap();
    assert_ne!(first.etag, second.etag);
    assert!(read(store, &key).await == pattern(999));
}

/// "the part of it that lies in `range` (past the end there is nothing)", and the meta is "of the whole blob".
pub async fn reads_ranges(depot: &Depot) {
    let (store, key) = (&*depot.store, folder().join("one").unwrap());
    let content = pattern(LARGE);
    store.put(&key, pieces(&content)).await.unwrap();
    let end = LARGE as u64;
    for range in
        [0..1, 5..1005, 0..end, end - 3..end, end - 3..end + 10, end..end + 1, 7..7, 1_000..20_000_000]
    {
        let blob = store.get(&key, Some(range.clone())).await.unwrap();
        assert_eq!(blob.meta.size, end);
        let found: Vec<Bytes> = blob.content.try_collect().await.unwrap();
        let inside = |at: u64| usize::try_from(at).unwrap().min(LARGE);
        assert!(found.concat() == content[inside(range.start)..inside(range.end)], "{range:?}");
    }
}

/// "`NotFound`" for what is not there.
pub async fn says_not_found(depot: &Depot) {
    let (store, key) = (&*depot.store, folder().join("nothing").unwrap());
    assert_eq!(store.head(&key).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(store.get(&key, None).await.err().map(|error| error.kind()), Some(Kind::NotFound));
    assert_eq!(store.get(&key, Some(0..1)).await.err().map(|error| error.kind()), Some(Kind::NotFound));
}

/// "Removes a blob. Deleting a missing one succeeds."
pub async fn deletes(depot: &Depot) {
    let (store, key) = (&*depot.store, folder().join("one").unwrap());
    store.put(&key, pieces(&pattern(10))).await.unwrap();
    store.delete(&key).await.unwrap();
    assert_eq!(store.head(&key).await.unwrap_err().kind(), Kind::NotFound);
    store.delete(&key).await.unwrap();
}

/// "All blobs below a key (`a` has `a/b` and `a/b/c` below it, not `a` or `ab`), or all there are".
pub async fn lists_what_lies_below(depot: &Depot) {
    let (store, folder) = (&*depot.store, folder());
    for name in ["a/b", "a/c/d", "ab/e", "f"] {
        store.put(&folder.join(name).unwrap(), pieces(&pattern(name.len()))).await.unwrap();
    }
    assert_eq!(names(store, &folder).await, ["a/b", "a/c/d", "ab/e", "f"]);
    assert_eq!(names(store, &folder.join("a").unwrap()).await, ["b", "c/d"]);
    assert_eq!(names(store, &folder.join("f").unwrap()).await, [""; 0]);
    assert_eq!(names(store, &folder.join("nothing").unwrap()).await, [""; 0]);
    let all: Vec<BlobEntry> = store.list(None).try_collect().await.unwrap();
    let mut mine = all.iter().filter(|entry| entry.key.as_str().starts_with(folder.as_str()));
    assert!(mine.all(|entry| entry.size <= 5));
    let found = all.iter().find(|entry| entry.key == folder.join("f").unwrap()).unwrap();
    assert_eq!(found.size, 1);
}

/// A page of an S3 listing ends at a thousand.
pub async fn lists_page_after_page(depot: &Depot) {
    let (store, folder) = (&*depot.store, folder());
    let keys: Vec<BlobKey> = (0..1_100).map(|number| folder.join(&format!("{number:04}")).unwrap()).collect();
    let put = |key: BlobKey| async move { store.put(&key, pieces(&pattern(1))).await.map(|_| ()) };
    stream::iter(keys).map(put).buffer_unordered(16).try_collect::<()>().await.unwrap();
    assert_eq!(names(store, &folder).await.len(), 1_100);
}

/// "If the stream gives an error, that error is returned; then […] nothing becomes visible, and what was there
/// stays."
pub async fn a_broken_stream_leaves_nothing(depot: &Depot) {
    let (store, folder) = (&*depot.store, folder());
    let kept = folder.join("kept").unwrap();
    store.put(&kept, pieces(&pattern(10))).await.unwrap();
    for (key, length) in [("new", 5), ("new", LARGE), ("kept", LARGE)] {
        let broken = || Err(Error::new(Kind::RateLimited, "the source broke"));
        let content = pieces(&pattern(length)).chain(stream::once(async move { broken() })).boxed();
        let refused = store.put(&folder.join(key).unwrap(), content).await.unwrap_err();
        assert_eq!((refused.kind(), refused.operation()), (Kind::RateLimited, "the source broke"));
    }
    assert_eq!(names(store, &folder).await, ["kept"]);
    assert!(read(store, &kept).await == pattern(10));
}

/// "if the call is dropped, nothing becomes visible".
pub async fn a_dropped_upload_leaves_nothing(depot: &Depot) {
    let (store, folder) = (&*depot.store, folder());
    let endless = pieces(&pattern(LARGE)).chain(stream::pending()).boxed();
    let key = folder.join("new").unwrap();
    let upload = store.put(&key, endless);
    // It can't end; how far it gets does not matter to what is claimed.
    assert!(tokio::time::timeout(Duration::from_millis(300), upload).await.is_err());
    assert_eq!(names(store, &folder).await, [""; 0]);
}

/// "A blob that is replaced meanwhile ends the stream with an error: contents are never mixed."
pub async fn never_mixes_contents(depot: &Depot) {
    let (store, key) = (&*depot.store, folder().join("one").unwrap());
    store.put(&key, pieces(&pattern(LARGE))).await.unwrap();
    let mut content = store.get(&key, None).await.unwrap().content;
    let first = content.next().await.unwrap().unwrap();
    assert!(first.len() < LARGE / 2, "one piece of {} bytes is not bounded", first.len());
    store.put(&key, pieces(&Bytes::from(vec![0; LARGE]))).await.unwrap();
    let rest: Result<Vec<Bytes>, Error> = content.try_collect().await;
    assert_eq!(rest.err().map(|error| error.kind()), Some(Kind::Precondition));
}

/// "Answers when the store is there and lets us in."
pub async fn answers_a_check(depot: &Depot) {
    depot.store.check().await.unwrap();
}

/// Runs the suite on the depot that the expression gives, a future of `Option<Depot>`; `None` skips, after
/// [`require_or_skip`](crate::services::require_or_skip) has said why: `testkit::blobs_suite!(depot());`
#[macro_export]
macro_rules! blobs_suite {
    ($depot:expr) => {
        mod blobs_suite {
            use super::*;

            $crate::blobs_suite!(
                @cases $depot;
                keeps_content_of_any_size,
                replaces,
                reads_ranges,
                says_not_found,
                deletes,
                lists_what_lies_below,
                lists_page_after_page,
                a_broken_stream_leaves_nothing,
                a_dropped_upload_leaves_nothing,
                never_mixes_contents,
                answers_a_check
            );
        }
    };
    (@cases $depot:expr; $($case:ident),+) => {
        $(
            #[tokio::test]
            async fn $case() {
                if let Some(depot) = $depot.await {
                    $crate::blobs::$case(&depot).await;
                }
            }
        )+
    };
}
