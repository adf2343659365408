//! Read replicas: which of them are fit to be asked, and reads that may be a few seconds old.
//!
//! How far a replica is behind is read off the heartbeats: every process writes one to the primary twice a second,
//! so their newest on the replica tells when it last heard of anything, on every engine, without a right that the
//! service does not have, and whatever the reason is. A replica is looked at in the background, once a second.
//!
//! **Invariant:** a replica's failure is nobody's: the primary is asked instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use ports::{
    ActivityQueries, AuditQueries, Chain, ColumnCipher, Copies, Error, JobQueries, Kind, OutboxQueries,
    Relaxed, UserQueries,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio_util::task::AbortOnDropHandle;

use crate::cluster;
use crate::conn::{Conn, Direct, Link, Pools};
use crate::error::Meaning;
use crate::reach::Reach;
use crate::remarks::Remarked;

/// Between two looks at a replica.
const LOOK: Duration = Duration::from_secs(1);
/// A look that takes longer has failed.
const ANSWER: Duration = Duration::from_secs(2);
/// A read that takes longer is asked of the primary; lists walk along indices, so this one hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// All replicas, fit or not.
#[derive(Clone, Default)]
pub(crate) struct Replicas(Arc<All>);

#[derive(Default)]
struct All {
    replicas: Vec<Replica>,
    next: AtomicUsize,
}

struct Replica {
    pool: Remarked,
    /// Not before it has been looked at.
    fit: AtomicBool,
}

impl Replicas {
    pub(crate) fn new(pools: Vec<Remarked>) -> Self {
        let replicas = pools.into_iter().map(|pool| Replica { pool, fit: AtomicBool::new(false) });
        Self(Arc::new(All { replicas: replicas.collect(), next: AtomicUsize::new(0) }))
    }

    /// Looks at all of them until the handle is dropped. One that is further behind than `max_lag` is not fit.
    pub(crate) fn watch(&self, max_lag: Duration) -> Option<AbortOnDropHandle<()>> {
        if self.0.replicas.is_empty() {
            return None;
        }
        let all = Arc::clone(&self.0);
        Some(AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                let looks = all.replicas.iter().enumerate();
                let looks = looks.map(|(number, replica)| replica.look(number + 1, max_lag));
                futures_util::future::join_all(looks).await;
                tokio::time::sleep(LOOK).await;
            }
        })))
    }

    /// The next fit one, taking turns.
    fn pick(&self) -> Option<&Replica> {
        let all = &self.0.replicas;
        if all.is_empty() {
            return None;
        }
        let first = self.0.next.fetch_add(1, Ordering::Relaxed);
        (0..all.len())
            .map(|further| &all[first.wrapping_add(further) % all.len()])
            .find(|replica| replica.is_fit())
    }

    fn copies(&self) -> Copies {
        let used = self.0.replicas.iter().filter(|replica| replica.is_fit()).count();
        Copies { configured: self.0.replicas.len(), used }
    }
}

impl Replica {
    fn is_fit(&self) -> bool {
        self.fit.load(Ordering::Relaxed)
    }

    /// The number stands for its URL, which may hold a secret.
    async fn look(&self, number: usize, max_lag: Duration) {
        let asked = tokio::time::timeout(ANSWER, cluster::age_of_news(self.pool.plain())).await;
        let age = asked.unwrap_or_else(|_| Err(Error::with(Kind::Unavailable, "replica.look", "no answer")));
        let fit = age.as_ref().is_ok_and(|age| *age <= max_lag);
        if self.fit.swap(fit, Ordering::Relaxed) == fit {
            return;
        }
        match age {
            Ok(_) if fit => tracing::info!(number, "a read replica is in use"),
            Ok(age) => {
                tracing::warn!(number, behindMs = millis(age), "a read replica is behind and left out");
            }
            Err(error) => tracing::warn!(number, error = %Chain(&error), "a read replica is left out"),
        }
    }

    /// What it answered; nothing where the primary had better be asked.
    async fn answer<T>(&self, asked: impl Future<Output = std::result::Result<T, DbErr>>) -> Option<T> {
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => return Some(answer),
            // Ended by what it replays, or by something that the primary will find as well.
            Ok(Err(error)) if Meaning::of(&error) != Meaning::Failed(Kind::Unavailable) => {}
            // The next look tells whether it is back.
            Ok(Err(_)) | Err(_) => self.fit.store(false, Ordering::Relaxed),
        }
        None
    }
}

fn millis(age: Duration) -> u64 {
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}

/// Where reads go that may be a few seconds old: a fit replica, else the primary.
#[derive(Clone)]
pub(crate) struct Anywhere {
    pub(crate) primary: Pools,
    pub(crate) replicas: Replicas,
}

#[async_trait]
impl Direct for Anywhere {
    /// Whoever only reads need not say for whom.
    async fn tell(&self, _: Reach) -> std::result::Result<(), DbErr> {
        Ok(())
    }

    fn columns(&self) -> &dyn ColumnCipher {
        self.primary.cipher()
    }
}

#[async_trait]
impl ConnectionTrait for Anywhere {
    fn get_database_backend(&self) -> DbBackend {
        self.primary.read().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> std::result::Result<ExecResult, DbErr> {
        self.primary.write().execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> std::result::Result<ExecResult, DbErr> {
        self.primary.write().execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> std::result::Result<Option<QueryResult>, DbErr> {
        if let Some(replica) = self.replicas.pick()
            && let Some(row) = replica.answer(replica.pool.query_one_raw(statement.clone())).await
        {
            return Ok(row);
        }
        self.primary.read().query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> std::result::Result<Vec<QueryResult>, DbErr> {
        if let Some(replica) = self.replicas.pick()
            && let Some(rows) = replica.answer(replica.pool.query_all_raw(statement.clone())).await
        {
            return Ok(rows);
        }
        self.primary.read().query_all_raw(statement).await
    }
}

impl Relaxed for Conn<Anywhere> {
    fn users(&self) -> &dyn UserQueries {
        self
    }

    fn activity(&self) -> &dyn ActivityQueries {
        self
    }

    fn jobs(&self) -> &dyn JobQueries {
        self
    }

    fn audit(&self) -> &dyn AuditQueries {
        self
    }

    fn outbox(&self) -> &dyn OutboxQueries {
        self
    }

    fn copies(&self) -> Copies {
        self.0.replicas.copies()
    }
}
