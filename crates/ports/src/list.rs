//! Lists: in which order, from where on, how many rows.
//!
//! Every list of every repository takes a [`Page`] and gives a [`PageOf`]. What it can be sorted by stands beside its
//! trait, as the [`Order`]s that an adapter must have indices for.

use domain::Timestamp;

/// One key of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// The field, as callers name it.
    pub field: &'static str,
    /// From great to small.
    pub descending: bool,
}

impl SortKey {
    /// From small to great.
    pub const fn asc(field: &'static str) -> Self {
        Self { field, descending: false }
    }

    /// From great to small.
    pub const fn desc(field: &'static str) -> Self {
        Self { field, descending: true }
    }

    /// The other way round.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { descending: !self.descending, ..self }
    }
}

/// An order of a list, the most significant key first. Rows that are alike in all keys follow in the order of
/// their ids, in the direction of the first key. Whoever supports an order supports its reverse: one index gives both.
pub type Order = &'static [SortKey];

/// What a row is sorted by. A row without a value has the least one of its kind (the empty text), so that it stands
/// at the same end of the list on every engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyValue {
    /// A number: an id.
    Int(i64),
    /// A text in the form it is compared in, byte by byte.
    Text(String),
    /// A moment.
    Time(Timestamp),
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the first row.
    First,
    /// Behind the row with these keys (those of the order, then its id), whether or not it still exists.
    After(Vec<KeyValue>),
    /// Behind so many rows. Costs as much as reading them.
    Skip(u64),
}

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Rows at most.
    pub limit: u64,
    /// In which order.
    pub sort: Vec<SortKey>,
    /// From where on.
    pub start: Start,
}

/// One page of a list, and how it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOf<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The position behind the last row, for [`Start::After`]; none when no more follow.
    pub next: Option<Vec<KeyValue>>,
}

impl<T> PageOf<T> {
    /// The same page of something else.
    ///
    /// # Errors
    /// The first one of `each`.
    pub fn try_map<U>(self, each: impl FnMut(T) -> crate::Result<U>) -> crate::Result<PageOf<U>> {
        Ok(PageOf { rows: self.rows.into_iter().map(each).collect::<crate::Result<_>>()?, next: self.next })
    }
}
