//! Dumping and restoring on every engine; the end-to-end tests do the same with archives around it.

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use ports::{Chain, Error, Kind};
use sea_orm::{ConnectionTrait, Statement};

use super::as_owner;
use super::every::{open, places};
use crate::Process;
use crate::backup::{Dump, dump, target};

async fn dumped(url: &str) -> (Dump, Vec<Bytes>) {
    let mut dump = dump(&as_owner(url, Process::Cli)).await.unwrap();
    let content = std::mem::replace(&mut dump.content, stream::empty().boxed());
    (dump, content.try_collect().await.unwrap())
}

async fn names(url: &str) -> Vec<String> {
    let database = open(url).await;
    let connection = &database.opened.pools.write;
    let statement =
        Statement::from_string(connection.get_database_backend(), "SELECT name FROM tenants ORDER BY name");
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by(0).unwrap()).collect()
}

#[tokio::test]
async fn a_dump_goes_into_an_empty_database_only() {
    for ((from, _from), (to, _to)) in places().await.into_iter().zip(places().await) {
        let source = open(&from).await;
        source.migrate_up().await.unwrap();
        let sql = "INSERT INTO tenants (id, uuid, created_at, updated_at, version, name, slug) VALUES
                   (7, '01a1fc2be24876d5', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 1, 'Zürich ✓', 'z')";
        let sql = if from.starts_with("postgres") {
            sql.replace("01a1fc2be24876d5", "01a1fc2b-e248-76d5-ad9a-a8e9e35bb6d9")
        } else {
            sql.to_owned()
        };
        source.opened.pools.write.execute_unprepared(&sql).await.unwrap();
        drop(source);

        let (dump, content) = dumped(&from).await;
        let into = as_owner(&to, Process::Cli);
        let given = || stream::iter(content.clone()).map(Ok).boxed();
        target(&into, &dump.origin, false).await.unwrap().load(given()).await.unwrap();
        assert_eq!(names(&to).await, ["Zürich ✓"], "{to}");
        assert!(open(&to).await.store().pending_migrations().await.unwrap().is_empty());

        let refused = target(&into, &dump.origin, false).await.err().unwrap();
        assert_eq!(refused.kind(), Kind::Conflict, "{to}: {}", Chain(&refused));
        target(&into, &dump.origin, true).await.unwrap().load(given()).await.unwrap();
        assert_eq!(names(&to).await, ["Zürich ✓"], "{to}");
    }
}

/// Content that breaks is not taken for content that ends.
#[tokio::test]
async fn half_a_dump_makes_no_database() {
    for ((from, _from), (to, _to)) in places().await.into_iter().zip(places().await) {
        open(&from).await.migrate_up().await.unwrap();
        let (dump, content) = dumped(&from).await;
        let half: Vec<Bytes> = content.concat().chunks(1000).take(40).map(Bytes::copy_from_slice).collect();
        let broken = stream::once(async { Err(Error::new(Kind::Internal, "it broke")) });
        let into = as_owner(&to, Process::Cli);
        let loading = target(&into, &dump.origin, false).await.unwrap();
        let error = loading.load(stream::iter(half).map(Ok).chain(broken).boxed()).await.unwrap_err();
        assert_eq!(error.operation(), "it broke", "{to}");

        // Whoever starts on it now finds either nothing, or a sign.
        let database = open(&to).await;
        match database.store().pending_migrations().await {
            Ok(pending) => assert!(!pending.is_empty() && !to.starts_with("mysql"), "{to}: {pending:?}"),
            Err(error) => {
                assert!(Chain(&error).to_string().contains("a restore did not end"), "{}", Chain(&error));
            }
        }
        drop(database);
        let again = target(&into, &dump.origin, true).await.unwrap();
        again.load(stream::iter(content).map(Ok).boxed()).await.unwrap();
        assert!(open(&to).await.store().pending_migrations().await.unwrap().is_empty());
    }
}
