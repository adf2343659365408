//! Starting and stopping.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Installation, PATIENCE, Profile, eventually, installations};

const END: Duration = Duration::from_secs(15);

/// Two writers of one file that don't know of each other would lose somebody's data.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_api_on_the_same_file_says_so_and_leaves() {
    let installation = Installation::on(Profile::Embedded, None);
    let first = installation.api("api", &[]).await;
    let second = installation.start("mainstay-api", "api", &[]);
    assert_eq!(second.ended(END).await, 1, "{}", second.output());
    assert!(
        second.output().contains("another mainstay-api is running on this SQLite file"),
        "{}",
        second.output()
    );
    first.get("/health/ready").gives(200).await;

    // A worker and the operator's command may share it.
    let worker = installation.worker("worker", &[]).await;
    let mut migrations = installation.command("mainstay", &installation.data("cli"), &[]);
    let output = migrations.args(["migrate", "status"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(listed.contains("applied") && !listed.contains("pending"), "{listed}");
    worker.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_configuration_is_refused_with_all_its_problems() {
    let installation = Installation::on(Profile::Embedded, None);
    let wrong = [
        ("SERVER__PORT", "eighty"),
        ("MAIL__URL", "pigeon://coop"),
        ("SECURITY__MASTER_KEY", "c2hvcnQ="),
        ("SERVER__PORTT", "80"),
        ("AUTH__ACCESS_TOKEN_SECONDS", "0"),
    ];
    for program in ["mainstay-api", "mainstay-worker"] {
        let refused = installation.start(program, "data", &wrong);
        assert_eq!(refused.ended(END).await, 78, "{}", refused.output());
        let output = eventually("all problems", PATIENCE, async || {
            Some(refused.output()).filter(|text| text.contains("MAINSTAY_AUTH__ACCESS_TOKEN_SECONDS"))
        })
        .await;
        for (name, _) in wrong {
            assert!(output.contains(&format!("MAINSTAY_{name}")), "{name} is missing in:\n{output}");
        }
        assert!(output.contains("capture://"), "known schemes are listed:\n{output}");
        assert!(!output.contains("c2hvcnQ="), "secrets are hidden:\n{output}");
    }
    let mut check = installation.command("mainstay", &installation.data("cli"), &wrong);
    assert_eq!(check.args(["config", "check"]).status().unwrap().code(), Some(78));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_database_is_an_error_not_a_configuration_problem() {
    let mut installation = Installation::on(Profile::Postgres, None);
    installation.set("DATABASE__URL", "postgres://nobody:keep-this-secret@127.0.0.1:1/nowhere");
    let api = installation.start("mainstay-api", "api", &[]);
    assert_eq!(api.ended(END).await, 1, "{}", api.output());
    assert!(api.output().contains("MAINSTAY_DATABASE__URL"), "{}", api.output());
    assert!(!api.output().contains("keep-this-secret"), "{}", api.output());
}

installations! {
    /// Readiness falls first, so that balancers go elsewhere while requests are still answered.
    async fn sigterm_drains_and_ends_well(installation: &Installation) {
        let api = installation.api("api", &[("SERVER__DRAIN_DELAY_SECONDS", "2")]).await;
        let admin = api.admin().await;
        api.get("/health/ready").gives(200).await;
        api.terminate();
        eventually("readiness that falls", Duration::from_secs(1), async || {
            (api.get("/health/ready").send().await.status == 503).then_some(())
        })
        .await;
        api.get("/health/live").gives(200).await;
        api.me(&admin.access).await.is(200);
        assert!(api.is_running());
        assert_eq!(api.ended(END).await, 0, "{}", api.output());
        assert!(!installation.data("api").join("api.addr").exists(), "nobody listens there any more");
    }

    async fn running_jobs_end_before_the_process_does(installation: &Installation) {
        let api = installation.api("api", &[]).await;
        let admin = api.admin().await;
        let job = api.submit(&admin, "diagnostics.sleep", json!({ "ms": 1500 })).await;
        api.job_is(&admin, &job["id"], "running").await;
        api.stop().await;

        let api = installation.api("api", &[]).await;
        let job = api.job(&api.admin().await, &job["id"]).await;
        assert_eq!((&job["status"], &job["attempt"]), (&json!("succeeded"), &json!(1)), "{job}");
        api.stop().await;
    }

    /// Who takes too long is given back, untried, to whoever comes next.
    async fn jobs_that_take_too_long_are_given_back(installation: &Installation) {
        let api = installation.api("api", &[("SERVER__SHUTDOWN_TIMEOUT_SECONDS", "1")]).await;
        let admin = api.admin().await;
        let job = api.submit(&admin, "diagnostics.sleep", json!({ "ms": 60_000 })).await;
        api.job_is(&admin, &job["id"], "running").await;
        api.stop().await;

        let api = installation.api("api", &[("WORKER__EMBEDDED", "false")]).await;
        let job = api.job(&api.admin().await, &job["id"]).await;
        assert_eq!((&job["status"], &job["attempt"]), (&json!("queued"), &json!(0)), "{job}");
        api.stop().await;
    }

    async fn a_worker_answers_for_its_health(installation: &Installation) {
        let api = installation.api("api", &[("WORKER__EMBEDDED", "false")]).await;
        let port = free_port();
        let worker = installation.worker("worker", &[("WORKER__HEALTH_PORT", &port.to_string())]).await;
        let health = crate::harness::Client::new(([127, 0, 0, 1], port).into());
        for path in ["/health", "/health/live", "/health/ready", "/health/startup"] {
            health.get(path).gives(200).await;
        }
        health.get("/api/v1/users/me").gives(404).await;
        worker.stop().await;
        api.stop().await;
    }

    async fn the_first_start_creates_one_administrator(installation: &Installation) {
        let api = installation.api("api", &[]).await;
        api.admin().await;
        api.stop().await;
        let again = installation.api("api", &[("BOOTSTRAP__ADMIN_PASSWORD", "quite another secret")]).await;
        again.admin().await;
        again.stop().await;
    }
}

/// Free a moment ago, which is as much as can be known.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
