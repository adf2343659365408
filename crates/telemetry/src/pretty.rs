//! The human's format: time, level, target, message, then `name=value` pairs.

use std::fmt::{self, Display};
use std::io::{self, Write};

use serde_json::Value;
use tracing::Level;

use crate::layer::Line;

/// For a terminal.
pub(crate) fn coloured(line: &Line<'_>, buffer: &mut Vec<u8>) {
    let colour = match *line.metadata.level() {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    };
    let level = format!("\x1b[{colour}m{:>5}\x1b[0m", line.metadata.level().as_str());
    render(line, &level, buffer);
}

/// For a file or a pipe.
pub(crate) fn plain(line: &Line<'_>, buffer: &mut Vec<u8>) {
    render(line, &format!("{:>5}", line.metadata.level().as_str()), buffer);
}

fn render(line: &Line<'_>, level: &str, buffer: &mut Vec<u8>) {
    let start = buffer.len();
    if write(line, level, buffer).is_err() {
        buffer.truncate(start);
    }
}

fn write(line: &Line<'_>, level: &str, buffer: &mut Vec<u8>) -> io::Result<()> {
    write!(buffer, "{} {level} {}:", line.at.format("%H:%M:%S%.3f"), line.target)?;
    if !line.message.is_empty() {
        write!(buffer, " {}", OneLine(line.message))?;
    }
    for (name, value) in &line.fields {
        match value {
            Value::String(text) if is_plain(text) => write!(buffer, " {name}={text}")?,
            other => write!(buffer, " {name}={other}")?,
        }
    }
    buffer.push(b'\n');
    Ok(())
}

/// Whether a value is readable and unambiguous without quotes.
fn is_plain(text: &str) -> bool {
    let needs_quotes = |symbol: char| symbol.is_whitespace() || symbol.is_control() || symbol == '"';
    !text.is_empty() && !text.contains(needs_quotes)
}

/// Text with control characters escaped, so that nobody's input can start a
/// line of its own or speak to the terminal.
struct OneLine<'a>(&'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|symbol| {
            if symbol.is_control() {
                write!(formatter, "{}", symbol.escape_default())
            } else {
                write!(formatter, "{symbol}")
            }
        })
    }
}
