//! What may be tried again, and when.

use std::time::Duration;

use chrono::DateTime;
use ports::{HttpRequest, HttpResponse};

use crate::attempt::Failed;

/// Tries at most, the first one included.
pub(crate) const TRIES: u32 = 3;
/// The pause after the first try is up to twice this, after each further one up to twice that.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// What `chance` is a part of.
const FULL: u32 = 1 << 16;

/// Another try is worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retry {
    /// How long the other side wants to be left alone.
    pub(crate) after: Option<Duration>,
}

impl Retry {
    /// What the other side asks for, and on top a random part of a pause that doubles with each try, so that many who
    /// failed together do not come back together.
    pub(crate) fn pause(self, tries: u32, chance: u16) -> Duration {
        let most = FIRST_PAUSE * 2_u32.saturating_pow(tries);
        self.after.unwrap_or_default().saturating_add(most * (u32::from(chance) + 1) / FULL)
    }
}

/// Whether this outcome may change for the better. A request that must not be done twice is repeated only if it was
/// never sent, or if the answer refuses it and says when to come back (RFC 9110, section 10.2.3; RFC 6585, section 4).
pub(crate) fn worth(
    request: &HttpRequest,
    outcome: &Result<HttpResponse, Failed>,
    now: chrono::DateTime<chrono::Utc>,
) -> Option<Retry> {
    match outcome {
        Ok(answer) => {
            let after = answer.header("retry-after").and_then(|value| retry_after(value, now));
            let worth = match answer.status {
                429 | 503 => request.repeatable || after.is_some(),
                502 | 504 => request.repeatable,
                _ => false,
            };
            worth.then_some(Retry { after })
        }
        Err(Failed::Unconnected(_)) => Some(Retry { after: None }),
        Err(Failed::Broken(_)) => request.repeatable.then_some(Retry { after: None }),
        Err(_) => None,
    }
}

/// Seconds, or a date (RFC 9110, sections 10.2.3 and 5.6.7).
fn retry_after(value: &str, now: chrono::DateTime<chrono::Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(value.trim()).ok()?;
    Some((at.to_utc() - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use ports::HttpMethod;

    use super::*;

    fn now() -> chrono::DateTime<chrono::Utc> {
        DateTime::parse_from_rfc3339("2026-03-01T12:00:00Z").unwrap().to_utc()
    }

    fn worth_of(method: HttpMethod, status: u16, retry_after: Option<&str>) -> Option<Retry> {
        let request = HttpRequest::new(method, "http://example.com".parse().unwrap());
        let headers = retry_after.map(|value| ("retry-after".to_owned(), value.to_owned()));
        let answer = HttpResponse { status, headers: headers.into_iter().collect(), body: Vec::new().into() };
        worth(&request, &Ok(answer), now())
    }

    #[test]
    fn only_what_may_be_done_twice_or_was_refused_with_a_time_is_repeated() {
        use HttpMethod::{Get, Post};
        let at_once = Some(Retry { after: None });
        let in_two = Some(Retry { after: Some(Duration::from_secs(2)) });
        for (method, status, header, expected) in [
            (Get, 200, None, None),
            (Get, 404, Some("2"), None),
            (Get, 500, None, None),
            (Get, 502, None, at_once),
            (Get, 503, None, at_once),
            (Get, 429, Some("2"), in_two),
            (Get, 503, Some("Sun, 01 Mar 2026 12:00:02 GMT"), in_two),
            (Get, 503, Some("Sun, 01 Mar 2026 11:00:00 GMT"), Some(Retry { after: Some(Duration::ZERO) })),
            (Get, 503, Some("soon"), at_once),
            (Post, 502, None, None),
            (Post, 503, None, None),
            (Post, 503, Some("2"), in_two),
            (Post, 429, Some("2"), in_two),
        ] {
            assert_eq!(worth_of(method, status, header), expected, "{method:?} {status} {header:?}");
        }
    }

    #[test]
    fn pauses_grow_and_differ() {
        let retry = Retry { after: None };
        assert_eq!(retry.pause(1, u16::MAX), Duration::from_millis(200));
        assert_eq!(retry.pause(2, u16::MAX), Duration::from_millis(400));
        assert!(retry.pause(1, 0) < Duration::from_millis(1));
        let asked = Retry { after: Some(Duration::from_secs(2)) };
        assert!(asked.pause(1, 0) > Duration::from_secs(2));
    }
}
