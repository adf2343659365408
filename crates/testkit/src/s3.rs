//! The S3 test server that `tests/services/ensure.sh` starts: one bucket, one key, and signatures that are checked.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::services::{require_or_skip, service_answers};

const ADDRESS: &str = "127.0.0.1:8014";
const BUCKET: &str = "mainstay-test";
const KEY: &str = "mainstay-test";

/// The secret of the one key there is.
pub const SECRET: &str = "mainstay-test-secret";

/// The URL of a folder of its own for each call; `None`, after saying so on stderr, when no server answers.
pub fn folder() -> Option<String> {
    // The standard library's only source of randomness.
    let number = RandomState::new().build_hasher().finish();
    let place = format!("s3://{BUCKET}/test-{number:016x}?endpoint=http://{ADDRESS}&allow_http=true");
    let login = format!("region=us-east-1&access_key_id={KEY}&secret_access_key={SECRET}");
    answers().then(|| format!("{place}&{login}"))
}

fn answers() -> bool {
    let answers = service_answers(ADDRESS);
    if !answers {
        require_or_skip("the S3 test server", "source tests/services/ensure.sh; ensure_s3");
    }
    answers
}
