//! A process that ends between two steps, for every two steps between which something could get lost.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use crate::harness::{Installation, PASSWORD, PATIENCE, Program, Tokens, holds, installations};

/// Where, in which part, and when: `3*off->return` lets three pass. What a part does while it starts is not what is
/// looked at.
const POINTS: &[(&str, Part, &str)] = &[
    ("tx.before-commit", Part::Api, "2*off->return"),
    ("tx.after-commit", Part::Api, "3*off->return"),
    ("outbox.after-append", Part::Api, "1*off->return"),
    ("jobs.after-enqueue", Part::Api, "1*off->return"),
    ("jobs.after-enqueue", Part::Worker, "1*off->return"),
    ("relay.after-share", Part::Worker, "1*off->return"),
    ("relay.after-take", Part::Worker, "1*off->return"),
    ("relay.after-publish", Part::Worker, "1*off->return"),
    ("relay.after-settle", Part::Worker, "return"),
    ("consume.before-effect", Part::Worker, "1*off->return"),
    ("inbox.after-accept", Part::Worker, "1*off->return"),
    ("consume.after-effect", Part::Worker, "1*off->return"),
    ("tx.before-commit", Part::Worker, "3*off->return"),
    ("tx.after-commit", Part::Worker, "4*off->return"),
    ("job.after-claim", Part::Worker, "2*off->return"),
    ("job.after-run", Part::Worker, "2*off->return"),
    ("job.after-end", Part::Worker, "2*off->return"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Api,
    Worker,
}

/// What a client was promised.
#[derive(Default)]
struct Ledger {
    registered: Vec<String>,
    /// Sent, but never answered: both is right.
    unanswered: Vec<String>,
    /// By unique key.
    jobs: Vec<String>,
    unanswered_jobs: Vec<String>,
}

installations! {
    /// Nothing acknowledged is lost, nothing has its effect twice, nothing appears that was never sent.
    async fn nothing_is_lost_between_any_two_steps(installation: &Installation) {
        let mut ledger = Ledger::default();
        let api = installation.api("api", &NO_WORKER).await;
        let admin = api.admin().await;
        api.stop().await;
        for round in 0..POINTS.len() {
            fall(installation, &admin, &mut ledger, round).await;
        }
        let api = installation.api("api", &NO_WORKER).await;
        let worker = installation.worker("worker", &[PUBLIC_URL]).await;
        compare(installation, &api, &ledger).await;
        worker.stop().await;
        api.stop().await;
    }
}

/// One issuer for all lives, so that a token is good in the next one, too.
const PUBLIC_URL: (&str, &str) = ("SERVER__PUBLIC_URL", "http://mainstay.test");
const NO_WORKER: [(&str, &str); 2] = [PUBLIC_URL, ("WORKER__EMBEDDED", "false")];

/// Starts both parts, one of them armed, and calls until it has fallen.
async fn fall(installation: &Installation, admin: &Tokens, ledger: &mut Ledger, round: usize) {
    let (point, part, when) = POINTS[round];
    let armed = format!("{point}={when}");
    let armed = |here: Part| ("FAILPOINTS", if part == here { armed.as_str() } else { "" });
    let api = installation.api("api", &[NO_WORKER[0], NO_WORKER[1], armed(Part::Api)]).await;
    let worker = installation.start("mainstay-worker", "worker", &[PUBLIC_URL, armed(Part::Worker)]);
    let falling = if part == Part::Api { &api } else { &worker };
    traffic(&api, admin, ledger, &format!("{}.{round}", point.replace('.', "-"))).await;
    let taken = holds(&format!("{part:?} ends at {point}"), PATIENCE, async || !falling.is_running()).await;
    eprintln!("{:?}: {part:?} ended at {point} after {taken:.1?}", installation.profile);
    worker.kill().await;
    api.kill().await;
}

async fn traffic(api: &Program, admin: &Tokens, ledger: &mut Ledger, name: &str) {
    for number in 0..3 {
        let email = format!("{name}.{number}@example.com");
        let body = json!({ "email": email, "password": PASSWORD });
        match api.post("/api/v1/auth/register", &body).try_send().await {
            Ok(answer) => {
                answer.is(202);
                ledger.registered.push(email);
            }
            Err(_) => ledger.unanswered.push(email),
        }
        let key = format!("{name}.{number}");
        let body = json!({ "kind": "diagnostics.echo", "payload": { "key": key }, "uniqueKey": key });
        match api.post("/api/v1/jobs", &body).bearer(&admin.access).try_send().await {
            Ok(answer) => {
                answer.is(202);
                ledger.jobs.push(key);
            }
            Err(_) => ledger.unanswered_jobs.push(key),
        }
    }
}

async fn compare(installation: &Installation, api: &Program, ledger: &Ledger) {
    holds("an empty outbox", PATIENCE, async || {
        installation.sql("SELECT subject FROM outbox").await.is_empty()
    })
    .await;
    let open = "SELECT kind FROM jobs WHERE status NOT IN ('succeeded', 'dead')";
    holds("all jobs have ended", PATIENCE, async || installation.sql(open).await.is_empty()).await;
    assert_eq!(installation.sql("SELECT kind FROM jobs WHERE status = 'dead'").await, [""; 0]);

    // Mails are kept once per event: the job's own count shows whether it was written twice.
    let mails = installation
        .sql("SELECT recipient FROM captured_mails WHERE subject = 'Verify your e-mail address'")
        .await;
    let jobs = installation.sql("SELECT payload FROM jobs WHERE kind = 'mail.verify-email'").await;
    once("mail jobs", &jobs);
    once("mails", &mails);
    between("mails", &mails, &ledger.registered, &ledger.unanswered);
    let written = installation.sql("SELECT unique_key FROM jobs WHERE kind = 'diagnostics.echo'").await;
    once("jobs", &written);
    between("jobs", &written, &ledger.jobs, &ledger.unanswered_jobs);
    assert!(!ledger.jobs.is_empty() && !ledger.registered.is_empty());
    // And they work.
    api.verify(&api.mail_token(ledger.registered.last().unwrap()).await).await.is(200);
}

fn once(what: &str, found: &[String]) {
    let different: BTreeSet<_> = found.iter().collect();
    assert_eq!(different.len(), found.len(), "some {what} are there twice: {found:?}");
}

/// All that were promised, and none that was not asked for.
fn between(what: &str, found: &[String], promised: &[String], perhaps: &[String]) {
    let lost: Vec<_> = promised.iter().filter(|one| !found.contains(one)).collect();
    assert!(lost.is_empty(), "lost {what}: {lost:?}");
    let invented: Vec<_> =
        found.iter().filter(|one| !promised.contains(one) && !perhaps.contains(one)).collect();
    assert!(invented.is_empty(), "{what} that nobody asked for: {invented:?}");
}

/// Every point that stands in the code is named by a test, so that a new one is not forgotten.
#[test]
fn all_points_are_walked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    let mut points = BTreeSet::new();
    read(&root.join("crates"), &mut |text| {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let names = code.filter_map(|line| line.split_once("fail_point!(\"")?.1.split_once('"'));
        points.extend(names.map(|(name, _)| name.to_owned()));
    });
    assert!(points.len() > 10, "{points:?}");
    read(&root.join("tests/src"), &mut |text| points.retain(|name| !text.contains(&format!("\"{name}"))));
    assert!(points.is_empty(), "no test ends a process at {points:?}");
}

fn read(folder: &Path, each: &mut impl FnMut(&str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
