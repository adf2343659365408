//! What answers look like: the envelope of success, and the two forms of failure.

mod envelope;
mod failure;

pub(crate) use envelope::{Envelope, Nothing, Reply, rfc3339};
pub(crate) use failure::{ErrorBody, Failure, FieldErrorBody};
