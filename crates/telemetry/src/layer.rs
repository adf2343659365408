//! The subscriber layer behind every log line: gathers the fields of the event
//! and of the spans around it, and writes what a renderer makes of them.

use std::io::Write;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    fmt::MakeWriter,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use crate::fields::Fields;

/// One event, with everything a line says about it.
pub(crate) struct Line<'a> {
    pub(crate) at: DateTime<Utc>,
    pub(crate) metadata: &'a Metadata<'a>,
    pub(crate) target: &'a str,
    pub(crate) message: &'a str,
    /// The event's own fields, then those of its spans from the nearest outwards.
    /// A name occurs once: the nearest wins.
    pub(crate) fields: Vec<(&'static str, &'a Value)>,
}

/// Appends one line, with its line feed, to the buffer.
pub(crate) type Render = fn(&Line<'_>, &mut Vec<u8>);

pub(crate) struct LogLayer<W> {
    render: Render,
    writer: W,
}

impl<W> LogLayer<W> {
    pub(crate) fn new(render: Render, writer: W) -> Self {
        Self { render, writer }
    }
}

impl<S, W> Layer<S> for LogLayer<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut own = Fields::default();
        event.record(&mut own);
        let spans: Vec<SpanRef<'_, S>> = context.event_scope(event).into_iter().flatten().collect();
        let extensions: Vec<_> = spans.iter().map(SpanRef::extensions).collect();
        let around = extensions.iter().filter_map(|extensions| extensions.get::<Fields>());

        let line = Line {
            at: now(),
            metadata: event.metadata(),
            target: own.log_target.as_deref().unwrap_or(event.metadata().target()),
            message: own.message.as_deref().unwrap_or_default(),
            fields: nearest_of_each_name(std::iter::once(&own).chain(around)),
        };
        let mut buffer = Vec::with_capacity(512);
        (self.render)(&line, &mut buffer);
        // One write per line keeps lines of several threads apart. A closed
        // standard output must not take the service down with it.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(&buffer);
    }
}

fn nearest_of_each_name<'a>(sources: impl Iterator<Item = &'a Fields>) -> Vec<(&'static str, &'a Value)> {
    let mut nearest: Vec<(&'static str, &Value)> = Vec::new();
    for (name, value) in sources.flat_map(|fields| &fields.named) {
        if !nearest.iter().any(|(known, _)| known == name) {
            nearest.push((name, value));
        }
    }
    nearest
}

#[allow(
    clippy::disallowed_methods,
    reason = "the time of a log line is the machine's, not the application's"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}
