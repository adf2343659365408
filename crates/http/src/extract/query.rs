//! Strict queries: no unknown name, no name twice.

use std::collections::HashSet;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use application::FieldError;
use futures_util::future::{Ready, ready};
use garde::Validate;
use serde::de::DeserializeOwned;

use crate::respond::Failure;

/// The query of a request.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Validate<Context = ()>> FromRequest for Query<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

fn parse<T: DeserializeOwned + Validate<Context = ()>>(query: &str) -> Result<T, Failure> {
    let mut seen = HashSet::new();
    if url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| !seen.insert(name.into_owned())) {
        return Err(Failure::malformed("a query parameter is repeated"));
    }
    let value: T = serde_urlencoded::from_str(query).map_err(|error| {
        let field = error.to_string().split('`').nth(1).unwrap_or("query").to_owned();
        Failure::invalid(vec![FieldError {
            field,
            code: "query",
            message: "is not accepted here".to_owned(),
        }])
    })?;
    value.validate().map_err(|report| {
        let broken = |(path, error): &(garde::Path, garde::Error)| FieldError {
            field: path.to_string(),
            code: "range",
            message: error.message().to_owned(),
        };
        Failure::invalid(report.iter().map(broken).collect())
    })?;
    Ok(value)
}
