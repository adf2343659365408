//! URLs: `file://<directory>`, and `s3://<bucket>[/<folder>]?region=&endpoint=&…`.
//!
//! What an S3 URL does not say is taken from the usual variables (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//! `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`, the roles of containers and pods), else from the machine's
//! role: the client reads them itself, because it alone knows how they are renewed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use ports::{BlobKey, Error, Kind, Result};
use url::Url;

use crate::ObjectBlobStore;
use crate::error::During;

const CONNECT: &str = "blobs.connect";
/// For one request, which has one part at most.
const ANSWER: Duration = Duration::from_secs(60);
const REACH: Duration = Duration::from_secs(5);
/// For a request and its repetitions.
const PATIENCE: Duration = Duration::from_secs(60);
const REPETITIONS: usize = 4;

/// What an S3 URL may say, and how the client calls it.
const PARAMETERS: [(&str, AmazonS3ConfigKey); 6] = [
    ("region", AmazonS3ConfigKey::Region),
    ("endpoint", AmazonS3ConfigKey::Endpoint),
    ("access_key_id", AmazonS3ConfigKey::AccessKeyId),
    ("secret_access_key", AmazonS3ConfigKey::SecretAccessKey),
    ("session_token", AmazonS3ConfigKey::Token),
    ("virtual_hosted_style", AmazonS3ConfigKey::VirtualHostedStyleRequest),
];
const ALLOW_HTTP: &str = "allow_http";

impl ObjectBlobStore {
    /// Opens what the URL names. A directory is created; a bucket is not, nor asked for yet.
    ///
    /// # Errors
    /// `Internal` for a URL that can't be right, or a directory that can't be created.
    pub fn connect(url: &str) -> Result<Self> {
        match url.split_once("://") {
            Some(("file", directory)) => directory_at(Path::new(directory)),
            Some(("s3", _)) => bucket(url),
            _ => Err(refused("known schemes: file://, s3://")),
        }
    }
}

fn refused(reason: impl Into<String>) -> Error {
    Error::with(Kind::Internal, CONNECT, reason.into())
}

/// Nobody else on the machine needs to look into it.
fn directory_at(path: &Path) -> Result<ObjectBlobStore> {
    use std::os::unix::fs::DirBuilderExt;
    if path.as_os_str().is_empty() {
        return Err(refused("file:// names no directory"));
    }
    let created = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.map_err(|error| refused(format!("{}: {error}", path.display())))?;
    // What was written survives a power loss, as everything that is acknowledged does.
    let store = LocalFileSystem::new_with_prefix(path).during(CONNECT)?.with_fsync(true);
    Ok(ObjectBlobStore { store: Arc::new(store) })
}

fn bucket(text: &str) -> Result<ObjectBlobStore> {
    // The parser's own error would not say more, and must not show the text.
    let url = Url::parse(text).map_err(|error| refused(format!("not a URL: {error}")))?;
    let name = url.host_str().unwrap_or_default();
    if name.is_empty() {
        return Err(refused("s3:// names no bucket"));
    }
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(name);
    let mut allow_http = false;
    for (parameter, value) in url.query_pairs() {
        if parameter == ALLOW_HTTP {
            allow_http = value == "true";
            continue;
        }
        let known = PARAMETERS.iter().find(|(known, _)| *known == parameter);
        let (_, key) = known.ok_or_else(|| refused(unknown(&parameter)))?;
        builder = builder.with_config(*key, value);
    }
    // `AWS_ENDPOINT_URL` may name one on http, too.
    let options =
        ClientOptions::new().with_allow_http(allow_http).with_timeout(ANSWER).with_connect_timeout(REACH);
    let retry = RetryConfig { max_retries: REPETITIONS, retry_timeout: PATIENCE, ..RetryConfig::default() };
    let store = builder.with_client_options(options).with_retry(retry).build().during(CONNECT)?;
    let folder = url.path().trim_matches('/');
    let store: Arc<dyn ObjectStore> = if folder.is_empty() {
        Arc::new(store)
    } else {
        Arc::new(PrefixStore::new(store, BlobKey::parse(folder)?.as_str()))
    };
    Ok(ObjectBlobStore { store })
}

fn unknown(parameter: &str) -> String {
    let known: Vec<_> = PARAMETERS.iter().map(|(name, _)| *name).chain([ALLOW_HTTP]).collect();
    format!("unknown parameter `{parameter}`; known are {}", known.join(", "))
}
