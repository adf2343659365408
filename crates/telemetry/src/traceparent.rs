//! The `traceparent` header of W3C Trace Context (section 3.2): which trace a
//! request, a job or an event belongs to. A pure type; ids come from the caller.

use std::fmt::{self, Display};

#[cfg(test)]
mod tests;

/// Length of version 00: `vv-<32 hex>-<16 hex>-ff`.
const LENGTH: usize = 55;

/// A position in a trace: the trace, the span that is the parent of whatever
/// happens next, and whether the caller records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    sampled: bool,
}

impl TraceParent {
    /// The start of a sampled trace, from random bytes. An all-zero id, which
    /// the standard forbids, becomes 1.
    pub fn new(trace_id: [u8; 16], span_id: [u8; 8]) -> Self {
        Self { trace_id: not_zero(trace_id), span_id: not_zero(span_id), sampled: true }
    }

    /// The same trace, one span further.
    #[must_use]
    pub fn child(&self, span_id: [u8; 8]) -> Self {
        Self { span_id: not_zero(span_id), ..*self }
    }

    /// Reads a header's value. Anything invalid is `None`: the only reaction
    /// the standard allows is to start a new trace (section 4.3).
    ///
    /// A version above 00 is read by the fields that version 00 knows, and may
    /// carry more behind them (section 3.2.4 and "Versioning of traceparent").
    pub fn parse(value: &str) -> Option<Self> {
        let (known, more) = value.as_bytes().split_at_checked(LENGTH)?;
        let [version, trace_id, span_id, flags] = split(known)?;

        let [version] = bytes(version)?;
        let is_well_ended = match version {
            0x00 => more.is_empty(),
            0xff => return None,
            _ => more.first().is_none_or(|byte| *byte == b'-'),
        };
        let trace_id: [u8; 16] = bytes(trace_id)?;
        let span_id: [u8; 8] = bytes(span_id)?;
        let [flags] = bytes(flags)?;

        let is_valid = is_well_ended && trace_id != [0; 16] && span_id != [0; 8];
        is_valid.then_some(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }

    /// 32 lower-case hexadecimal digits, as logs and the header show it.
    pub fn trace_id(&self) -> String {
        Hex(&self.trace_id).to_string()
    }

    /// 16 lower-case hexadecimal digits.
    pub fn span_id(&self) -> String {
        Hex(&self.span_id).to_string()
    }

    /// Whether the caller may have recorded the trace.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }
}

/// Always version 00 with no flag but `sampled`, as the standard asks of a
/// sender that knows no more.
impl Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(formatter, "00-{}-{}-{flags:02x}", Hex(&self.trace_id), Hex(&self.span_id))
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// The four fields, if there are exactly four.
fn split(known: &[u8]) -> Option<[&[u8]; 4]> {
    let mut fields = known.split(|byte| *byte == b'-');
    let four = [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
    fields.next().is_none().then_some(four)
}

/// Exactly `N` bytes, written as `2 * N` lower-case hexadecimal digits.
fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn not_zero<const N: usize>(mut id: [u8; N]) -> [u8; N] {
    if id.iter().all(|byte| *byte == 0)
        && let Some(last) = id.last_mut()
    {
        *last = 1;
    }
    id
}
