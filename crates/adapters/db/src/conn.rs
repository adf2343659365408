//! What repositories run their statements on: the pools outside a unit of work, its one connection inside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ports::{ColumnCipher, Error, Kind};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tracing::Instrument;

use crate::dedicated::{Dedicated, Side};
use crate::dialect::Dialect;
use crate::error::{During, Meaning};
use crate::raises::Raised;
use crate::reach::{self, Reach};
use crate::remarks::{Remarked, Remarks};
use crate::whole::whole;

/// Every repository is an `impl` on this, so that a read is written once for both kinds of [`Link`].
pub(crate) struct Conn<L>(pub(crate) L);

/// Where to read and where to write.
#[async_trait]
pub(crate) trait Link: Send + Sync {
    /// What statements run on.
    type On: ConnectionTrait + Send + Sync;
    /// For statements that change nothing.
    fn read(&self) -> &Self::On;
    /// For statements that change something.
    fn write(&self) -> &Self::On;
    /// For statements on rows that belong to tenants, of those within reach. Outside a unit of work they can only be
    /// read.
    async fn within(&self, reach: Reach, operation: &'static str) -> ports::Result<&Self::On>;
    /// For values that are kept encrypted.
    fn cipher(&self) -> &dyn ColumnCipher;
}

/// A connection that reads and writes.
#[async_trait]
pub(crate) trait Direct: ConnectionTrait + Send + Sync {
    /// Before statements on rows of tenants.
    async fn tell(&self, reach: Reach) -> Result<(), DbErr>;
    /// For values that are kept encrypted.
    fn columns(&self) -> &dyn ColumnCipher;
}

#[async_trait]
impl<D: Direct> Link for D {
    type On = Self;

    fn read(&self) -> &Self {
        self
    }

    fn write(&self) -> &Self {
        self
    }

    async fn within(&self, reach: Reach, operation: &'static str) -> ports::Result<&Self> {
        self.tell(reach).await.during(operation)?;
        Ok(self)
    }

    fn cipher(&self) -> &dyn ColumnCipher {
        self.columns()
    }
}

/// Outside a unit of work. On SQLite `write` is the one writing connection; on PostgreSQL `read` acts as a role that may
/// do no more; on MySQL both are one pool.
#[derive(Clone)]
pub(crate) struct Pools {
    pub(crate) read: Remarked,
    pub(crate) write: Remarked,
    /// For threads that serve requests.
    pub(crate) dedicated: Dedicated,
    /// For values that are kept encrypted.
    pub(crate) cipher: Arc<dyn ColumnCipher>,
}

#[async_trait]
impl Link for Pools {
    type On = Remarked;

    fn read(&self) -> &Remarked {
        self.dedicated.for_this_thread(Side::Read).unwrap_or(&self.read)
    }

    fn write(&self) -> &Remarked {
        self.dedicated.for_this_thread(Side::Write).unwrap_or(&self.write)
    }

    async fn within(&self, _: Reach, _: &'static str) -> ports::Result<&Remarked> {
        Ok(self.read())
    }

    fn cipher(&self) -> &dyn ColumnCipher {
        self.cipher.as_ref()
    }
}

/// How long a database may take for the smallest of answers. Waiting for a connection has its own bound.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);

/// Begins a transaction; on SQLite as the only writer.
pub(crate) async fn begin(
    connection: &DatabaseConnection,
    operation: &'static str,
) -> ports::Result<DatabaseTransaction> {
    let connection = connection.clone();
    // In a task of its own, because a caller that goes away in the middle (a closed socket) would otherwise
    // leave the pool a connection with an open transaction that nobody knows about.
    let begun = async move {
        let mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
        connection.begin_with_options(options).await
    };
    let begun = tokio::spawn(begun.in_current_span());
    let begun = tokio::time::timeout(ANSWER, begun).await;
    let begun = begun.map_err(|_| Error::with(Kind::Unavailable, operation, "no answer"))?;
    let begun = begun.map_err(|error| Error::with(Kind::Internal, operation, error))?;
    begun.during(operation)
}

/// Inside a unit of work. After the first statement that fails in the database everything further is refused.
/// PostgreSQL does that by itself, but then answers `COMMIT` with a quiet rollback; SQLite (disk full) and MySQL
/// (deadlock) may have rolled back and would commit each further statement by itself.
pub(crate) struct Work {
    transaction: Arc<DatabaseTransaction>,
    failure: OnceLock<Meaning>,
    wakes: AtomicBool,
    raised: Raised,
    /// What the transaction was told last.
    reach: Mutex<Option<Reach>>,
    cipher: Arc<dyn ColumnCipher>,
    remarks: Remarks,
}

impl Work {
    pub(crate) fn new(
        transaction: DatabaseTransaction,
        cipher: Arc<dyn ColumnCipher>,
        remarks: Remarks,
    ) -> Self {
        let transaction = Arc::new(transaction);
        let (failure, wakes) = (OnceLock::new(), AtomicBool::new(false));
        let (raised, reach) = (Raised::default(), Mutex::new(None));
        Self { transaction, failure, wakes, raised, reach, cipher, remarks }
    }

    /// Notes that somebody waits for what was written.
    pub(crate) fn wake_on_commit(&self) {
        self.wakes.store(true, Ordering::Relaxed);
    }

    /// Whether somebody waits for what was written.
    pub(crate) fn wakes(&self) -> bool {
        self.wakes.load(Ordering::Relaxed)
    }

    /// The revisions that it raises.
    pub(crate) fn raised(&self) -> &Raised {
        &self.raised
    }

    /// How the first failed statement failed.
    pub(crate) fn failure(&self) -> Option<Meaning> {
        self.failure.get().copied()
    }

    /// The transaction itself, to be committed; none while a statement runs that nobody has waited for.
    pub(crate) fn into_transaction(self) -> Option<DatabaseTransaction> {
        Arc::into_inner(self.transaction)
    }

    /// Runs a statement; the transaction lives as long as it does.
    async fn run<T, F>(&self, statement: impl FnOnce(Arc<DatabaseTransaction>) -> F) -> Result<T, DbErr>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DbErr>> + Send + 'static,
    {
        self.refuse_after_failure()?;
        let statement = statement(Arc::clone(&self.transaction));
        self.note(whole(Dialect::of(self.transaction.as_ref()), statement).await)
    }

    fn refuse_after_failure(&self) -> Result<(), DbErr> {
        match self.failure() {
            None => Ok(()),
            Some(_) => Err(DbErr::Custom("an earlier statement of this unit of work failed".to_owned())),
        }
    }

    fn note<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if let Err(error) = &result {
            // A second failure can't come: nothing runs after the first.
            let _ = self.failure.set(Meaning::of(error));
        }
        result
    }
}

#[async_trait]
impl Direct for Work {
    /// Once for all statements with the same reach that follow each other.
    async fn tell(&self, reach: Reach) -> Result<(), DbErr> {
        let told = || self.reach.lock().unwrap_or_else(PoisonError::into_inner);
        if *told() == Some(reach) {
            return Ok(());
        }
        reach::tell(self, reach).await?;
        *told() = Some(reach);
        Ok(())
    }

    fn columns(&self) -> &dyn ColumnCipher {
        self.cipher.as_ref()
    }
}

#[async_trait]
impl ConnectionTrait for Work {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let statement = self.remarks.behind(statement);
        self.run(move |on| async move { on.execute_raw(statement).await }).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let sql = sql.to_owned();
        self.run(move |on| async move { on.execute_unprepared(&sql).await }).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let statement = self.remarks.behind(statement);
        self.run(move |on| async move { on.query_one_raw(statement).await }).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let statement = self.remarks.behind(statement);
        self.run(move |on| async move { on.query_all_raw(statement).await }).await
    }
}
