//! Publishes events from the outbox, in order per subject and at least once: a crash between publishing and noting
//! it publishes again.
//!
//! Several relays share the partitions of the outbox; this one serves its own. What it may not know: who consumes
//! events, and what else the other relays do.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::Backoff;
use futures_util::StreamExt;
use ports::{
    Chain, Clock, Cluster, Error, EventBroker, Kind, OutboxRelay, OutboxRow, Partition, Random, Setback,
    Unpublished,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::pulse::Pulse;

/// Events per round: what is in memory at a time.
const BATCH: u64 = 100;
/// Subjects that are published side by side, so that a slow one does not hold up the others.
const SIDE_BY_SIDE: usize = 16;
/// A broker that takes longer is away.
const PUBLISH: Duration = Duration::from_secs(10);
/// After so many subjects in a row found the broker away, the others need not try.
const AWAY_AFTER: usize = 3;
/// Pause of a subject whose event found the broker away.
const AWAY: Duration = Duration::from_secs(2);
/// Pause of the whole relay while the broker is away; doubles up to the limit.
const RELAY_PAUSE: Backoff = Backoff { base: Duration::from_millis(500), max: Duration::from_secs(5) };
/// A refused event is tried so often before it is a dead letter, over about a quarter of an hour.
const TRIES: i32 = 10;
/// How often the partitions are shared anew.
const SHARE_EVERY: Duration = Duration::from_secs(1);

/// The relay's loop.
pub(crate) struct RelayLoop {
    pub(crate) outbox: Arc<dyn OutboxRelay>,
    pub(crate) broker: Arc<dyn EventBroker>,
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// What this relay serves, and since when.
struct Share {
    holder: Uuid,
    partitions: Vec<Partition>,
    asked: Instant,
}

/// How a round went.
#[derive(Debug, PartialEq, Eq)]
enum Round {
    /// There may be more.
    More,
    /// Nothing is left to do now.
    Idle,
    /// The broker is away.
    Away,
}

/// What became of a batch.
#[derive(Default)]
struct Tally {
    published: Vec<i64>,
    unpublished: Vec<Unpublished>,
}

impl RelayLoop {
    pub(crate) async fn run(self, mut pulse: Pulse, stop: CancellationToken) {
        let mut share = None;
        let mut away = 0;
        while !stop.is_cancelled() {
            let round = self.round(&mut share, &stop).await.unwrap_or_else(|error| {
                tracing::warn!(error = %Chain(&error), "events could not be relayed");
                Round::Idle
            });
            away = if round == Round::Away { away + 1 } else { 0 };
            let pause = async {
                match round {
                    Round::More => {}
                    Round::Idle => pulse.beat().await,
                    Round::Away => tokio::time::sleep(self.pause(&RELAY_PAUSE, away)).await,
                }
            };
            tokio::select! {
                () = pause => {}
                () = stop.cancelled() => {}
            }
        }
        // Others need not wait for this one to be missed.
        if let Err(error) = self.outbox.rescue(self.cluster.holder()).await {
            tracing::debug!(error = %Chain(&error), "the relay's partitions could not be given back");
        }
    }

    /// Publishes one batch. After a round that broke off it is not known what has been settled, and a partition may
    /// be in our name that we know nothing of: the next one begins by giving all of them back.
    async fn round(&self, share: &mut Option<Share>, stop: &CancellationToken) -> ports::Result<Round> {
        let mine = match share.take() {
            Some(known) if known.holder == self.cluster.holder() && known.asked.elapsed() < SHARE_EVERY => {
                known
            }
            Some(known) => self.share(known.holder).await?,
            None => {
                let holder = self.cluster.holder();
                self.outbox.rescue(holder).await?;
                self.share(holder).await?
            }
        };
        let round = self.batch(&mine, stop).await?;
        *share = Some(mine);
        Ok(round)
    }

    /// A process that was taken for gone has a new name, and its old one's partitions are not its own any more.
    async fn share(&self, before: Uuid) -> ports::Result<Share> {
        let holder = self.cluster.holder();
        if holder != before {
            self.outbox.rescue(before).await?;
        }
        let asked = Instant::now();
        let partitions = self.outbox.share(holder).await?;
        fail::fail_point!("relay.after-share", |_| std::process::abort());
        Ok(Share { holder, partitions, asked })
    }

    async fn batch(&self, mine: &Share, stop: &CancellationToken) -> ports::Result<Round> {
        let rows = self.outbox.take(&mine.partitions, BATCH, self.clock.now()).await?;
        fail::fail_point!("relay.after-take", |_| std::process::abort());
        let taken = rows.len();
        if taken == 0 {
            return Ok(Round::Idle);
        }
        let mut subjects: BTreeMap<String, Vec<OutboxRow>> = BTreeMap::new();
        for row in rows {
            subjects.entry(row.event.subject.clone()).or_default().push(row);
        }
        let away = AtomicUsize::new(0);
        let publish = |rows: Vec<OutboxRow>| self.subject(mine, rows, &away, stop);
        let tallies = futures_util::stream::iter(subjects.into_values().map(publish));
        let tallies: Vec<Tally> = tallies.buffer_unordered(SIDE_BY_SIDE).collect().await;
        let tally = tallies.into_iter().fold(Tally::default(), |mut all, one| {
            all.published.extend(one.published);
            all.unpublished.extend(one.unpublished);
            all
        });
        self.settle(&mine.partitions, &tally).await?;
        Ok(
            if away.into_inner() >= AWAY_AFTER || (tally.published.is_empty() && tally.unpublished.is_empty())
            {
                Round::Away
            } else {
                Round::More
            },
        )
    }

    /// Publishes the events of one subject, up to the first that is not taken.
    async fn subject(
        &self,
        mine: &Share,
        rows: Vec<OutboxRow>,
        away: &AtomicUsize,
        stop: &CancellationToken,
    ) -> Tally {
        let mut tally = Tally::default();
        for row in rows {
            let useless = away.load(Ordering::Relaxed) >= AWAY_AFTER || self.cluster.holder() != mine.holder;
            if useless || stop.is_cancelled() {
                return tally;
            }
            let error = match tokio::time::timeout(PUBLISH, self.broker.publish(&row.event)).await {
                Ok(Ok(())) => {
                    fail::fail_point!("relay.after-publish", |_| std::process::abort());
                    away.store(0, Ordering::Relaxed);
                    tally.published.push(row.id);
                    continue;
                }
                Ok(Err(error)) => error,
                Err(_) => Error::with(Kind::Unavailable, "relay.publish", "no answer"),
            };
            away.fetch_add(usize::from(error.is_retryable()), Ordering::Relaxed);
            tally.unpublished.push(self.unpublished(&row, &error));
            return tally;
        }
        tally
    }

    fn unpublished(&self, row: &OutboxRow, error: &Error) -> Unpublished {
        let (now, refusals) = (self.clock.now(), row.refusals + 1);
        let setback = if error.is_retryable() {
            Setback::Away { until: now + AWAY }
        } else if refusals < TRIES {
            Setback::Refused { until: now + self.pause(&Backoff::default(), refusals) }
        } else {
            Setback::Dead
        };
        tracing::warn!(eventId = %row.event.id, ?setback, error = %Chain(error), "an event was not taken");
        Unpublished { id: row.id, event: row.event.id, reason: Chain(error).to_string(), setback }
    }

    async fn settle(&self, mine: &[Partition], tally: &Tally) -> ports::Result<()> {
        if !tally.published.is_empty() {
            self.outbox.published(mine, &tally.published).await?;
            fail::fail_point!("relay.after-settle", |_| std::process::abort());
        }
        if !tally.unpublished.is_empty() {
            self.outbox.unpublished(mine, &tally.unpublished, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Without randomness there is no jitter, and a pause all the same.
    fn pause(&self, backoff: &Backoff, attempt: i32) -> Duration {
        let mut jitter = [0; 8];
        let _ = self.random.fill(&mut jitter);
        backoff.pause(attempt, u64::from_le_bytes(jitter))
    }
}
