//! What callers see while something underneath is away, and that nobody has to help afterwards.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::services::require_or_skip;

use crate::harness::{
    ADMIN, ADMIN_PASSWORD, DatabaseServer, Installation, PASSWORD, PATIENCE, Profile, Program,
    VERIFY_SUBJECT, eventually, holds,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_goes_away_and_comes_back() {
    the_database_goes_away_and_comes_back(Profile::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_goes_away_and_comes_back() {
    the_database_goes_away_and_comes_back(Profile::Mysql).await;
}

async fn the_database_goes_away_and_comes_back(profile: Profile) {
    let Some(server) = DatabaseServer::start(profile).await else { return };
    let installation = Installation::on(profile, Some(&server.url()));
    let api = installation.api("api", &[]).await;
    let admin = api.admin().await;
    api.get("/health/ready").gives(200).await;

    let gone = Instant::now();
    server.crash().await;
    api.get("/health/ready").gives(503).await;
    let noticed = gone.elapsed();
    eprintln!("readiness fell {noticed:.2?} after the database");
    assert!(noticed < Duration::from_secs(2), "{noticed:?}");
    for _ in 0..3 {
        let refusal = api.try_login(ADMIN, ADMIN_PASSWORD).await.refuses(503, "unavailable");
        assert!(refusal.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
        api.register("ada@example.com", PASSWORD).await.refuses(503, "unavailable");
    }
    api.get("/health/live").gives(200).await;
    let report = api.get("/health").gives(503).await.json();
    assert_eq!(
        (&report["status"], &report["components"]["database"]["status"]),
        (&json!("down"), &json!("down"))
    );
    assert!(api.is_running());

    server.resume().await;
    let recovered =
        holds("readiness returns", PATIENCE, async || api.get("/health/ready").send().await.status == 200);
    eprintln!("ready {:.2?} after the database was", recovered.await);
    api.me(&admin.access).await.is(200);
    api.login(ADMIN, ADMIN_PASSWORD).await;
    // The whole way, jobs and events included.
    api.member("ada@example.com").await;
    api.stop().await;
}

/// A small file system of its own for the embedded database.
struct SmallDisk(String);

impl SmallDisk {
    const SIZE: &str = "size=6m";

    /// `None` where this may not be mounted.
    fn mount(at: &std::path::Path) -> Option<Self> {
        let at = at.display().to_string();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", Self::SIZE, "tmpfs", &at]).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }

    fn ballast(&self) -> String {
        format!("{}/ballast", self.0)
    }

    /// Writes until there is no space left.
    fn fill(&self) {
        let size = vec![0; 16 << 20];
        assert!(std::fs::write(self.ballast(), size).is_err(), "16 MiB fit on a small disk");
    }

    fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the process that uses it may be ending only now.
        let _ = Command::new("umount").args(["-l", &self.0]).status();
    }
}

/// What was acknowledged is kept, what can't be kept is not acknowledged, and space is all it takes to go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk() {
    let installation = Installation::on(Profile::Embedded, None);
    let Some(disk) = SmallDisk::mount(&installation.data("api")) else {
        return require_or_skip("a small file system", "run as root where tmpfs may be mounted");
    };
    let api = installation.api("api", &[]).await;
    let admin = api.admin().await;
    let mut acknowledged = register_some(&api, "before").await;
    assert_eq!(acknowledged.len(), SOME);

    disk.fill();
    acknowledged.extend(register_some(&api, "full").await);
    // What SQLite has taken from the disk before, it still writes to.
    let refusal = eventually("a write is refused", PATIENCE, async || {
        Some(api.try_login(ADMIN, ADMIN_PASSWORD).await).filter(|answer| answer.status != 200)
    });
    let refusal = refusal.await.refuses(503, "unavailable");
    assert!(!refusal.header("retry-after").is_empty());
    // Who only reads notices nothing.
    api.me(&admin.access).await.is(200);
    api.get("/health/live").gives(200).await;
    assert!(api.is_running());

    disk.free();
    holds("writes succeed again", PATIENCE, async || {
        api.try_login(ADMIN, ADMIN_PASSWORD).await.status == 200
    })
    .await;
    acknowledged.extend(register_some(&api, "after").await);
    assert!(acknowledged.iter().any(|email| email.starts_with("after")));
    for email in &acknowledged {
        api.mail(email, VERIFY_SUBJECT).await;
    }
    api.member("eve@example.com").await;
    api.stop().await;
}

/// Three times as many fit into the mailbox, which shows the newest fifty.
const SOME: usize = 15;

/// Registers some newcomers; those that were acknowledged.
async fn register_some(api: &Program, name: &str) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0..SOME {
        let email = format!("{name}{number}@example.com");
        let answer = api.register(&email, PASSWORD).await;
        match answer.status {
            202 => acknowledged.push(email),
            503 => drop(answer.refuses(503, "unavailable")),
            other => panic!("{other}: {}", answer.text()),
        }
    }
    acknowledged
}
