//! The schema's way up and back, and its assets, on every engine.

use domain::AuditEntry;
use migrations::assets::AssetState;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

use super::every::{open, places};
use crate::Database;

/// What the engine knows of tables, columns, indices, keys, views, triggers and routines, as lines of text.
async fn schema(database: &Database) -> Vec<String> {
    let connection = &database.opened.pools.write;
    let backend = connection.get_database_backend();
    let sql = match backend {
        DatabaseBackend::Postgres => {
            "SELECT concat_ws(' ', 'column', table_name, column_name, data_type, character_maximum_length,
                    is_nullable, column_default) FROM information_schema.columns WHERE table_schema = 'public'
             UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
             UNION ALL SELECT concat_ws(' ', 'key', conrelid::regclass, conname, pg_get_constraintdef(oid))
               FROM pg_constraint WHERE connamespace = 'public'::regnamespace
             UNION ALL SELECT 'view ' || viewname || definition FROM pg_views WHERE schemaname = 'public'
             UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
             UNION ALL SELECT 'routine ' || pg_get_functiondef(oid) FROM pg_proc
               WHERE pronamespace = 'public'::regnamespace
             ORDER BY 1"
        }
        DatabaseBackend::MySql => {
            "SELECT CONCAT_WS(' ', 'column', TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME, IS_NULLABLE,
                    COLUMN_DEFAULT, GENERATION_EXPRESSION) FROM information_schema.COLUMNS
               WHERE TABLE_SCHEMA = DATABASE()
             UNION ALL SELECT CONCAT_WS(' ', 'index', TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE)
               FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
             UNION ALL SELECT CONCAT_WS(' ', 'key', TABLE_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME)
               FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = DATABASE()
             UNION ALL SELECT CONCAT_WS(' ', 'view', TABLE_NAME, VIEW_DEFINITION) FROM information_schema.VIEWS
               WHERE TABLE_SCHEMA = DATABASE()
             UNION ALL SELECT CONCAT_WS(' ', 'trigger', TRIGGER_NAME, ACTION_STATEMENT)
               FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
             UNION ALL SELECT CONCAT_WS(' ', 'routine', ROUTINE_NAME, ROUTINE_DEFINITION)
               FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
             ORDER BY 1"
        }
        _ => "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1",
    };
    let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by(0).unwrap()).collect()
}

fn run<'a>(database: &'a Database, sql: &'a str) -> impl Future<Output = Result<u64, sea_orm::DbErr>> + 'a {
    let connection = &database.opened.pools.write;
    async move { Ok(connection.execute_unprepared(sql).await?.rows_affected()) }
}

/// Assets that are not as the program has them.
async fn amiss(database: &Database) -> Vec<(String, AssetState)> {
    let all = database.asset_status().await.unwrap();
    let well = |state: &AssetState| matches!(state, AssetState::Applied | AssetState::Elsewhere(_));
    all.into_iter().filter(|asset| !well(&asset.state)).map(|asset| (asset.name, asset.state)).collect()
}

#[tokio::test]
async fn every_step_back_and_forth_leads_to_the_same_schema() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        let count = u32::try_from(migrations::known().len()).unwrap();
        database.migrate_up().await.unwrap();
        let whole = schema(&database).await;
        assert!(whole.iter().any(|line| line.contains("user_activity")), "{whole:#?}");
        for steps in 1..=count {
            database.migrate_down(steps).await.unwrap();
            for (name, state) in amiss(&database).await {
                assert!(matches!(state, AssetState::Early | AssetState::Missing), "{name}: {state:?}");
            }
            database.migrate_up().await.unwrap();
            assert_eq!(schema(&database).await, whole, "{url}: {steps} steps back");
            assert_eq!(amiss(&database).await, []);
        }
    }
}

#[tokio::test]
async fn starting_afresh_drops_what_nobody_knows() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        database.migrate_up().await.unwrap();
        let whole = schema(&database).await;
        run(&database, "CREATE TABLE leftover (id integer PRIMARY KEY)").await.unwrap();
        run(&database, "INSERT INTO nodes (id, holder, beat, expires_at) SELECT 7, holder, 1, 1 FROM nodes")
            .await
            .unwrap();
        run(&database, "DELETE FROM database_assets").await.unwrap();
        database.migrate_fresh().await.unwrap();
        assert_eq!(schema(&database).await, whole, "{url}");
        assert_eq!(amiss(&database).await, []);
        // Also from nothing.
        database.migrate_down(u32::MAX).await.unwrap();
        database.migrate_fresh().await.unwrap();
        assert_eq!(schema(&database).await, whole, "{url}");
    }
}

#[tokio::test]
async fn assets_are_applied_once_and_made_anew_when_they_differ() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        database.migrate_up().await.unwrap();
        let whole = schema(&database).await;
        assert_eq!(database.apply_assets().await.unwrap(), Vec::<String>::new(), "all is well");

        // Another program's version, a forgotten one, and one that somebody took away by hand.
        let forgotten = "INSERT INTO database_assets (name, checksum, removal, applied_at)
                         VALUES ('views/forgotten', 'x', 'DROP VIEW IF EXISTS forgotten', CURRENT_TIMESTAMP)";
        for sql in [
            "UPDATE database_assets SET checksum = 'other' WHERE name = 'views/user_activity'",
            "CREATE VIEW forgotten AS SELECT id FROM users",
            forgotten,
        ] {
            run(&database, sql).await.unwrap();
        }
        database.drop_assets(Some("triggers/audit_entries_no_update")).await.unwrap();
        let expected = [
            ("triggers/audit_entries_no_update".to_owned(), AssetState::Missing),
            ("views/forgotten".to_owned(), AssetState::Unknown),
            ("views/user_activity".to_owned(), AssetState::Changed),
        ];
        assert_eq!(amiss(&database).await, expected, "{url}");
        let changed = database.apply_assets().await.unwrap();
        assert_eq!(changed, expected.map(|(name, _)| name), "{url}");
        assert_eq!(schema(&database).await, whole, "{url}");

        // What is required takes along what requires it, and everything can go and come back.
        let gone = database.drop_assets(None).await.unwrap();
        assert!(gone.len() >= 3, "{gone:?}");
        assert_eq!(database.drop_assets(Some("views/nobody")).await.unwrap(), Vec::<String>::new());
        assert!(!schema(&database).await.iter().any(|line| line.contains("user_activity")));
        assert_eq!(database.apply_assets().await.unwrap(), gone);
        assert_eq!(schema(&database).await, whole, "{url}");
    }
}

/// While replicas are replaced one by one, an old one must not put its own assets back.
#[tokio::test]
async fn the_assets_of_a_newer_program_are_left_alone() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        database.migrate_up().await.unwrap();
        for sql in [
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_newer', 0)",
            "UPDATE database_assets SET checksum = 'newer' WHERE name = 'views/user_activity'",
        ] {
            run(&database, sql).await.unwrap();
        }
        database.migrate_up().await.unwrap();
        assert_eq!(database.apply_assets().await.unwrap(), Vec::<String>::new());
        assert_eq!(amiss(&database).await, [("views/user_activity".to_owned(), AssetState::Changed)]);
    }
}

pub(super) fn entry() -> AuditEntry {
    AuditEntry {
        id: 1,
        uuid: uuid::Uuid::from_u128(1),
        created_at: chrono::DateTime::UNIX_EPOCH,
        tenant_id: None,
        actor_kind: "system".to_owned(),
        actor: None,
        api_key: None,
        action: "test".to_owned(),
        resource: "tests".to_owned(),
        resource_id: None,
        outcome: "success".to_owned(),
        reason: None,
        ip: None,
        user_agent: None,
        request_id: None,
        trace_id: None,
    }
}

/// The audit trail is only ever added to, whoever asks; retention has a door of its own.
#[tokio::test]
async fn audit_entries_are_never_changed() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        database.migrate_up().await.unwrap();
        database.join().await.unwrap();
        let tx = database.store().begin().await.unwrap();
        tx.audit().append(&entry()).await.unwrap();
        tx.commit().await.unwrap();
        let backend = database.opened.pools.write.get_database_backend();
        let mut forbidden = vec!["UPDATE audit_entries SET outcome = 'x'", "DELETE FROM audit_entries"];
        if backend == DatabaseBackend::Postgres {
            forbidden.push("TRUNCATE audit_entries");
            forbidden.push("TRUNCATE audit_entries, users CASCADE");
        }
        for sql in &forbidden {
            let refused = run(&database, sql).await.unwrap_err().to_string();
            assert!(refused.contains("audit entries are never changed"), "{url} {sql}: {refused}");
        }
        let (open_door, close_door) = match backend {
            DatabaseBackend::Postgres => {
                ("SET mainstay.audit_retention = 'on'", "RESET mainstay.audit_retention")
            }
            DatabaseBackend::MySql => {
                ("SET @mainstay_audit_retention = 'on'", "SET @mainstay_audit_retention = NULL")
            }
            _ => ("DROP TRIGGER audit_entries_no_delete", "SELECT 1"),
        };
        let sql = format!("{open_door}; DELETE FROM audit_entries; {close_door}");
        // One call is one session.
        database.opened.pools.write.execute_unprepared(&sql).await.unwrap();
        database.apply_assets().await.unwrap();
        let left =
            database.scalar::<i64>("SELECT count(*) FROM audit_entries".to_owned(), "test").await.unwrap();
        assert_eq!(left, Some(0));
        assert_eq!(amiss(&database).await, []);
    }
}
