//! From the client's errors to the one error of all ports.

use std::error::Error as StdError;

use object_store::client::HttpError;
use ports::{Chain, Error, Kind, Result};

/// Names the operation during which the client failed.
pub(crate) trait During<T> {
    /// The same result as a port's.
    fn during(self, operation: &'static str) -> Result<T>;
}

impl<T> During<T> for object_store::Result<T> {
    fn during(self, operation: &'static str) -> Result<T> {
        self.map_err(|error| Error::with(kind_of(&error), operation, error))
    }
}

/// A store that does not do what stores do.
pub(crate) fn unusable(operation: &'static str, how: &'static str) -> Error {
    Error::with(Kind::Internal, operation, format!("the store can't be used: {how}"))
}

fn kind_of(error: &object_store::Error) -> Kind {
    match error {
        // S3 says 404 for both; only one of them is about the key.
        object_store::Error::NotFound { .. } if !Chain(error).to_string().contains("NoSuchBucket") => {
            Kind::NotFound
        }
        object_store::Error::Precondition { .. } => Kind::Precondition,
        object_store::Error::Generic { .. } if is_passing(error) => Kind::Unavailable,
        _ => Kind::Internal,
    }
}

/// No answer, or one of the kind "not now". The client does not show status codes but in words.
fn is_passing(error: &(dyn StdError + 'static)) -> bool {
    const NOT_NOW: [&str; 3] = ["status code: 5", "status code: 429", "Server returned error response"];
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<HttpError>() {
            return true;
        }
        cause = error.source();
    }
    let text = Chain(error).to_string();
    NOT_NOW.iter().any(|sign| text.contains(sign))
}
