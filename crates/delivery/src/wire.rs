//! The form of events on the way: CloudEvents 1.0 in the structured mode of its JSON format, whole in the body, so that
//! each server carries the same bytes.

use domain::EventEnvelope;
use ports::{Error, Kind, RefusedEvent, Result};
use serde::{Deserialize, Serialize};

/// The media type of an event.
pub const MEDIA_TYPE: &str = "application/cloudevents+json";
/// Names the only group that an event is told to, where it is told again.
pub const ONLY_HEADER: &str = "mainstay-only";

/// The bytes of an event.
///
/// # Errors
/// `Internal`.
pub fn write(event: &EventEnvelope) -> Result<Vec<u8>> {
    serde_json::to_vec(event).map_err(|error| Error::with(Kind::Internal, "write an event", error))
}

/// An event, if these are the bytes of one; somebody else may write there, too.
pub fn read(bytes: &[u8]) -> Option<EventEnvelope> {
    let event = serde_json::from_slice(bytes);
    event.inspect_err(|error| tracing::error!(%error, "something that is no event is let go")).ok()
}

#[derive(Serialize, Deserialize)]
struct Letter {
    group: String,
    kind: String,
    refusals: i32,
    reason: String,
    event: EventEnvelope,
}

/// The bytes of a dead letter.
///
/// # Errors
/// `Internal`.
pub fn write_letter(letter: &RefusedEvent) -> Result<Vec<u8>> {
    let RefusedEvent { group, kind, refusals, reason, event } = letter.clone();
    let letter = Letter { group, kind, refusals, reason, event };
    serde_json::to_vec(&letter).map_err(|error| Error::with(Kind::Internal, "write a dead letter", error))
}

/// A dead letter, if these are the bytes of one.
pub fn read_letter(bytes: &[u8]) -> Option<RefusedEvent> {
    let letter: Letter = serde_json::from_slice(bytes).ok()?;
    let Letter { group, kind, refusals, reason, event } = letter;
    Some(RefusedEvent { group, kind, refusals, reason, event })
}

/// A name of letters, digits and `-` only, which every server takes; different texts have different names.
pub fn plain(text: &str) -> String {
    let name = text.bytes().map(|byte| match byte {
        b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        _ => format!("_{byte:02x}"),
    });
    let name: String = name.collect();
    if name.is_empty() { "_".to_owned() } else { name }
}
