//! Whoever is told that something has ended is right: nobody gets through afterwards, at any replica, whatever becomes of
//! the Redis that the replicas share. And while nothing ends, that Redis is all that a caller at work costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::redis::RedisServer;
use tokio::task::JoinHandle;

use crate::harness::{
    Client, Installation, PASSWORD, PATIENCE, Profile, Program, Tokens, eventually, installations,
};

const PUBLIC_URL: (&str, &str) = ("SERVER__PUBLIC_URL", "http://mainstay.test");
const UNLIMITED: (&str, &str) = ("RATE_LIMIT__ENABLED", "false");
/// A refresh token that comes again is a stolen one, at once.
const NO_GRACE: (&str, &str) = ("AUTH__REFRESH_REUSE_GRACE_SECONDS", "0");
const ADA: &str = "ada@example.com";
/// Longer than the mirror knows anything.
const LATER: Duration = Duration::from_millis(2500);

/// Asks who somebody is, again and again, and notes when each question began that was answered.
struct Asking {
    over: Arc<AtomicBool>,
    asked: JoinHandle<Vec<(Instant, u16)>>,
}

impl Asking {
    fn at(replica: Client, access: &str) -> Self {
        let (over, access) = (Arc::new(AtomicBool::new(false)), access.to_owned());
        let stop = Arc::clone(&over);
        let asked = tokio::spawn(async move {
            let mut answers = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                let begun = Instant::now();
                answers.push((begun, replica.me(&access).await.status));
            }
            answers
        });
        Self { over, asked }
    }

    /// Nobody got through after `ended`, and somebody did before.
    async fn ended(self, what: &str, ended: Instant) {
        self.over.store(true, Ordering::SeqCst);
        let answers = self.asked.await.unwrap();
        let before = answers.iter().filter(|(begun, status)| *begun < ended && *status == 200).count();
        let after: Vec<_> = answers.iter().filter(|(begun, _)| *begun >= ended).collect();
        let through = after.iter().filter(|(_, status)| *status != 401).count();
        assert!(before > 0, "{what}: nobody was there before");
        assert!(after.len() > 10, "{what}: {} questions afterwards", after.len());
        assert_eq!(through, 0, "{what}: of {} questions afterwards {through} were not refused", after.len());
    }
}

/// Until what replicas know comes from Redis.
async fn is_mirrored(replicas: &[Program; 2], redis: &RedisServer, access: &str) {
    eventually("revisions in Redis", PATIENCE, async || {
        for replica in replicas {
            replica.me(access).await.is(200);
        }
        redis.ask(&["KEYS", "*:r:u*"]).filter(|keys| keys.contains(":r:u"))
    })
    .await;
}

/// What happens to Redis just before the end of a session, and what right after it.
type Fault = (&'static str, fn(&RedisServer), fn(&RedisServer));

const FAULTS: [Fault; 6] = [
    ("nothing", |_| {}, |_| {}),
    ("emptied", |redis| drop(redis.ask(&["FLUSHALL"])), |redis| drop(redis.ask(&["FLUSHALL"]))),
    ("emptied in between", |_| {}, |redis| drop(redis.ask(&["FLUSHALL"]))),
    ("stopped", RedisServer::hang, RedisServer::go_on),
    ("killed", RedisServer::kill, |_| {}),
    ("restarted with what it knew before", |redis| drop(redis.ask(&["SAVE"])), RedisServer::kill),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_through_whatever_becomes_of_redis() {
    Installation::with(Profile::Postgres, faults).await;
}

async fn faults(installation: &Installation) {
    let Some(redis) = RedisServer::start().await else { return };
    let cache = redis.url();
    let variables = [PUBLIC_URL, UNLIMITED, ("CACHE__URL", &*cache)];
    let replicas = [installation.api("a", &variables).await, installation.api("b", &variables).await];
    replicas[0].newcomer(ADA).await;
    for (name, before, after) in FAULTS {
        for round in 0..2 {
            let what = format!("Redis {name}, round {round}");
            let tokens = replicas[round].login(ADA, PASSWORD).await;
            is_mirrored(&replicas, &redis, &tokens.access).await;
            let asking = replicas.each_ref().map(|replica| Asking::at(replica.client(), &tokens.access));
            tokio::time::sleep(Duration::from_millis(100)).await;
            before(&redis);
            replicas[round].logout(&tokens.access).await.is(204);
            let ended = Instant::now();
            after(&redis);
            if redis.ask(&["PING"]).is_none() {
                redis.resume().await;
            }
            tokio::time::sleep(LATER).await;
            for asking in asking {
                asking.ended(&what, ended).await;
            }
        }
    }
    for replica in replicas {
        replica.stop().await;
    }
}

/// One person with a session at each replica, and what is done to them.
struct Case<'a> {
    actor: &'a Program,
    admin: &'a Tokens,
    email: String,
    ada: Tokens,
    /// Speaks for the tenant.
    in_tenant: String,
    tenant: String,
    /// The tenant's owner's, for it.
    owner: String,
    role: String,
}

impl Case<'_> {
    async fn send(&self, method: Method, path: &str, body: Value, bearer: &str) {
        let call = self.actor.call(method, path).bearer(bearer);
        let call = if body.is_null() { call } else { call.body("application/json", body.to_string()) };
        let answer = call.send().await;
        assert!(answer.status < 300, "{path}: {}", answer.text());
    }

    /// Ends something, and says which token is worth nothing afterwards, where.
    async fn end(&self, what: &str) -> (&str, String, u16) {
        let (me, ada) = ("/api/v1/users/me".to_owned(), self.ada.access.as_str());
        let admin = self.admin.access.as_str();
        let user = format!("/api/v1/users/{}", self.ada.user);
        let tenant = format!("/api/v1/tenants/{}", self.tenant);
        let member = format!("{tenant}/members/{}", self.ada.user);
        let role = format!("/api/v1/roles/{}", self.role);
        let none = Value::Null;
        match what {
            "logout" => self.send(Method::POST, "/api/v1/auth/logout", none, ada).await,
            "logout by refresh token" => {
                let body = json!({ "refreshToken": self.ada.refresh });
                let call = self.actor.post("/api/v1/auth/logout", &body);
                call.gives(204).await;
            }
            "logout everywhere" => self.send(Method::POST, "/api/v1/auth/logout-all", none, ada).await,
            "one session from another" => {
                let other = self.actor.login(&self.email, PASSWORD).await;
                let path = format!("/api/v1/auth/sessions/{}", self.ada.session);
                self.send(Method::DELETE, &path, none, &other.access).await;
            }
            "a reused refresh token" => {
                let next = self.actor.refreshed(&self.ada).await;
                self.actor.refreshed(&next).await;
                self.actor.refresh(&self.ada.refresh).await.is(401);
            }
            "a new password" => {
                let body = json!({ "currentPassword": PASSWORD, "newPassword": PASSWORD.to_uppercase() });
                let other = self.actor.login(&self.email, PASSWORD).await;
                self.send(Method::POST, "/api/v1/auth/change-password", body, &other.access).await;
            }
            "a lock" => self.send(Method::POST, &format!("{user}/lock"), none, admin).await,
            "a deletion" => self.send(Method::DELETE, &user, none, admin).await,
            "roles of the platform" => {
                self.actor.assign(admin, &self.ada.user, &[]).await.is(200);
                return (ada, "/api/v1/users".to_owned(), 403);
            }
            "a changed role" => {
                self.send(Method::PATCH, &role, json!({ "permissions": ["jobs:read"] }), admin).await;
                return (ada, "/api/v1/users".to_owned(), 403);
            }
            "a deleted role" => {
                self.send(Method::DELETE, &role, none, admin).await;
                return (ada, "/api/v1/users".to_owned(), 403);
            }
            "roles in the tenant" => {
                self.send(Method::PATCH, &member, json!({ "roles": [] }), &self.owner).await;
                return (&self.in_tenant, format!("{tenant}/members"), 403);
            }
            "a membership" => {
                self.send(Method::DELETE, &member, none, &self.owner).await;
                return (&self.in_tenant, me, 401);
            }
            "a suspended tenant" => {
                self.send(Method::POST, &format!("{tenant}/suspend"), none, admin).await;
                return (&self.in_tenant, me, 401);
            }
            other => panic!("{other}"),
        }
        (ada, me, 401)
    }
}

const ENDS: [&str; 14] = [
    "logout",
    "logout by refresh token",
    "logout everywhere",
    "one session from another",
    "a reused refresh token",
    "a new password",
    "a lock",
    "a deletion",
    "roles of the platform",
    "a changed role",
    "a deleted role",
    "roles in the tenant",
    "a membership",
    "a suspended tenant",
];

/// Makes Ada somebody who can lose all of it.
async fn case<'a>(actor: &'a Program, admin: &'a Tokens, number: usize) -> Case<'a> {
    let email = format!("ada-{number}@example.com");
    let ada = actor.member(&email).await;
    let role = actor.role(&admin.access, &format!("support-{number}"), &["users:read"]).await;
    actor.assign(&admin.access, &ada.user, &[&role]).await.is(200);
    let tenant = actor.found(&admin.access, &format!("Acme {number}")).await;
    let owner = actor.speaking_for(&admin.access, &tenant).await;
    let members = actor.role(&owner, "reader", &["members:read"]).await;
    actor.bring_in(&owner, &tenant, &email, &[&members]).await;
    let session = actor.login(&email, PASSWORD).await;
    let in_tenant = actor.speaking_for(&session.access, &tenant).await;
    Case { actor, admin, email, ada, in_tenant, tenant, owner, role }
}

installations! {
    [postgres mysql]

    /// Whatever ends something is told to the mirror: the other replica, which has everything in memory and the revisions
    /// in Redis, refuses the very next request.
    async fn every_end_is_known_at_the_other_replica(installation: &Installation) {
        let Some(redis) = RedisServer::start().await else { return };
        let cache = redis.url();
        let variables = [PUBLIC_URL, UNLIMITED, NO_GRACE, ("CACHE__URL", &*cache)];
        let replicas = [installation.api("a", &variables).await, installation.api("b", &variables).await];
        let [actor, other] = &replicas;
        for (number, what) in ENDS.into_iter().enumerate() {
            let admin = actor.admin().await;
            let case = case(actor, &admin, number).await;
            is_mirrored(&replicas, &redis, &case.ada.access).await;
            let members = format!("/api/v1/tenants/{}/members", case.tenant);
            for _ in 0..3 {
                other.me(&case.ada.access).await.is(200);
                other.get("/api/v1/users").bearer(&case.ada.access).gives(200).await;
                other.me(&case.in_tenant).await.is(200);
                other.get(&members).bearer(&case.in_tenant).gives(200).await;
            }
            let (bearer, path, status) = case.end(what).await;
            let answer = other.get(&path).bearer(bearer).send().await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text());
        }
        for replica in replicas {
            replica.stop().await;
        }
    }
}

/// Enough that what else happens in the database is nothing beside it.
const MANY: i64 = 1000;

/// How often these tables were looked into so far, by whatever index or none. Exact once those who looked are gone.
async fn looks(installation: &Installation) -> (i64, i64, i64) {
    const USERS: &str =
        "SELECT (coalesce(idx_scan, 0) + seq_scan)::text FROM pg_stat_user_tables WHERE relname = 'users'";
    const POLICIES: &str =
        "SELECT (coalesce(idx_scan, 0) + seq_scan)::text FROM pg_stat_user_tables WHERE relname = 'policies'";
    const SESSIONS: &str =
        "SELECT (coalesce(idx_scan, 0) + seq_scan)::text FROM pg_stat_user_tables WHERE relname = 'sessions'";
    let mut all = [0; 3];
    for (count, statement) in all.iter_mut().zip([USERS, POLICIES, SESSIONS]) {
        *count = installation.sql(statement).await[0].parse().unwrap();
    }
    all.into()
}

/// A caller at work beside another replica: how often each request looks for users, policies and sessions.
async fn looks_per_request(
    installation: &Installation,
    cache: &str,
    redis: Option<&RedisServer>,
) -> [i64; 3] {
    let variables = [PUBLIC_URL, UNLIMITED, ("CACHE__URL", cache)];
    let replicas = [installation.api("a", &variables).await, installation.api("b", &variables).await];
    let tokens = replicas[0].admin().await;
    if let Some(redis) = redis {
        is_mirrored(&replicas, redis, &tokens.access).await;
    }
    let before = looks(installation).await;
    for _ in 0..MANY {
        replicas[1].me(&tokens.access).await.is(200);
    }
    for replica in replicas {
        replica.stop().await;
    }
    // Those who looked report it as they leave.
    let gone =
        "SELECT 1::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND backend_type = 'client backend'";
    eventually("the end of all connections", PATIENCE, async || {
        installation.sql(gone).await.is_empty().then_some(())
    })
    .await;
    let after = looks(installation).await;
    let each = |before: i64, after: i64| (after - before + MANY / 4) / MANY;
    eprintln!("{cache}: {before:?} to {after:?} for {MANY} requests");
    [each(before.0, after.0), each(before.1, after.1), each(before.2, after.2)]
}

installations! {
    [postgres]

    /// The row that was asked for, and nothing else.
    async fn with_redis_a_warm_read_costs_no_statement_of_its_own(installation: &Installation) {
        let Some(redis) = RedisServer::start().await else { return };
        let looks = looks_per_request(installation, &redis.url(), Some(&redis)).await;
        assert_eq!(looks, [1, 0, 0], "users, policies, sessions");
    }

    /// One statement more, which reads the user's revision and the platform's.
    async fn without_it_several_replicas_read_the_revisions(installation: &Installation) {
        let looks = looks_per_request(installation, "memory://", None).await;
        assert_eq!(looks[0], 2, "users");
        assert!(looks[1] > 0, "policies");
        assert_eq!(looks[2], 0, "sessions");
    }
}

/// What raises a revision notes that it does: the mirror hears of it from nobody else. So no other statement may write one.
#[test]
fn revisions_are_written_where_it_is_noted() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/adapters/db/src");
    let mut writers = Vec::new();
    for file in ["access.rs", "users.rs"] {
        let source = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        assert!(source.contains("self.0.raised()"), "{file} notes nothing");
    }
    let mut folders = vec![std::path::PathBuf::from(folder)];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && name != "tests.rs" {
                let source = std::fs::read_to_string(&path).unwrap();
                let raising =
                    ["col_expr(Column::AuthRevision", "policies::Entity::insert", "policies::Entity::update"];
                if raising.iter().any(|statement| source.contains(statement)) {
                    writers.push(name.into_string().unwrap());
                }
            }
        }
    }
    writers.sort();
    assert_eq!(writers, ["access.rs", "users.rs"]);
}
