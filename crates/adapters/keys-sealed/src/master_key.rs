//! The master key's file.
//!
//! Processes that start together on an empty directory must end up with one key: each writes its own to a
//! temporary file and links that to the final name. A link never replaces a file, so the first one wins and
//! everybody reads what it left.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ports::{Error, Kind, Random, Result};
use secrecy::zeroize::{Zeroize, Zeroizing};

/// A master key as read from its file.
pub struct MasterKey {
    /// The key.
    pub bytes: [u8; 32],
    /// Others than the owner may read the file: worth a warning. Never so for a file made here.
    pub readable_by_others: bool,
}

/// Reads the master key (32 bytes in base64), or makes it first. The file is readable by its owner only.
///
/// # Errors
/// `Internal` when the file can't be read or made, or holds something else; the text names the file.
pub fn master_key_file(path: &Path, random: &dyn Random) -> Result<MasterKey> {
    let failed = |error: io::Error| {
        Error::with(Kind::Internal, "read the master key", format!("{}: {error}", path.display()))
    };
    if let Some(key) = read(path).map_err(failed)? {
        return Ok(key);
    }
    let mut bytes = [0; 32];
    random.fill(&mut bytes)?;
    let mut suffix = [0; 8];
    random.fill(&mut suffix)?;
    let created = create(path, &bytes, u64::from_be_bytes(suffix));
    bytes.zeroize();
    created.map_err(failed)?;
    let key = read(path).map_err(failed)?;
    key.ok_or_else(|| failed(ErrorKind::NotFound.into()))
}

fn read(path: &Path) -> io::Result<Option<MasterKey>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let readable_by_others = file.metadata()?.permissions().mode() & 0o077 != 0;
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)?;
    let decoded = STANDARD.decode(text.trim()).map(Zeroizing::new);
    let bytes = decoded.ok().and_then(|bytes| bytes.as_slice().try_into().ok());
    let wrong = || io::Error::new(ErrorKind::InvalidData, "is not 32 bytes in base64");
    Ok(Some(MasterKey { bytes: bytes.ok_or_else(wrong)?, readable_by_others }))
}

/// Does nothing when the file has come into being meanwhile.
fn create(path: &Path, key: &[u8; 32], suffix: u64) -> io::Result<()> {
    // The parent of a bare file name is the empty path: the working directory.
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let temporary = PathBuf::from(format!("{}.{suffix:016x}.tmp", path.display()));
    let linked = write(&temporary, key).and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => removed?,
    }
    File::open(folder)?.sync_all()
}

fn write(path: &Path, key: &[u8; 32]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let text = Zeroizing::new(STANDARD.encode(key) + "\n");
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
