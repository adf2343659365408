//! Traces.

use crate::config::{SecretUrl, section::section};

section! {
    /// Where traces go.
    pub struct TelemetryConfig in telemetry {
        /// OpenTelemetry collector (OTLP over HTTP); empty exports nothing.
        otlp_endpoint: Option<SecretUrl> = Unset, alias "OTEL_EXPORTER_OTLP_ENDPOINT";
    }
}
