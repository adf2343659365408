//! Strict queries: no unknown name, no name twice. Those of lists have a part that is the same for all.

use std::borrow::Cow;
use std::collections::HashSet;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use application::{Ask, FieldError};
use futures_util::future::{Ready, ready};
use garde::Validate;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;
use utoipa::IntoParams;

use crate::respond::Failure;

/// A query that is no list's.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Validate<Context = ()>> FromRequest for Query<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = request.query_string();
        ready(once_each(query).and_then(|()| typed(query)).map(Self))
    }
}

/// The query of a list: what is asked of every list, and by what this one chooses rows (`filter[…]`, `q`).
pub(crate) struct ListQuery<T> {
    pub(crate) ask: Ask,
    pub(crate) choice: T,
}

/// The part that all lists share. Document it beside the list's own part: `params(ListParams, …)`.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Rows at most; 20 unless told.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<u64>,
    /// `meta.nextCursor` of the page before, with the same sort and the same choice of rows.
    #[garde(skip)]
    cursor: Option<String>,
    /// A numbered page instead, which counts all rows; `page` × `limit` is at most 10,000.
    #[garde(range(min = 1, max = 10_000))]
    #[param(minimum = 1, maximum = 10_000, example = 1)]
    page: Option<u64>,
    /// Fields, separated by commas, `-` in front for descending; `-createdAt` unless told.
    #[garde(skip)]
    #[param(example = "-createdAt")]
    sort: Option<String>,
}

/// Names in [`ListParams`].
const SHARED: [&str; 4] = ["limit", "cursor", "page", "sort"];

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

impl<T: DeserializeOwned + Validate<Context = ()>> FromRequest for ListQuery<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()))
    }
}

fn parse<T: DeserializeOwned + Validate<Context = ()>>(query: &str) -> Result<ListQuery<T>, Failure> {
    once_each(query)?;
    let (shared, mut own): (Vec<Pair<'_>>, Vec<Pair<'_>>) =
        form_urlencoded::parse(query.as_bytes()).partition(|(name, _)| SHARED.contains(&name.as_ref()));
    own.sort();
    let choice = encode(&own);
    let ListParams { limit, cursor, page, sort } = typed(&encode(&shared))?;
    Ok(ListQuery { choice: typed(&choice)?, ask: Ask { limit, cursor, page, sort, choice } })
}

fn once_each(query: &str) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| !seen.insert(name.into_owned())) {
        return Err(Failure::malformed("a query parameter is repeated"));
    }
    Ok(())
}

fn encode(pairs: &[Pair<'_>]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn typed<T: DeserializeOwned + Validate<Context = ()>>(query: &str) -> Result<T, Failure> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    let value: T = serde_path_to_error::deserialize(pairs).map_err(|error| {
        let text = error.inner().to_string();
        let unknown = text.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        let (field, code, message) = match unknown {
            Some(name) => (name.to_owned(), "unknown", "is not known here"),
            None => (error.path().to_string(), "type", "has the wrong form"),
        };
        Failure::invalid(vec![FieldError { field, code, message: message.to_owned() }])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Choice {
        #[serde(rename = "filter[open]")]
        #[garde(skip)]
        open: Option<bool>,
        #[garde(skip)]
        q: Option<String>,
    }

    fn refused(query: &str) -> serde_json::Value {
        let refused = parse::<Choice>(query).err().expect("must be refused");
        serde_json::to_value(refused.envelope("r")).unwrap()
    }

    #[test]
    fn the_same_choice_is_written_the_same_way() {
        let read = |query: &str| parse::<Choice>(query).unwrap_or_else(|failure| panic!("{failure}"));
        let (one, other) =
            (read("q=a%20b&limit=5&filter[open]=true"), read("filter%5Bopen%5D=true&sort=x&q=a+b"));
        assert_eq!(one.ask.choice, other.ask.choice);
        assert_eq!((one.ask.limit, other.ask.sort.as_deref()), (Some(5), Some("x")));
        assert_eq!((one.choice.open, one.choice.q.as_deref()), (Some(true), Some("a b")));
        assert_ne!(read("q=a").ask.choice, read("q=b").ask.choice);
        assert!(read("").ask.choice.is_empty());
    }

    #[test]
    fn what_is_not_acceptable_is_named() {
        assert_eq!(refused("q=a&q=b")["statusCode"], 400);
        for (query, field, code) in [
            ("colour=red", "colour", "unknown"),
            ("filter[colour]=red", "filter[colour]", "unknown"),
            ("filter[open]=maybe", "filter[open]", "type"),
            ("limit=many", "limit", "type"),
            ("limit=101", "limit", "range"),
            ("page=0", "page", "range"),
        ] {
            let body = refused(query);
            assert_eq!(body["statusCode"], 422, "{query}");
            assert_eq!(body["errors"][0]["field"], field, "{query}");
            assert_eq!(body["errors"][0]["code"], code, "{query}");
        }
    }
}
