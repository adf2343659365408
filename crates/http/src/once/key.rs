//! Reading `Idempotency-Key`: a string as in RFC 8941, section 3.3.3 (`"8e03…"`), or the same without quotes, as
//! most clients send it. Both name the same key.

use actix_web::http::header::HeaderMap;

use super::IDEMPOTENCY_KEY;
use crate::respond::Failure;

/// Longest key, in characters.
const LONGEST: usize = 255;

/// The key of a request, if it has one.
pub(super) fn of(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let unreadable =
        || Failure::malformed("Idempotency-Key must be a string of 1 to 255 characters, sent once");
    let mut sent = headers.get_all(IDEMPOTENCY_KEY);
    let Some(value) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(unreadable());
    }
    let text = value.to_str().map_err(|_| unreadable())?.trim_matches([' ', '\t']);
    let key = match text.strip_prefix('"') {
        Some(rest) => quoted(rest),
        None => text.bytes().all(is_token).then(|| text.to_owned()),
    };
    let fits = |key: &String| (1..=LONGEST).contains(&key.len());
    key.filter(fits).map(Some).ok_or_else(unreadable)
}

/// What stands between the quotes, after the first one. Nothing may follow the last one.
fn quoted(text: &str) -> Option<String> {
    let mut key = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => break,
            '\\' => match characters.next()? {
                escaped @ ('"' | '\\') => key.push(escaped),
                _ => return None,
            },
            plain @ ' '..='~' => key.push(plain),
            _ => return None,
        }
    }
    characters.as_str().is_empty().then_some(key)
}

/// RFC 8941, section 3.3.4, anywhere in the key: UUIDs begin with digits.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn read(values: &[&str]) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        of(&headers).map_err(|failure| failure.status.as_u16())
    }

    #[test]
    fn quoted_and_bare_keys_are_the_same() {
        let uuid = "8e03978e-40d5-43dd-bc93-6894a57f9324";
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[uuid]), Ok(Some(uuid.to_owned())));
        assert_eq!(read(&[&format!("\"{uuid}\"")]), Ok(Some(uuid.to_owned())));
        assert_eq!(read(&[&format!("  \"{uuid}\"\t")]), Ok(Some(uuid.to_owned())));
        assert_eq!(read(&[r#""a \"b\" \\ c""#]), Ok(Some(r#"a "b" \ c"#.to_owned())));
        assert_eq!(read(&["order:7/2026"]), Ok(Some("order:7/2026".to_owned())));
        assert_eq!(read(&[&"k".repeat(255)]), Ok(Some("k".repeat(255))));
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "k".repeat(256);
        for value in
            ["", "\"\"", "\"", "\"open", "\"a\"b", "\"a\";b=1", r#""a\b""#, "a b", "a,b", "ü", "\"ü\"", &long]
        {
            assert_eq!(read(&[value]), Err(400), "{value:?}");
        }
        assert_eq!(read(&["a", "a"]), Err(400));
    }
}
