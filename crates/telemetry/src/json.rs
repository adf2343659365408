//! The machine's format: one flat JSON object per line.

use std::io;

use chrono::SecondsFormat;
use serde::ser::{SerializeMap, Serializer as _};
use serde_json::ser::Serializer;

use crate::layer::Line;

/// Names a line gives itself. A field of the same name is left out, because a
/// JSON object with a repeated name means something else to every reader.
const OWN_NAMES: [&str; 4] = ["timestamp", "level", "target", "message"];

pub(crate) fn render(line: &Line<'_>, buffer: &mut Vec<u8>) {
    let start = buffer.len();
    if write(line, buffer).is_err() {
        buffer.truncate(start);
    }
}

fn write(line: &Line<'_>, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut serializer = Serializer::new(&mut *buffer);
    let mut object = serializer.serialize_map(None)?;
    object.serialize_entry("timestamp", &line.at.to_rfc3339_opts(SecondsFormat::Millis, true))?;
    object.serialize_entry("level", line.metadata.level().as_str())?;
    object.serialize_entry("target", line.target)?;
    object.serialize_entry("message", line.message)?;
    for (name, value) in line.fields.iter().filter(|(name, _)| !OWN_NAMES.contains(name)) {
        object.serialize_entry(name, value)?;
    }
    object.end()?;
    buffer.push(b'\n');
    Ok(())
}
