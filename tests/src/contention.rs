//! Callers that get into each other's way in the database don't hear of it.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, Row};

use crate::harness::{App, PASSWORD, PATIENCE, Profile, eventually, profiles, run};

const USERS: &str = "/api/v1/users";

/// An operator at the engine's prompt.
enum Prompt {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

impl Prompt {
    async fn at(app: &App) -> Self {
        let url = app.database_url();
        match url.split(':').next() {
            Some("mysql") => Self::Mysql(MySqlConnection::connect(url).await.unwrap()),
            _ => Self::Postgres(PgConnection::connect(url).await.unwrap()),
        }
    }

    async fn run(&mut self, postgres: &str, mysql: &str) {
        match self {
            Self::Postgres(connection) => {
                connection.execute(AssertSqlSafe(postgres.to_owned())).await.map(drop)
            }
            Self::Mysql(connection) => connection.execute(AssertSqlSafe(mysql.to_owned())).await.map(drop),
        }
        .unwrap();
    }

    async fn number(&mut self, postgres: &str, mysql: &str) -> i64 {
        match self {
            Self::Postgres(connection) => {
                connection.fetch_one(AssertSqlSafe(postgres.to_owned())).await.unwrap().get(0)
            }
            Self::Mysql(connection) => {
                connection.fetch_one(AssertSqlSafe(mysql.to_owned())).await.unwrap().get(0)
            }
        }
    }

    /// Makes the first `times` attempts to write this account lose, as the server itself would have it.
    async fn lose(&mut self, email: &str, times: u32) {
        // A sequence counts on when everything else is rolled back.
        self.run("CREATE SEQUENCE tries", "CREATE SEQUENCE tries").await;
        let postgres = format!(
            "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
               IF NEW.email = '{email}' AND nextval('public.tries') <= {times} THEN
                 RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01';
               END IF;
               RETURN NEW;
             END $$;
             CREATE TRIGGER lose BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION lose()"
        );
        let mysql = |moment: &str| {
            format!(
                "CREATE TRIGGER lose_{moment} BEFORE {moment} ON users FOR EACH ROW BEGIN
                   IF NEW.email = '{email}' AND NEXTVAL(tries) <= {times} THEN
                     SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found';
                   END IF;
                 END"
            )
        };
        self.run(&postgres, &mysql("INSERT")).await;
        if matches!(self, Self::Mysql(_)) {
            self.run("", &mysql("UPDATE")).await;
        }
    }

    async fn tries(&mut self) -> i64 {
        self.number("SELECT last_value FROM tries", "SELECT NEXTVAL(tries) - 1").await
    }

    /// How many wait for an account's row.
    async fn waiting(&mut self) -> i64 {
        let postgres = "SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        // InnoDB's own tables stand still while they are looked at all the time.
        let mysql = "SELECT COUNT(*) FROM information_schema.processlist
                     WHERE db = DATABASE() AND info LIKE 'UPDATE `users`%'";
        self.number(postgres, mysql).await
    }

    async fn deadlocks(&mut self) -> i64 {
        let postgres = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        let mysql = "SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status
                     WHERE variable_name = 'INNODB_DEADLOCKS'";
        self.number(postgres, mysql).await
    }
}

/// Servers only: SQLite has one writer at a time, and nobody to meet.
macro_rules! servers {
    ($($(#[$about:meta])* async fn $name:ident($app:ident: &App) $body:block)*) => {$(
        $(#[$about])*
        async fn $name($app: &App) $body

        mod $name {
            use super::*;

            profiles! { @tests $name [default()] postgres mysql }
        }
    )*};
}

servers! {
    /// Locking an account takes its row and then its sessions; a logout takes the session and then the row.
    async fn two_that_deadlock_both_succeed(app: &App) {
        let admin = app.admin().await;
        let ada = app.member("ada@example.com").await;
        let (mut prompt, mut gate) = (Prompt::at(app).await, Prompt::at(app).await);
        let before = prompt.deadlocks().await;
        let row = "SELECT id FROM users WHERE email = 'ada@example.com' FOR UPDATE";
        gate.run("BEGIN", "BEGIN").await;
        gate.run(row, row).await;
        let lock = app.call(Method::POST, &format!("{USERS}/{}/lock", ada.user)).bearer(&admin.access);
        let lock = tokio::spawn(lock.send());
        eventually("the one that takes the row first", PATIENCE, async || (prompt.waiting().await == 1).then_some(())).await;
        let (client, access) = (app.client(), ada.access.clone());
        let logout = tokio::spawn(async move { client.logout(&access).await });
        eventually("the one that has the session", PATIENCE, async || (prompt.waiting().await == 2).then_some(())).await;
        gate.run("COMMIT", "COMMIT").await;

        assert_eq!(lock.await.unwrap().is(200).data()["status"], "locked");
        logout.await.unwrap().is(204);
        let met = async || (prompt.deadlocks().await > before).then_some(());
        eventually("a deadlock in the server's count", PATIENCE, met).await;
        app.me(&ada.access).await.is(401);
        assert_eq!(app.audit(&admin, "action=user.lock").await.len(), 1, "nothing remains of a lost try");
        assert_eq!(app.audit(&admin, "action=session.logout").await.len(), 1);
    }

    async fn who_loses_every_time_is_told_to_come_back(app: &App) {
        let admin = app.admin().await;
        let ada = app.member("ada@example.com").await;
        let mut prompt = Prompt::at(app).await;
        prompt.lose("ada@example.com", 1_000).await;
        let body = json!({ "displayName": "Ada" });
        let call = app.call(Method::PATCH, &format!("{USERS}/{}", ada.user)).bearer(&admin.access);
        let refused = call.body("application/json", body.to_string()).refused(503, "unavailable").await;
        assert!(!refused.header("retry-after").is_empty());
        assert_eq!(prompt.tries().await, 3, "bounded");
        assert_eq!(app.audit(&admin, "action=user.update").await.len(), 0);
    }

    async fn who_loses_twice_does_not_hear_of_it(app: &App) {
        let mut prompt = Prompt::at(app).await;
        prompt.lose("ada@example.com", 2).await;
        app.register("ada@example.com", PASSWORD).await.is(202);
        assert_eq!(prompt.tries().await, 3);
        app.mail_token("ada@example.com").await;
        let admin = app.admin().await;
        assert_eq!(app.audit(&admin, "action=user.register").await.len(), 1, "nothing remains of a lost try");
    }

    /// With a key all is done again up to the answer, which is kept as ever.
    async fn under_a_key_neither(app: &App) {
        let admin = app.admin().await;
        let mut prompt = Prompt::at(app).await;
        prompt.lose("ada@example.com", 2).await;
        let body = json!({ "email": "ada@example.com" });
        let create = || app.post(USERS, &body).bearer(&admin.access).header("idempotency-key", "once");
        let first = create().gives(201).await;
        assert_eq!(prompt.tries().await, 3);
        let again = create().gives(201).await;
        assert_eq!((again.header("idempotency-replayed"), again.text()), ("true", first.text()));
        let found: Value = app.get(&format!("{USERS}?q=ada")).bearer(&admin.access).gives(200).await.data();
        assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
        app.mail_token("ada@example.com").await;
    }

    /// Lost for good, the key is free again.
    async fn a_key_that_lost_is_not_used_up(app: &App) {
        let admin = app.admin().await;
        let mut prompt = Prompt::at(app).await;
        prompt.lose("ada@example.com", 3).await;
        let body = json!({ "email": "ada@example.com" });
        let create = || app.post(USERS, &body).bearer(&admin.access).header("idempotency-key", "once");
        create().refused(503, "unavailable").await;
        assert_eq!(prompt.tries().await, 3, "the whole is bounded, not each part of it");
        create().gives(201).await;
        app.mail_token("ada@example.com").await;
    }
}
