//! `If-Match`: change it only as I have seen it (RFC 9110, section 13.1.1).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use utoipa::IntoParams;

use crate::respond::Failure;

/// Which versions the caller may have seen. Without the header, or with `*`, whichever it is at.
#[derive(IntoParams)]
#[into_params(parameter_in = Header, names("If-Match"))]
pub(crate) struct IfMatch(
    /// `"v3"`: the entity tag of the version that was read; another one is refused with 412.
    #[param(value_type = Option<String>, required = false)]
    Option<Vec<i32>>,
);

impl IfMatch {
    /// The versions that may be changed; `None` for any.
    pub(crate) fn versions(&self) -> Option<&[i32]> {
        self.0.as_deref()
    }

    /// Tags are compared strongly, so weak ones name nothing. The coding behind the version does not matter: the
    /// change is made to what all codings represent.
    fn parse<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut seen: Option<Vec<i32>> = None;
        for tag in values.flat_map(|value| value.split(',')).map(str::trim) {
            if tag == "*" {
                return Self(None);
            }
            let quoted = tag.strip_prefix("\"v").and_then(|tag| tag.strip_suffix('"'));
            let version =
                quoted.and_then(|tag| tag.split('-').next()).and_then(|digits| digits.parse::<i32>().ok());
            seen.get_or_insert_default().extend(version);
        }
        Self(seen)
    }
}

impl FromRequest for IfMatch {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // A value that is no text names no version, and must not count as absent.
        let values =
            request.headers().get_all(header::IF_MATCH).map(|value| value.to_str().unwrap_or_default());
        ready(Ok(Self::parse(values)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_versions_that_were_seen() {
        let parse = |values: &[&str]| IfMatch::parse(values.iter().copied()).0;
        assert_eq!(parse(&[]), None);
        assert_eq!(parse(&["*"]), None);
        assert_eq!(parse(&["\"v3\""]), Some(vec![3]));
        assert_eq!(parse(&["\"v3-br\", \"v4\"", "\"v5\""]), Some(vec![3, 4, 5]));
        for nothing in ["", "v3", "W/\"v3\"", "\"v\"", "\"vx\"", "\"3\"", "\"v99999999999\""] {
            assert_eq!(parse(&[nothing]), Some(vec![]), "{nothing}");
        }
    }
}
