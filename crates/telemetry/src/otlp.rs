//! Export of spans by OTLP over HTTP, in batches, from a thread of its own, so
//! that a slow or missing collector never holds up a request.

use std::thread;
use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::{Error, Settings, TraceParent, redact};

#[cfg(test)]
mod tests;

/// The default of the OTLP specification.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// Crates at work while spans are exported: recording their spans would make
/// every export the reason for the next one.
const EXPORTING_CRATES: [&str; 5] = ["opentelemetry", "reqwest", "hyper", "h2", "rustls"];

/// Flushes the exporter at the end of a process.
#[must_use = "dropping the guard ends the export of spans"]
#[derive(Debug)]
pub struct Guard {
    provider: Option<SdkTracerProvider>,
}

impl Guard {
    /// Exports what is still buffered, and ends the exporter. Takes five seconds
    /// at most; dropping the guard does the same without a word about failure.
    pub fn shutdown(mut self) -> Result<(), Error> {
        self.end().map_err(Error::from)
    }

    fn end(&mut self) -> OTelSdkResult {
        self.provider.take().map_or(Ok(()), |provider| provider.shutdown())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Nobody is left to act on it, and the exporter has logged the failure.
        let _ = self.end();
    }
}

/// Makes a span that has not been entered yet the child of a caller's span.
/// Without an exporter there is nothing to connect, and nothing happens.
pub fn continue_trace(span: &Span, parent: &TraceParent) {
    let flags = if parent.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let remote = SpanContext::new(
        TraceId::from_bytes(parent.trace_id),
        SpanId::from_bytes(parent.span_id),
        flags,
        true,
        TraceState::default(),
    );
    let _ = span.set_parent(Context::new().with_remote_span_context(remote));
}

/// The layer that records spans, if there is a place to send them to.
pub(crate) fn connect<S>(settings: &Settings) -> Result<(Option<impl Layer<S>>, Guard), Error>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let Some(endpoint) = &settings.otlp_endpoint else {
        return Ok((None, Guard { provider: None }));
    };
    let exporter = exporter(endpoint)
        .map_err(|source| Error::Exporter { endpoint: redact::text(endpoint).into_owned(), source })?;
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name(settings.service).build())
        .with_batch_exporter(Redacting(exporter))
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(settings.service))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| {
            !EXPORTING_CRATES.iter().any(|name| metadata.target().starts_with(name))
        }));
    Ok((Some(layer), Guard { provider: Some(provider) }))
}

fn exporter(
    endpoint: &str,
) -> Result<opentelemetry_otlp::SpanExporter, Box<dyn std::error::Error + Send + Sync>> {
    let client = thread::spawn(|| reqwest::blocking::Client::builder().timeout(EXPORT_TIMEOUT).build())
        .join()
        .map_err(|_| "the HTTP client's thread panicked")??;
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(EXPORT_TIMEOUT)
        .build()?;
    Ok(exporter)
}

/// Applies the rules of log lines to exported spans.
#[derive(Debug)]
struct Redacting<E>(E);

impl<E: SpanExporter> SpanExporter for Redacting<E> {
    fn export(&self, mut batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        batch.iter_mut().for_each(redact_span);
        self.0.export(batch)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn redact_span(span: &mut SpanData) {
    redact_attributes(&mut span.attributes);
    for event in &mut span.events.events {
        event.name = redact::text(&event.name).into_owned().into();
        redact_attributes(&mut event.attributes);
    }
    if let Status::Error { description } = &mut span.status {
        *description = redact::text(description).into_owned().into();
    }
}

fn redact_attributes(attributes: &mut [KeyValue]) {
    for KeyValue { key, value, .. } in attributes {
        if redact::is_secret_name(key.as_str()) {
            *value = redact::MASK.into();
        } else if let Value::String(text) = value {
            *value = redact::text(text.as_str()).into_owned().into();
        }
    }
}
