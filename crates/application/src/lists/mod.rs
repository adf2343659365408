//! Lists, alike for all features: which order, from where on, and how the list goes on after the answer.
//!
//! A feature declares a [`List`], begins a [`Reading`] with what the caller asks, hands its page to a repository, and
//! finishes it with what came back. It must not know what is in a cursor ([`cursor`]).

mod cursor;

use std::time::Duration;

use ports::{CacheKey, Order, Page, PageOf, SortKey, Start};

use crate::cached::{Cached, Policy};
use crate::keys::KeyRing;
use crate::{Error, Result};
use cursor::Binding;

/// What a caller gets who names no number.
const DEFAULT_LIMIT: u64 = 20;
/// The most rows of one page.
const MAX_LIMIT: u64 = 100;
/// Rows that numbered pages can reach: leaving rows out costs as much as reading them.
const MAX_REACH: u64 = 10_000;
/// Beyond what numbered pages can reach, a count that is a few seconds old is good enough.
const COUNTS: Policy<u64> = Policy { ttl: Duration::from_secs(10), worth: |total| *total > MAX_REACH };

/// A list: its name, and how it can be sorted.
pub(crate) struct List {
    /// Cursors of one list are worth nothing in another.
    pub(crate) name: &'static str,
    /// What the repository has indices for, in each direction.
    pub(crate) orders: &'static [Order],
    /// The order for callers who name none.
    pub(crate) default: Order,
}

/// What a caller asks of any list.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Rows at most, 1 to 100.
    pub limit: Option<u64>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
    /// A numbered page instead, from 1 on.
    pub page: Option<u64>,
    /// Fields, separated by commas, with `-` in front for descending.
    pub sort: Option<String>,
    /// What rows are chosen by, in any form that is the same for the same choice. A cursor goes on with no other.
    pub choice: String,
}

/// A page as callers see it.
#[derive(Debug)]
pub struct Listed<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How the list goes on.
    pub meta: Meta,
}

impl<T> Listed<T> {
    /// The same page of something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Listed<U> {
        Listed { rows: self.rows.into_iter().map(each).collect(), meta: self.meta }
    }
}

/// How a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meta {
    /// By cursor.
    Cursor {
        /// Rows at most.
        limit: u64,
        /// For the next page; none at the end.
        next: Option<String>,
    },
    /// By number.
    Numbered {
        /// This page.
        page: u64,
        /// Rows at most.
        limit: u64,
        /// Rows in all.
        total: u64,
    },
}

/// Makes and reads the cursors of all lists.
#[derive(Clone)]
pub(crate) struct Lists {
    keys: KeyRing,
    cached: Cached,
}

/// A page that is being read.
pub(crate) struct Reading<'a> {
    keys: &'a KeyRing,
    cached: &'a Cached,
    binding: Binding<'a>,
    number: Option<u64>,
    page: Page,
}

impl Lists {
    pub(crate) fn new(keys: KeyRing, cached: Cached) -> Self {
        Self { keys, cached }
    }

    /// Judges what a caller asks.
    ///
    /// # Errors
    /// `Invalid` with every part that is not acceptable: a cursor of another list, order or choice, too.
    pub(crate) fn begin<'a>(&'a self, list: &'static List, ask: &'a Ask) -> Result<Reading<'a>> {
        let limit = ask.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Error::field("limit", "range", "must be 1 to 100"));
        }
        let sort = list.sort(ask.sort.as_deref())?;
        let binding = Binding { list: list.name, sort: canonical(&sort), choice: &ask.choice };
        let start = match (&ask.cursor, ask.page) {
            (None, None) => Start::First,
            (None, Some(number)) => skip(number, limit)?,
            (Some(text), None) => Start::After(cursor::read(&self.keys, &binding, text)?),
            (Some(_), Some(_)) => {
                return Err(Error::field("page", "exclusive", "must not stand beside a cursor"));
            }
        };
        let page = Page { limit, sort, start };
        Ok(Reading { keys: &self.keys, cached: &self.cached, binding, number: ask.page, page })
    }
}

impl Reading<'_> {
    /// What a repository is asked for.
    pub(crate) fn page(&self) -> &Page {
        &self.page
    }

    /// Whether the answer tells how many rows there are in all.
    pub(crate) fn counts(&self) -> bool {
        self.number.is_some()
    }

    /// How many rows there are in all, which numbered pages tell; 0 for others. Few rows are counted each time. Many are
    /// counted once in a while: counting them is dear, and nobody sees the last digit.
    pub(crate) async fn total(&self, count: impl AsyncFnOnce() -> ports::Result<u64>) -> Result<u64> {
        if !self.counts() {
            return Ok(0);
        }
        let key = CacheKey::new(format!("count:{}:{}", self.binding.list, self.binding.choice));
        Ok(self.cached.get_or_load(&key, &COUNTS, count).await?)
    }

    /// The answer. `total` counts for numbered pages only.
    pub(crate) fn finish<T>(self, found: PageOf<T>, total: u64) -> Result<Listed<T>> {
        let limit = self.page.limit;
        let meta = if let Some(page) = self.number {
            Meta::Numbered { page, limit, total }
        } else {
            let next = found.next.map(|position| cursor::write(self.keys, &self.binding, &position));
            Meta::Cursor { limit, next: next.transpose()? }
        };
        Ok(Listed { rows: found.rows, meta })
    }
}

impl List {
    fn sort(&self, text: Option<&str>) -> Result<Vec<SortKey>> {
        let Some(text) = text else { return Ok(self.default.to_vec()) };
        let same = |order: &[SortKey]| canonical(order) == text;
        for order in self.orders {
            let reverse: Vec<SortKey> = order.iter().map(|key| key.reversed()).collect();
            for candidate in [order.to_vec(), reverse] {
                if same(&candidate) {
                    return Ok(candidate);
                }
            }
        }
        let known: Vec<String> = self.orders.iter().map(|order| canonical(order)).collect();
        let message = format!("must be one of {} or the reverse of one", known.join("; "));
        Err(Error::field("sort", "unknown", message))
    }
}

/// As callers write it: `-createdAt,email`.
fn canonical(sort: &[SortKey]) -> String {
    let key = |key: &SortKey| format!("{}{}", if key.descending { "-" } else { "" }, key.field);
    sort.iter().map(key).collect::<Vec<_>>().join(",")
}

fn skip(number: u64, limit: u64) -> Result<Start> {
    let reach = number.checked_mul(limit).filter(|reach| number > 0 && *reach <= MAX_REACH);
    let reach = reach.ok_or_else(|| {
        Error::field(
            "page",
            "range",
            "must be at least 1, and page × limit at most 10000; go on with a cursor",
        )
    })?;
    Ok(Start::Skip(reach - limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: List = List {
        name: "things",
        orders: &[&[SortKey::asc("createdAt")], &[SortKey::asc("createdAt"), SortKey::desc("email")]],
        default: &[SortKey::desc("createdAt")],
    };

    #[test]
    fn orders_are_those_of_the_list_and_their_reverse() {
        let sort = |text: Option<&str>| LIST.sort(text).map(|sort| canonical(&sort)).ok();
        assert_eq!(sort(None).as_deref(), Some("-createdAt"));
        for known in ["createdAt", "-createdAt", "createdAt,-email", "-createdAt,email"] {
            assert_eq!(sort(Some(known)).as_deref(), Some(known));
        }
        for unknown in
            ["", "email", "createdAt,email", "-createdAt,-email", "createdAt,createdAt", "--createdAt", "id"]
        {
            assert_eq!(sort(Some(unknown)), None, "{unknown}");
        }
    }

    #[test]
    fn numbered_pages_reach_ten_thousand_rows() {
        for (number, limit, rows) in
            [(1, 20, 0), (2, 20, 20), (500, 20, 9980), (100, 100, 9900), (10_000, 1, 9999)]
        {
            assert_eq!(skip(number, limit).ok(), Some(Start::Skip(rows)), "{number} × {limit}");
        }
        for (number, limit) in [(0, 20), (501, 20), (101, 100), (u64::MAX, 100)] {
            assert!(skip(number, limit).is_err(), "{number} × {limit}");
        }
    }
}
