//! The fields of one event or span, redacted at the moment they are recorded:
//! whatever renders them later has never seen a secret.

use std::fmt::Debug;

use serde_json::Value;
use tracing::field::{Field, Visit};

use crate::redact;

/// Names and values in the order they were recorded.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) message: Option<String>,
    /// Where a record of the `log` crate really came from: the bridge puts it
    /// into a field, because its own callsite has one static target.
    pub(crate) log_target: Option<String>,
    pub(crate) named: Vec<(&'static str, Value)>,
}

impl Fields {
    /// A span may record a field again; the last value counts.
    fn put(&mut self, name: &'static str, value: Value) {
        match self.named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.named.push((name, value)),
        }
    }

    fn record(&mut self, field: &Field, value: impl Into<Value>) {
        let name = field.name().trim_start_matches("r#");
        if is_for_other_layers(name) {
            return;
        }
        let value = if redact::is_secret_name(name) { redact::MASK.into() } else { value.into() };
        self.put(name, value);
    }

    fn record_text(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = Some(redact::text(value).into_owned()),
            "log.target" => self.log_target = Some(value.to_owned()),
            _ => self.record(field, redact::text(value)),
        }
    }
}

/// `otel.*` steers the span exporter, `log.*` is the `log` bridge's bookkeeping.
fn is_for_other_layers(name: &str) -> bool {
    name.starts_with("otel.") || name.starts_with("log.")
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, value);
    }
}
