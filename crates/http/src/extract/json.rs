//! Strict JSON: the right type, a bounded size after decoding, bounded depth, no unknown field, valid values.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use application::FieldError;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::caller::admitted;
use super::decode::{coding, decode};
use crate::State;
use crate::once::{IDEMPOTENCY_KEY, Received};
use crate::respond::Failure;

/// A body that has arrived, been parsed and been validated.
pub(crate) struct Body<T>(pub(crate) T);

/// Deeper JSON is an attack on parsers, not data.
const MAX_DEPTH: usize = 64;
/// A body arrives within this time.
const ARRIVAL: Duration = Duration::from_secs(15);

impl<T> FromRequest for Body<T>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let limit =
                request.app_data::<web::Data<State>>().map_or(0, |state| state.edge.settings.body_limit);
            admitted(&request).await?;
            check_type(&request)?;
            let coding = coding(request.headers())?;
            let bytes = tokio::time::timeout(ARRIVAL, collect(payload, limit))
                .await
                .map_err(|_| Failure::of_status(StatusCode::REQUEST_TIMEOUT))??;
            let bytes = decode(coding, bytes, limit)?;
            let parsed = parse(&bytes)?;
            if request.headers().contains_key(IDEMPOTENCY_KEY) {
                request.extensions_mut().insert(Received(bytes));
            }
            Ok(Self(parsed))
        })
    }
}

fn check_type(request: &HttpRequest) -> Result<(), Failure> {
    if request.content_type().eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Failure::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
    }
}

/// Reads chunk by chunk and stops at the first byte too many.
async fn collect(mut payload: Payload, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Failure::malformed("the body can't be read"))?;
        if body.len() + chunk.len() > limit {
            return Err(Failure::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

pub(crate) fn parse<T: DeserializeOwned + Validate<Context = ()>>(bytes: &[u8]) -> Result<T, Failure> {
    if depth(bytes) > MAX_DEPTH {
        return Err(Failure::malformed("the JSON is nested too deeply"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value: T =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| match error.inner().classify() {
            Category::Data => Failure::invalid(vec![wrong_shape(&error)]),
            _ => Failure::malformed("the body is not valid JSON"),
        })?;
    reader.end().map_err(|_| Failure::malformed("the body is not valid JSON"))?;
    value.validate().map_err(|report| Failure::invalid(report.iter().map(broken_rule).collect()))?;
    Ok(value)
}

/// Wrong type, missing or unknown field. The message names types and fields, never values.
fn wrong_shape(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let text = error.inner().to_string();
    let quoted = text.split('`').nth(1).unwrap_or_default();
    let (code, at) = match text.split(' ').next() {
        Some("unknown") => ("unknown", Some(quoted)),
        Some("missing") => ("required", Some(quoted)),
        _ => ("type", None),
    };
    let path = error.path().to_string();
    let field = match (path.as_str(), at) {
        (".", Some(name)) => name.to_owned(),
        (".", None) => String::new(),
        (path, Some(name)) if !path.ends_with(name) => format!("{path}.{name}"),
        (path, _) => path.to_owned(),
    };
    let message = match code {
        "unknown" => "is not known here",
        "required" => "is required",
        _ => "has the wrong type",
    };
    FieldError { field, code, message: message.to_owned() }
}

fn broken_rule((path, error): &(garde::Path, garde::Error)) -> FieldError {
    let message = error.message();
    let code = if message.contains("length") {
        "length"
    } else if message.contains("than") {
        "range"
    } else {
        "invalid"
    };
    FieldError { field: camel(&path.to_string()), code, message: message.to_owned() }
}

/// Rust's `display_name` is the wire's `displayName`.
fn camel(snake: &str) -> String {
    let mut upper = false;
    let mut out = String::with_capacity(snake.len());
    for c in snake.chars() {
        if c == '_' {
            upper = true;
        } else {
            out.push(if upper { c.to_ascii_uppercase() } else { c });
            upper = false;
        }
    }
    out
}

/// How deep brackets nest, strings left out. Counted before parsing.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, Validate)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Sample {
        #[garde(length(chars, max = 3))]
        display_name: String,
    }

    fn failure(text: &str) -> serde_json::Value {
        let refused = parse::<Sample>(text.as_bytes()).expect_err("must be refused");
        serde_json::to_value(refused.envelope("r")).unwrap()
    }

    #[test]
    fn syntax_is_400_and_shape_is_422() {
        for text in ["", "{", "{\"displayName\":\"a\"} x", "nonsense", &"[".repeat(65)] {
            assert_eq!(failure(text)["statusCode"], 400, "{text:?}");
        }
        for (text, field, code) in [
            ("{}", "displayName", "required"),
            ("{\"displayName\":1}", "displayName", "type"),
            ("{\"displayName\":\"abcd\"}", "displayName", "length"),
            ("{\"displayName\":\"a\",\"x\":1}", "x", "unknown"),
        ] {
            let body = failure(text);
            assert_eq!(body["statusCode"], 422, "{text}");
            assert_eq!(body["errors"][0]["field"], field, "{text}");
            assert_eq!(body["errors"][0]["code"], code, "{text}");
        }
    }

    #[test]
    fn depth_ignores_strings() {
        assert_eq!(depth(br#"{"a":"[[[[\"[["}"#), 1);
        assert_eq!(depth(b"[[[]]]"), 3);
    }
}
