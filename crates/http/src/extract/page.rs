//! Cursors of lists. Opaque to callers: the key of the last row, so that no page costs more than the first.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::{Page, PageOf};

use crate::respond::{Failure, ListMeta};

/// Where a list goes on.
pub(crate) struct Cursor {
    limit: u64,
    before: Option<i64>,
}

impl Cursor {
    pub(crate) const DEFAULT_LIMIT: u64 = 20;

    /// Reads `limit` and `cursor` of a query.
    pub(crate) fn parse(limit: Option<u64>, cursor: Option<&str>) -> Result<Self, Failure> {
        let refused = || application::Error::field("cursor", "cursor", "is not one that was handed out");
        let before = cursor.map(|text| decode(text).ok_or_else(refused)).transpose()?;
        Ok(Self { limit: limit.unwrap_or(Self::DEFAULT_LIMIT), before })
    }

    pub(crate) fn page(&self) -> Page {
        Page { limit: self.limit, offset: 0, before: self.before }
    }

    pub(crate) fn meta<T>(&self, page: &PageOf<T>, last: Option<i64>) -> ListMeta {
        let next_cursor = last.filter(|_| page.has_more).map(cursor_of);
        ListMeta { limit: self.limit, next_cursor, has_more: page.has_more }
    }
}

/// The cursor after a row.
fn cursor_of(id: i64) -> String {
    URL_SAFE_NO_PAD.encode(id.to_be_bytes())
}

fn decode(text: &str) -> Option<i64> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(i64::from_be_bytes)
}
