//! Text from outside on its way into a column or a comparison.

use std::borrow::Cow;

/// PostgreSQL's text has no NUL, so a panic message or a search term with one would fail the whole statement.
/// It is written, and searched for, with the replacement character instead.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}
