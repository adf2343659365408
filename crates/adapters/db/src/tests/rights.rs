//! What the service may do and what it may not, as a real role on real servers.

use std::any::Any;

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use ports::Kind;
use sea_orm::{ConnectionTrait, DatabaseBackend};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use testkit::postgres::TestDatabase;

use super::schema::entry;
use super::{mysql, postgres, settings};
use crate::backup::{self, dump};
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
        denied(&service, "SELECT 1 FROM users").await;
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

/// Those that the migration names, and the statements of a mistake in each.
const OF_TENANTS: [(&str, &str); 7] = [
    ("roles", "name = name"),
    ("role_permissions", "permission = permission"),
    ("role_parents", "role_id = role_id"),
    ("memberships", "status = status"),
    ("membership_roles", "role_id = role_id"),
    ("invitations", "email = email"),
    ("invitation_roles", "role_id = role_id"),
];

/// Rows that a statement has touched or counted.
async fn touched(connection: &mut PgConnection, sql: &str) -> u64 {
    let done = connection.execute(AssertSqlSafe(sql)).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
}

async fn refused(connection: &mut PgConnection, sql: &str, why: &str) {
    let error = connection.execute(AssertSqlSafe(sql)).await.unwrap_err().to_string();
    assert!(error.contains(why), "{sql}: {error}");
}

/// Whoever does not say for whom sees no row of any tenant, and writes none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_tenants_are_not_there_for_whoever_names_none() {
    let Some(server) = postgres::fresh().await else { return };
    let mut admin = server.connection().await;
    let bench = super::bench(&server.url(), ()).await;
    let [own, other] = testkit::store::isolation::two_tenants(&bench).await;
    let protected =
        "SELECT relname::text FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY 1";
    let protected: Vec<String> = sqlx::query_scalar(protected).fetch_all(&mut admin).await.unwrap();
    let mut named = OF_TENANTS.map(|(table, _)| table);
    named.sort_unstable();
    assert_eq!(protected, named);

    let mut service = server.connection().await;
    for (table, change) in OF_TENANTS {
        let copy = format!(
            "CREATE TABLE copy_of_{table} AS SELECT * FROM {table}; GRANT SELECT ON copy_of_{table} TO PUBLIC"
        );
        admin.execute(AssertSqlSafe(copy)).await.unwrap();
        let select = format!("SELECT * FROM {table}");
        let (update, delete) = (format!("UPDATE {table} SET {change}"), format!("DELETE FROM {table}"));
        let insert = format!("INSERT INTO {table} SELECT * FROM copy_of_{table}");
        let all = touched(&mut admin, &select).await;
        assert!(all >= 2, "{table} has rows of both tenants");

        service.execute("SET ROLE mainstay_app").await.unwrap();
        for nobody in ["RESET mainstay.tenant; RESET mainstay.reach", "SET mainstay.tenant = '1'"] {
            service.execute(nobody).await.unwrap();
            for statement in [&select, &update, &delete] {
                assert_eq!(touched(&mut service, statement).await, 0, "{nobody}; {statement}");
            }
            refused(&mut service, &insert, "row-level security").await;
        }
        let mut seen = 0;
        for tenant in [own, other] {
            service.execute(AssertSqlSafe(format!("SET mainstay.tenant = '{tenant}'"))).await.unwrap();
            let theirs = touched(&mut service, &select).await;
            assert!(theirs > 0 && theirs < all, "{table}: {theirs} of {all}");
            assert_eq!(touched(&mut service, &update).await, theirs);
            // The first row that is written is the other's.
            let order = if tenant == own { "DESC" } else { "ASC" };
            refused(&mut service, &format!("{insert} ORDER BY ctid {order}"), "row-level security").await;
            seen += theirs;
        }
        service.execute("RESET mainstay.tenant; SET mainstay.reach = 'platform'").await.unwrap();
        seen += touched(&mut service, &select).await;
        assert_eq!(seen, all, "{table}");
        // Beyond one tenant there is reading alone, and what is named.
        service.execute("SET mainstay.reach = 'lookup'").await.unwrap();
        assert_eq!(touched(&mut service, &select).await, all);
        for statement in [&update, &delete] {
            assert_eq!(touched(&mut service, statement).await, 0, "{statement}");
        }
        refused(&mut service, &insert, "row-level security").await;
        service.execute("SET mainstay.reach = 'seed'").await.unwrap();
        assert_eq!(touched(&mut service, &select).await, 0);

        service.execute("RESET mainstay.reach; SET ROLE mainstay_app_reader").await.unwrap();
        assert_eq!(touched(&mut service, &select).await, all, "{table}");
        for statement in [&insert, &update, &delete] {
            refused(&mut service, statement, "permission denied").await;
        }
    }
    service.execute("SET ROLE mainstay_app_reader").await.unwrap();
    let writable = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
                    AND relkind IN ('r', 'p', 'v') AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')";
    let writable: Vec<String> = sqlx::query_scalar(writable).fetch_all(&mut service).await.unwrap();
    assert_eq!(writable, Vec::<String>::new(), "whoever reads can write nothing at all");
}

/// A role of another tenant is given to nobody, not even by raw SQL in the name of the tenant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_of_other_tenants_can_not_be_given() {
    let Some(server) = postgres::fresh().await else { return };
    let bench = super::bench(&server.url(), ()).await;
    let [own, other] = testkit::store::isolation::two_tenants(&bench).await;
    let mut service = server.connection().await;
    for (table, holder, of) in [
        ("role_parents", "role_id", "roles"),
        ("membership_roles", "membership_id", "memberships"),
        ("invitation_roles", "invitation_id", "invitations"),
    ] {
        let role = if table == "role_parents" { "parent_id" } else { "role_id" };
        let give = |tenant: i64| {
            format!(
                "SET ROLE mainstay_app; SET mainstay.tenant = '{own}';
                 INSERT INTO {table} ({holder}, {role})
                 SELECT (SELECT min(id) FROM {of}), id FROM theirs WHERE tenant_id = {tenant} LIMIT 1"
            )
        };
        let ids =
            "RESET ROLE; DROP TABLE IF EXISTS theirs; CREATE TABLE theirs AS SELECT id, tenant_id FROM roles;
                   GRANT SELECT ON theirs TO PUBLIC";
        service.execute(ids).await.unwrap();
        service.execute(AssertSqlSafe(format!("RESET ROLE; TRUNCATE {table}"))).await.unwrap();
        refused(&mut service, &give(other), "row-level security").await;
        assert_eq!(touched(&mut service, &give(own)).await, 1, "{table}");
    }
}

/// Where the login has no role to read as, the service reads for itself, and still writes for one tenant alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_role_for_reading_the_service_reads() {
    let Some(server) = postgres::fresh().await else { return };
    let mut admin = server.connection().await;
    let bench = super::bench(&server.url(), ()).await;
    let [own, _] = testkit::store::isolation::two_tenants(&bench).await;
    let login = Login::make(&mut admin, "NOINHERIT").await;
    let url = server.url().replacen("postgres@", &format!("{}@", login.0), 1);
    let two = Settings { owner_url: Some(server.url()), role: None, ..settings(&url, Process::Worker) };
    for reader in [None, Some(format!("{}_reader", login.0))] {
        if let Some(reader) = &reader {
            let sql = format!("CREATE ROLE {reader} NOLOGIN; GRANT {reader} TO {}", login.0);
            admin.execute(AssertSqlSafe(sql)).await.unwrap();
        }
        let service = connect(&two).await.unwrap();
        service.migrate_up().await.unwrap();
        assert_eq!(service.standing().await.unwrap().unwrap().reader, reader);
        let mine = ports::TenantFilter::default();
        assert_eq!(service.store().tenants().count(&mine).await.unwrap(), 2);
        let scope = domain::TenantScope::Tenant { id: own, uuid: uuid::Uuid::nil() };
        assert!(service.store().members().count(scope).await.unwrap() > 0, "{reader:?}");
        let mut raw = PgConnection::connect(&url).await.unwrap();
        assert_eq!(touched(&mut raw, "SELECT * FROM roles").await == 0, reader.is_some());
        assert_eq!(touched(&mut raw, "DELETE FROM roles").await, 0);
        service.cluster().leave().await.unwrap();
    }
    let sql = format!("DROP OWNED BY {0}_reader CASCADE; DROP ROLE {0}_reader", login.0);
    admin.execute(AssertSqlSafe(sql)).await.unwrap();
    login.unmake(&mut admin).await;
}

/// The owner is bound as well, and yet dumps all there is. A role that a policy names is made where it is restored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_who_is_no_superuser_dumps_rows_of_tenants() {
    let (Some(server), Some(target)) = (TestDatabase::empty().await, TestDatabase::empty().await) else {
        return;
    };
    let mut admin = server.connection().await;
    let (maker, reader) = (Login::make(&mut admin, "").await, Login::make(&mut admin, "").await);
    let name = admin.fetch_one("SELECT quote_ident(current_database())").await.unwrap();
    let database: String = sqlx::Row::get(&name, 0);
    let sql =
        format!("ALTER DATABASE {database} OWNER TO {0}; GRANT CREATE ON SCHEMA public TO {0}", maker.0);
    admin.execute(AssertSqlSafe(sql)).await.unwrap();
    let url = server.url().replacen("postgres@", &format!("{}@", maker.0), 1);
    let as_maker = super::as_owner(&url, Process::Cli);
    connect(&as_maker).await.unwrap().migrate_up().await.unwrap();
    let mut raw = PgConnection::connect(&url).await.unwrap();
    let times = "'2026-01-01 00:00:00', '2026-01-01 00:00:00', 1";
    raw.execute(AssertSqlSafe(format!(
        "INSERT INTO tenants (id, uuid, created_at, updated_at, version, name, slug)
         VALUES (7, gen_random_uuid(), {times}, 'Acme', 'acme');
         CREATE POLICY roles_read ON roles FOR SELECT TO {} USING (true)",
        reader.0
    )))
    .await
    .unwrap();
    let role = format!(
        "INSERT INTO roles (id, uuid, created_at, updated_at, version, tenant_id, name, system)
         VALUES (8, gen_random_uuid(), {times}, 7, 'support', false)"
    );
    refused(&mut raw, &role, "row-level security").await;
    raw.execute(AssertSqlSafe(format!("SET mainstay.tenant = '7'; {role}"))).await.unwrap();
    raw.close().await.unwrap();

    let mut dump = dump(&as_maker).await.unwrap();
    let content = std::mem::replace(&mut dump.content, stream::empty().boxed());
    let content: Vec<Bytes> = content.try_collect().await.unwrap();
    assert_eq!(dump.origin.roles, [reader.0.as_str()]);
    let name = reader.0.clone();
    reader.unmake(&mut admin).await;
    let into =
        backup::target(&super::as_owner(&target.url(), Process::Cli), &dump.origin, false).await.unwrap();
    into.load(stream::iter(content).map(Ok).boxed()).await.unwrap();
    let mut restored = target.connection().await;
    assert_eq!(touched(&mut restored, "SELECT * FROM roles WHERE name = 'support'").await, 1);
    let forced = "SELECT relname FROM pg_class WHERE relforcerowsecurity";
    assert_eq!(touched(&mut restored, forced).await, OF_TENANTS.len() as u64);
    Login(name).unmake(&mut restored).await;
    let sql = format!(
        "ALTER DATABASE {database} OWNER TO CURRENT_USER; REASSIGN OWNED BY {} TO CURRENT_USER",
        maker.0
    );
    admin.execute(AssertSqlSafe(sql)).await.unwrap();
    maker.unmake(&mut admin).await;
}
