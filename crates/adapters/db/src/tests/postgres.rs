//! PostgreSQL, on a database per test.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use ports::{Kind, Result};
use sqlx::{AssertSqlSafe, Executor};
use testkit::bench::Bench;
use testkit::cluster::{Member, Site};
use testkit::poll::{eventually, promptly};
use testkit::postgres::TestDatabase;

use super::{member, settings};
use crate::{Database, Process, Settings, connect};

testkit::store_suite!(bench());
testkit::jobs_suite!(bench());
testkit::outbox_suite!(bench());
testkit::cluster_suite!(site());

async fn fresh() -> Option<TestDatabase> {
    TestDatabase::migrated(async |url| {
        todo
    })
    .await
}

async fn bench() -> Option<Bench> {
    let database = fresh().await?;
    Some(super::bench(&database.url(), database).await)
}

struct Server(TestDatabase);

async fn site() -> Option<Server> {
    Some(Server(fresh().await?))
}

#[async_trait]
impl Site for Server {
    async fn join(&self, node: Option<u16>) -> Result<Member> {
        member(&self.0.url(), node).await
    }
}

async fn joined(server: &TestDatabase) -> Database {
    let database = connect(&settings(&server.url(), Process::Worker)).await.unwrap();
    database.join().await.unwrap();
    database
}
