//! What routes take from a request: strict JSON, strict queries, and who calls.

mod caller;
mod decode;
mod if_match;
mod json;
mod query;
mod text;

pub(crate) use caller::{Anyone, Caller};
pub(crate) use if_match::IfMatch;
pub(crate) use json::Body;
pub(crate) use query::{ListParams, ListQuery};
pub(crate) use text::{nullable, plain};
