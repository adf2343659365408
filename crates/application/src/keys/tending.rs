//! Brings rotations to their end: writes encrypted values anew under the current keys, and retires keys that nothing
//! needs any more.
//!
//! It looks through whole tables in short stretches, so that nobody waits for it. It can be ended at any point and
//! begun again: what is written already is not written twice, and what somebody else writes meanwhile is under the
//! current key anyway. A key is retired only by a run that found nothing under an earlier key. One that had to
//! write orders the next; what still reads from before (a replica that lags) has that long to catch up.

use domain::KeyPurpose::{AccessToken, BlindIndex, Column};
use domain::RingKey;
use ports::{SealedColumn, StaleValue};
use serde::Serialize;

use super::KeyRing;
use crate::{Action, Context, Result, Work};

const RENEW: Action = Action { name: "key.renew", resource: "column" };
/// Rows looked at in one statement.
const STRETCH: u64 = 5_000;
/// Rows written in one unit of work: on SQLite everybody else who writes waits for it.
const BATCH: usize = 200;

/// A run through everything that is encrypted.
pub struct Tending {
    ring: KeyRing,
    unused: Vec<RingKey>,
    /// Those still to be looked through; the last one first.
    columns: Vec<SealedColumn>,
    count: usize,
    /// The smallest and largest id of the current column's table.
    span: Option<(i64, i64)>,
    after: i64,
    done: Tended,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tended {
    /// Values that were found under an earlier key.
    pub stale: u64,
    /// Those of them that were written anew; somebody else had just written the others.
    pub renewed: u64,
    /// Keys that were retired.
    pub retired: Vec<String>,
}

impl KeyRing {
    /// Begins a run. Signing keys whose last token has expired are retired at once.
    pub async fn tend(&self, context: &Context) -> Result<Tending> {
        self.reload().await?;
        let mut done = Tended::default();
        for key in self.unused(&[AccessToken]).await? {
            self.retire(context, &key).await?;
            done.retired.push(key.kid);
        }
        let unused = self.unused(&[Column, BlindIndex]).await?;
        let columns =
            if unused.is_empty() { Vec::new() } else { self.core.store.sealed().columns().to_vec() };
        let count = columns.len();
        Ok(Tending { ring: self.clone(), unused, columns, count, span: None, after: i64::MIN, done })
    }
}

impl Tending {
    /// Looks through the next stretch. How far the run is, in percent; `None` at its end.
    pub async fn step(&mut self, context: &Context) -> Result<Option<i32>> {
        let Some(&column) = self.columns.last() else { return Ok(None) };
        let sealed = self.ring.core.store.sealed();
        if self.span.is_none() {
            self.span = sealed.span(column).await?;
        }
        let stretch = sealed.stale(column, self.after, STRETCH).await?;
        for batch in stretch.stale.chunks(BATCH) {
            self.renew(context, column, batch).await?;
        }
        if let Some(next) = stretch.next {
            self.after = next;
        } else {
            self.columns.pop();
            (self.span, self.after) = (None, i64::MIN);
        }
        Ok(Some(self.percent()))
    }

    /// Ends the run: retires the keys that are not needed any more, or orders the next run.
    pub async fn finish(mut self, context: &Context) -> Result<Tended> {
        if self.done.stale > 0 {
            let ring = &self.ring;
            Work::run(&ring.core, context, RENEW, |work| async move {
                ring.order_tending(&work, ring.core.settings.keys_published).await?;
                work.commit().await
            })
            .await?;
            return Ok(self.done);
        }
        for key in &self.unused {
            self.ring.retire(context, key).await?;
            self.done.retired.push(key.kid.clone());
        }
        if !self.done.retired.is_empty() {
            self.ring.reload().await?;
        }
        Ok(self.done)
    }

    async fn renew(&mut self, context: &Context, column: SealedColumn, batch: &[StaleValue]) -> Result<()> {
        let renewed = Work::run(&self.ring.core, context, RENEW, |mut work| async move {
            work.on(format!("{}.{}", column.table, column.name));
            let renewed = work.tx().sealed().renew(column, batch).await?;
            if renewed > 0 {
                work.commit().await?;
            }
            Ok(renewed)
        });
        let renewed = renewed.await?;
        self.done.stale += batch.len() as u64;
        self.done.renewed += renewed;
        Ok(())
    }

    /// Ids grow with time, so the way through them is about the way through the rows.
    fn percent(&self) -> i32 {
        let (columns, count) = (self.count - self.columns.len(), self.count.max(1));
        let within = self.span.map_or(0, |(first, last)| {
            // Wider than an id: the way through them times a hundred.
            let (way, all) =
                (i128::from(self.after) - i128::from(first), i128::from(last) - i128::from(first));
            usize::try_from(way.max(0) * 100 / all.max(1)).unwrap_or_default().min(100)
        });
        i32::try_from((columns * 100 + within) / count).unwrap_or(100)
    }
}
