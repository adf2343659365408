//! Logs and traces, set up once and the same for every binary.
//!
//! Owns how a log line looks, what is redacted from it, and where spans are
//! exported to. It knows nothing of the application: whoever opens a span names
//! its fields (`requestId`, `traceId`, `userId`, …) and they appear as given.

mod fields;
mod json;
mod layer;
mod otlp;
mod pretty;
mod redact;
mod traceparent;

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, stdout};

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

pub use otlp::{Guard, continue_trace};
pub use traceparent::TraceParent;

/// What a binary decides about its telemetry.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The `service.name` of exported spans, as `mainstay-api`.
    pub service: &'static str,
    pub format: Format,
    /// Which events are logged, in `RUST_LOG` syntax: `info,sqlx=warn`.
    pub level: String,
    /// Base URL of an OTLP/HTTP collector, as `http://127.0.0.1:4318`. Without
    /// one, no span leaves the process.
    pub otlp_endpoint: Option<String>,
}

/// How log lines look on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: one compact line, coloured on a terminal.
    Pretty,
    /// For machines: one flat JSON object per line.
    Json,
}

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the log level {level:?} is not in RUST_LOG syntax (as `info,sqlx=warn`)")]
    Level { level: String, source: tracing_subscriber::filter::ParseError },
    #[error("the OTLP exporter for {endpoint} can't be built")]
    Exporter { endpoint: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("logging is already set up in this process")]
    AlreadySet(#[from] tracing_subscriber::util::TryInitError),
    #[error("the last spans could not be exported")]
    Flush(#[from] opentelemetry_sdk::error::OTelSdkError),
}

/// Installs the process-wide subscriber: log lines on standard output, and span
/// export when an endpoint is set. Records of the `log` crate arrive as well.
///
/// Keep the guard until the end of `main`: dropping it flushes the exporter.
pub fn init(settings: &Settings) -> Result<Guard, Error> {
    let filter = EnvFilter::try_new(&settings.level)
        .map_err(|source| Error::Level { level: settings.level.clone(), source })?;
    let logs = match settings.format {
        Format::Json => layer::LogLayer::new(json::render, stdout),
        Format::Pretty if stdout().is_terminal() => layer::LogLayer::new(pretty::coloured, stdout),
        Format::Pretty => layer::LogLayer::new(pretty::plain, stdout),
    };
    let (traces, guard) = otlp::connect(settings)?;

    tracing_subscriber::registry().with(filter).with(logs).with(traces).try_init()?;
    Ok(guard)
}
