use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::{field::Empty, info, info_span, warn};
use tracing_subscriber::{layer::SubscriberExt, registry};

use crate::layer::{LogLayer, Render};
use crate::{json as json_format, pretty, redact};

const JWT: &str = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl-_x";

/// What a program logs, as text.
fn logged(render: Render, program: impl FnOnce()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = LogLayer::new(render, move || writer.clone());
    tracing::subscriber::with_default(registry().with(layer), program);
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// What a program logs, as JSON objects.
fn objects(program: impl FnOnce()) -> Vec<Value> {
    logged(json_format::render, program).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_json_line_is_flat() {
    let lines = objects(|| {
        let _request = info_span!("request", requestId = "r-1", traceId = "t-1", status = Empty).entered();
        info!(target: "mainstay::http", action = "login", durationMs = 12.5, retried = false, "user {}", 7);
    });

    let [line] = lines.as_slice() else { panic!("one line, not {lines:?}") };
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(timestamp).is_ok(), "{timestamp}");
    assert_eq!(timestamp.len(), "2026-01-01T00:00:00.000Z".len());
    assert!(timestamp.ends_with('Z'));
    let expected = json!({
        "timestamp": timestamp, "level": "INFO", "target": "mainstay::http", "message": "user 7",
        "action": "login", "durationMs": 12.5, "retried": false, "requestId": "r-1", "traceId": "t-1",
    });
    assert_eq!(*line, expected);
}

#[test]
fn the_nearest_value_of_a_name_wins() {
    let lines = objects(|| {
        let _outer = info_span!("outer", tenantId = "outer", userId = "outer", action = "outer").entered();
        let _inner = info_span!("inner", userId = "inner", action = "inner").entered();
        info!(action = "event", "done");
    });

    assert_eq!(lines[0]["tenantId"], "outer");
    assert_eq!(lines[0]["userId"], "inner");
    assert_eq!(lines[0]["action"], "event");
}

#[test]
fn a_span_learns_fields_later() {
    let lines = objects(|| {
        let request = info_span!("request", userId = Empty, attempt = 1);
        let _entered = request.enter();
        request.record("userId", "u-1");
        request.record("attempt", 2);
        info!("done");
    });

    assert_eq!(lines[0]["userId"], "u-1");
    assert_eq!(lines[0]["attempt"], 2);
}

#[test]
fn a_field_cannot_pose_as_part_of_the_line() {
    let text = logged(json_format::render, || info!(level = "fake", timestamp = "fake", "real"));

    assert!(!text.contains("fake"), "{text}");
}

#[test]
fn several_lines_stay_several_lines() {
    let program = || {
        info!(note = "first\nsecond", "one\nline");
        warn!("two");
    };

    assert_eq!(logged(json_format::render, program).lines().count(), 2);
    assert_eq!(logged(pretty::plain, program).lines().count(), 2);
}

#[test]
fn a_pretty_line_reads_well() {
    let text = logged(pretty::plain, || {
        let _request = info_span!("request", requestId = "r-1").entered();
        info!(target: "mainstay::http", status = 200, path = "/with space", "\x1b[31mdone");
    });

    let (_time, rest) = text.split_once(' ').unwrap();
    let expected = " INFO mainstay::http: \\u{1b}[31mdone status=200 path=\"/with space\" requestId=r-1\n";
    assert_eq!(rest, expected);
}

#[test]
fn secrets_are_never_written() {
    let program = || {
        let _span = info_span!(
            "request",
            refreshToken = "planted-1",
            set_cookie = "planted-2",
            note = format!("Bearer {JWT}"),
            session = Empty
        )
        .entered();
        tracing::Span::current().record("session", "msk_planted3");
        info!(
            password = "planted-4",
            "api-key" = "planted-5",
            MASTER_KEY = "planted-6",
            "http.request.header.Authorization" = "planted-7",
            client_secret = ?Some("planted-8"),
            tokenCount = 90_909,
            key = "msk_planted9-_z",
            "refused {JWT}, and msk_planted10 too"
        );
    };

    for render in [json_format::render as Render, pretty::plain, pretty::coloured] {
        let text = logged(render, program);
        for secret in ["planted", JWT, "eyJ", "c2lnbmF0dXJl", "90909"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("refused ***, and *** too"), "{text}");
        assert!(text.contains("Bearer ***"), "{text}");
    }
}

#[test]
fn what_only_resembles_a_secret_is_kept() {
    for text in ["eyJ is how a JWT starts", "eyJhbGciOi.half", "msk_", "", "task_list"] {
        assert_eq!(redact::text(text), text);
    }
    for name in ["action", "userId", "passed", "tok-e", "key"] {
        assert!(!redact::is_secret_name(name), "{name}");
    }
}
