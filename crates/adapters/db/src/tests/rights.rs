//! What the service may do and what it may not, as a real role on real servers.

use std::any::Any;

use ports::Kind;
use sea_orm::{ConnectionTrait, DatabaseBackend};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use testkit::postgres::TestDatabase;

use super::schema::entry;
use super::{mysql, postgres, settings};
use crate::{Database, Process, Role, Settings, connect};

/// Migrated databases whose service owns nothing, one per server that is there.
async fn places() -> Vec<(String, Box<dyn Any>)> {
    let mut places: Vec<(String, Box<dyn Any>)> = Vec::new();
    if let Some(server) = postgres::fresh().await {
        places.push((server.url(), Box::new(server)));
    }
    if let Some(server) = mysql::fresh().await {
        places.push((server.url(), Box::new(server)));
    }
    places
}

async fn service(url: &str) -> Database {
    connect(&settings(url, Process::Worker)).await.unwrap()
}

/// As whoever the URL names.
async fn owner(url: &str) -> Database {
    connect(&super::as_owner(url, Process::Cli)).await.unwrap()
}

async fn run(database: &Database, sql: &str) -> Result<(), sea_orm::DbErr> {
    database.opened.pools.write.execute_unprepared(sql).await.map(|_| ())
}

async fn denied(database: &Database, sql: &str) {
    let refusal = run(database, sql).await.err().map(|error| error.to_string().to_lowercase());
    let is_denial = |text: &String| {
        ["permission denied", "must be owner", "denied"].iter().any(|word| text.contains(word))
    };
    assert!(refusal.as_ref().is_some_and(is_denial), "{sql}: {refusal:?}");
}

#[tokio::test]
async fn the_service_changes_rows_and_nothing_else() {
    for (url, _keep) in places().await {
        let service = service(&url).await;
        service.join().await.unwrap();
        let tx = service.store().begin().await.unwrap();
        tx.audit().append(&entry()).await.unwrap();
        tx.commit().await.unwrap();
        // The role alone protects the trail: without the triggers, too.
        owner(&url).await.drop_assets(None).await.unwrap();
        for sql in [
            "UPDATE audit_entries SET outcome = 'x'",
            "DELETE FROM audit_entries",
            "TRUNCATE TABLE audit_entries",
            "TRUNCATE TABLE jobs",
            "DROP TABLE audit_entries",
            "ALTER TABLE users ADD COLUMN x integer",
            "CREATE TABLE x (id integer)",
            "CREATE INDEX x ON users (status)",
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ('x', 0)",
            "DELETE FROM seaql_migrations",
            "UPDATE database_assets SET checksum = 'x'",
        ] {
            denied(&service, sql).await;
        }
        assert!(service.migration_status().await.unwrap().iter().all(|migration| migration.applied));
        assert!(service.store().pending_migrations().await.unwrap().is_empty());
    }
}

/// What an operator has granted or revoked by hand, the next migration puts right.
#[tokio::test]
async fn rights_are_put_right() {
    for (url, _keep) in places().await {
        let owner = owner(&url).await;
        let account = match owner.opened.pools.write.get_database_backend() {
            DatabaseBackend::MySql => "'mainstay_app'@'%'",
            _ => "mainstay_app",
        };
        for sql in [
            format!("GRANT DELETE ON audit_entries TO {account}"),
            format!("GRANT INSERT ON seaql_migrations TO {account}"),
            format!("REVOKE SELECT, UPDATE ON users FROM {account}"),
        ] {
            run(&owner, &sql).await.unwrap();
        }
        let service = service(&url).await;
        assert!(service.store().users().is_empty().await.is_err(), "{url}");
        service.migrate_up().await.unwrap();
        assert!(service.store().users().is_empty().await.unwrap());
        run(&service, "UPDATE users SET version = version").await.unwrap();
        owner.drop_assets(None).await.unwrap();
        denied(&service, "DELETE FROM audit_entries").await;
        denied(&service, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('x', 0)").await;
    }
}

#[tokio::test]
async fn who_is_powerful_is_found_out() {
    for (url, _keep) in places().await {
        let owner = owner(&url).await.standing().await.unwrap().unwrap();
        assert!(owner.superuser, "{owner:?}");
        let service = service(&url).await.standing().await.unwrap().unwrap();
        assert!(!service.owner && service.acts_as.starts_with("mainstay_app"), "{service:?}");
        // On PostgreSQL the tests log in as a superuser, and could be one again.
        assert_eq!(service.superuser, url.starts_with("postgres"), "{service:?}");
    }
}

/// A login that owns nothing and no role: the owner, who migrates, grants to the login itself.
#[tokio::test]
async fn on_postgres_owner_and_service_can_be_two_logins() {
    let Some(server) = TestDatabase::empty().await else { return };
    let mut admin = server.connection().await;
    let (login, maker) = (Login::make(&mut admin, "").await, Login::make(&mut admin, "").await);
    let name = admin.fetch_one("SELECT quote_ident(current_database())").await.unwrap();
    let database: String = sqlx::Row::get(&name, 0);
    for sql in [
        format!("ALTER DATABASE {database} OWNER TO {}", maker.0),
        format!("GRANT CREATE ON SCHEMA public TO {}", maker.0),
    ] {
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let as_user = |login: &Login| server.url().replacen("postgres@", &format!("{}@", login.0), 1);
    let two = Settings {
        owner_url: Some(as_user(&maker)),
        role: None,
        ..settings(&as_user(&login), Process::Worker)
    };
    let service = connect(&two).await.unwrap();
    service.migrate_up().await.unwrap();
    let standing = service.standing().await.unwrap().unwrap();
    assert_eq!((standing.acts_as, standing.superuser, standing.owner), (login.0.clone(), false, false));
    service.join().await.unwrap();
    let tx = service.store().begin().await.unwrap();
    tx.audit().append(&entry()).await.unwrap();
    tx.commit().await.unwrap();
    denied(&service, "DROP TABLE users").await;
    denied(&service, "UPDATE audit_entries SET outcome = 'x'").await;
    let maker_too = Settings { role: None, ..settings(&as_user(&maker), Process::Worker) };
    let standing = connect(&maker_too).await.unwrap().standing().await.unwrap().unwrap();
    assert!(standing.owner && !standing.superuser, "{standing:?}");
    service.cluster().leave().await.unwrap();
    drop(service);
    let sql = format!(
        "ALTER DATABASE {database} OWNER TO CURRENT_USER; REASSIGN OWNED BY {} TO CURRENT_USER",
        maker.0
    );
    admin.execute(AssertSqlSafe(sql)).await.unwrap();
    for login in [login, maker] {
        login.unmake(&mut admin).await;
    }
}

/// Where it is required, the service does not start without its role, and says what is missing.
#[tokio::test]
async fn a_role_that_can_not_be_had_is_an_error_or_left_alone() {
    let Some(server) = postgres::fresh().await else { return };
    let mut admin = server.connection().await;
    let login = Login::make(&mut admin, "").await;
    let url = server.url().replacen("postgres@", &format!("{}@", login.0), 1);
    for (name, remedy) in
        [("mainstay_app", "GRANT mainstay_app TO"), ("mainstay_nobody", "CREATE ROLE mainstay_nobody")]
    {
        let with = |required| Settings {
            role: Some(Role { name: name.to_owned(), required }),
            ..settings(&url, Process::Worker)
        };
        let error = connect(&with(true)).await.err().unwrap();
        assert_eq!(error.kind(), Kind::Unsupported);
        let text = std::error::Error::source(&error).unwrap().to_string();
        assert!(text.contains(remedy), "{text}");
        let standing = connect(&with(false)).await.unwrap().standing().await.unwrap().unwrap();
        assert_eq!(standing.acts_as, login.0);
    }
    login.unmake(&mut admin).await;
}

/// A login of a test's own; roles are the whole server's.
struct Login(String);

impl Login {
    async fn make(admin: &mut PgConnection, rights: &str) -> Self {
        let row =
            admin.fetch_one("SELECT 'mainstay_test_' || replace(gen_random_uuid()::text, '-', '')").await;
        let name: String = sqlx::Row::get(&row.unwrap(), 0);
        admin.execute(AssertSqlSafe(format!("CREATE ROLE {name} LOGIN {rights}"))).await.unwrap();
        Self(name)
    }

    async fn unmake(self, admin: &mut PgConnection) {
        let sql = format!("DROP OWNED BY {0} CASCADE; DROP ROLE {0}", self.0);
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
    }
}

/// Row-level security, as tables of tenants will have it: who names no tenant sees nothing, the owner included.
#[tokio::test]
async fn rows_of_other_tenants_are_not_there() {
    let Some(server) = postgres::fresh().await else { return };
    let mut admin = server.connection().await;
    let login = Login::make(&mut admin, "").await;
    admin
        .execute(AssertSqlSafe(format!(
            "GRANT CREATE ON SCHEMA public TO {0}; GRANT mainstay_app TO {0}",
            login.0
        )))
        .await
        .unwrap();
    let url = server.url().replacen("postgres@", &format!("{}@", login.0), 1);
    let owner = connect(&Settings { role: None, ..settings(&url, Process::Cli) }).await.unwrap();
    run(&owner, "CREATE TABLE scratch (id bigint PRIMARY KEY, tenant_id bigint NOT NULL)").await.unwrap();
    run(&owner, "GRANT SELECT, INSERT, UPDATE, DELETE ON scratch TO mainstay_app").await.unwrap();
    migrations::row_security::by_tenant(&owner.opened.pools.write, "scratch").await.unwrap();
    let mut service = PgConnection::connect(&url).await.unwrap();
    for role in ["SET ROLE mainstay_app", "RESET ROLE"] {
        service.execute(role).await.unwrap();
        service.execute("SET mainstay.tenant = '1'; DELETE FROM scratch").await.unwrap();
        service.execute("INSERT INTO scratch VALUES (1, 1), (2, 1)").await.unwrap();
        let other = service.execute("INSERT INTO scratch VALUES (3, 2)").await.unwrap_err().to_string();
        assert!(other.contains("row-level security"), "{other}");
        let moved = service.execute("UPDATE scratch SET tenant_id = 2").await.unwrap_err().to_string();
        assert!(moved.contains("row-level security"), "{moved}");
        for (tenant, seen) in
            [("SET mainstay.tenant = '2'", 0), ("SET mainstay.tenant = '1'", 2), ("RESET mainstay.tenant", 0)]
        {
            service.execute(tenant).await.unwrap();
            let count: i64 =
                sqlx::query_scalar("SELECT count(*) FROM scratch").fetch_one(&mut service).await.unwrap();
            assert_eq!(count, seen, "{role}; {tenant}");
            let gone = service.execute("UPDATE scratch SET id = id").await.unwrap().rows_affected();
            assert_eq!(gone, u64::try_from(seen).unwrap(), "{role}; {tenant}");
        }
    }
    service.close().await.unwrap();
    drop(owner);
    login.unmake(&mut admin).await;
}
