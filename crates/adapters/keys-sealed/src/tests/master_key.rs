//! The file: made once, agreed on, private.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Barrier};
use std::thread;

use ports::Kind;
use testkit::fakes::SeededRandom;

use crate::master_key_file;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mainstay-keys-{test}-{}", std::process::id()));
        // What an earlier process with the same id may have left.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("deeper/master.key")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_new_key_is_private_and_stays() {
    let folder = Folder::new("new");
    let made = master_key_file(&folder.file(), &SeededRandom::new(1)).unwrap();
    let read = master_key_file(&folder.file(), &SeededRandom::new(2)).unwrap();
    assert_eq!(made.bytes, read.bytes);
    assert!(!made.readable_by_others && !read.readable_by_others);
    assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.0.join("deeper")).unwrap().count(), 1, "nothing temporary is left");
}

#[test]
fn first_starts_at_the_same_time_agree_on_one_key() {
    let folder = Arc::new(Folder::new("race"));
    let start = Arc::new(Barrier::new(16));
    let threads: Vec<_> = (0..16)
        .map(|seed| {
            let (folder, start) = (folder.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                master_key_file(&folder.file(), &SeededRandom::new(seed)).unwrap().bytes
            })
        })
        .collect();
    let mut keys: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    keys.dedup();
    assert_eq!(keys.len(), 1);
}

#[test]
fn a_file_that_others_can_read_is_told() {
    let folder = Folder::new("open");
    let made = master_key_file(&folder.file(), &SeededRandom::new(1)).unwrap();
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o640)).unwrap();
    let read = master_key_file(&folder.file(), &SeededRandom::new(2)).unwrap();
    assert_eq!((read.bytes, read.readable_by_others), (made.bytes, true));
}

#[test]
fn a_file_with_something_else_is_left_alone_and_not_shown() {
    let folder = Folder::new("other");
    fs::create_dir(folder.0.join("deeper")).unwrap();
    for content in ["", "correct horse battery staple", "c2hvcnQ="] {
        fs::write(folder.file(), content).unwrap();
        let error = master_key_file(&folder.file(), &SeededRandom::new(1)).err().unwrap();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(error.kind(), Kind::Internal);
        assert!(source.ends_with("deeper/master.key: is not 32 bytes in base64"), "{source}");
        assert_eq!(fs::read_to_string(folder.file()).unwrap(), content);
    }
}
