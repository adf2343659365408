//! What routes take from a request: strict JSON, strict queries, and who calls.

mod browser;
mod caller;
mod decode;
mod if_match;
mod json;
mod query;
mod text;

pub(crate) use browser::Browser;
pub(crate) use caller::{Anyone, Caller};
pub(crate) use if_match::IfMatch;
pub(crate) use json::Body;
pub(crate) use query::{ListParams, ListQuery, Query};
pub(crate) use text::{nullable, plain};
