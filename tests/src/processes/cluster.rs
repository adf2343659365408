//! Several processes on one database server.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use serde_json::json;
use tokio::task::{JoinHandle, JoinSet};

use crate::harness::{Client, Installation, PASSWORD, PATIENCE, Program, Tokens, holds, installations};

/// What callers see in front of the replicas; tokens and links of all of them name it.
const PUBLIC_URL: (&str, &str) = ("SERVER__PUBLIC_URL", "http://mainstay.test");
const NO_WORKER: [(&str, &str); 2] = [PUBLIC_URL, ("WORKER__EMBEDDED", "false")];

installations! {
    [postgres mysql]

    async fn replicas_are_one_service(installation: &Installation) {
        replicas(installation).await;
    }

    async fn a_rolling_restart_fails_no_request(installation: &Installation) {
        rolling_restart(installation).await;
    }
}

async fn replicas(installation: &Installation) {
    let a = installation.api("a", &NO_WORKER).await;
    let b = installation.api("b", &NO_WORKER).await;
    let workers =
        [installation.worker("w1", &[PUBLIC_URL]).await, installation.worker("w2", &[PUBLIC_URL]).await];

    a.register("ada@example.com", PASSWORD).await.is(202);
    b.verify(&b.mail_token("ada@example.com").await).await.is(200);
    let tokens = a.login("ada@example.com", PASSWORD).await;
    let renewed = Tokens::of(&b.refresh(&tokens.refresh).await.is(200));
    // The grace for repeats holds across replicas, too.
    let again = Tokens::of(&a.refresh(&tokens.refresh).await.is(200));
    assert_eq!(again.refresh, renewed.refresh);

    // Both have the caller in memory when the session ends on one of them.
    for _ in 0..20 {
        for replica in [&a, &b] {
            replica.me(&renewed.access).await.is(200);
        }
    }
    a.logout(&renewed.access).await.is(204);
    b.me(&renewed.access).await.refuses(401, "token_revoked");
    a.me(&tokens.access).await.refuses(401, "token_revoked");

    jobs_run_once(&a, &b).await;
    for program in workers.into_iter().chain([a, b]) {
        program.stop().await;
    }
}

/// Two workers, forty jobs, forty first tries.
async fn jobs_run_once(a: &Program, b: &Program) {
    let admin = a.admin().await;
    let mut jobs = Vec::new();
    for number in 0..40 {
        let replica = if number % 2 == 0 { a } else { b };
        jobs.push(replica.submit(&admin, "diagnostics.echo", json!({ "number": number })).await);
    }
    for (number, job) in jobs.iter().enumerate() {
        let done = b.job_is(&admin, &job["id"], "succeeded").await;
        assert_eq!((&done["attempt"], &done["result"]["number"]), (&json!(1), &json!(number)), "{done}");
    }
}

async fn rolling_restart(installation: &Installation) {
    // One address sends more here than people do.
    let unlimited = ("RATE_LIMIT__ENABLED", "false");
    let drain = [PUBLIC_URL, unlimited, ("SERVER__DRAIN_DELAY_SECONDS", "1")];
    let mut replicas = [installation.api("a", &drain).await, installation.api("b", &drain).await];
    let tokens = replicas[0].member("ada@example.com").await;

    let balancer = Balancer::over([replicas[0].client(), replicas[1].client()]);
    let load = Load::start(&balancer, &tokens);
    for (number, name) in ["a", "b"].into_iter().enumerate() {
        let before = load.answered();
        holds("requests are flowing", PATIENCE, async || load.answered() > before + 50).await;
        replicas[number].terminate();
        assert_eq!(replicas[number].ended(PATIENCE).await, 0, "{}", replicas[number].output());
        replicas[number] = installation.api(name, &drain).await;
        balancer.replace(number, replicas[number].client());
        holds("the new process gets requests", PATIENCE, async || balancer.is_ready(number)).await;
    }
    let before = load.answered();
    holds("requests are flowing", PATIENCE, async || load.answered() > before + 50).await;
    let (answered, failures) = load.stop().await;
    eprintln!("rolling restart: {answered} requests answered, {} failed", failures.len());
    assert!(failures.is_empty(), "{} of {answered} failed, first: {:?}", failures.len(), &failures[0]);
    balancer.stop();
    for replica in replicas {
        replica.stop().await;
    }
}

struct Backend {
    client: RwLock<Client>,
    ready: AtomicBool,
}

/// What stands in front of replicas: asks each for its readiness, and sends requests to those that are.
struct Balancer {
    backends: Arc<[Backend; 2]>,
    probing: JoinHandle<()>,
}

impl Balancer {
    const INTERVAL: Duration = Duration::from_millis(100);

    fn over(clients: [Client; 2]) -> Self {
        let backend = |client| Backend { client: RwLock::new(client), ready: AtomicBool::new(true) };
        let backends = Arc::new(clients.map(backend));
        let probed = Arc::clone(&backends);
        let probing = tokio::spawn(async move {
            loop {
                for backend in probed.iter() {
                    let client = backend.client.read().unwrap().clone();
                    let answer = client.get("/health/ready").try_send().await;
                    backend.ready.store(answer.is_ok_and(|answer| answer.status == 200), Ordering::SeqCst);
                }
                tokio::time::sleep(Self::INTERVAL).await;
            }
        });
        Self { backends, probing }
    }

    fn replace(&self, number: usize, client: Client) {
        *self.backends[number].client.write().unwrap() = client;
    }

    fn is_ready(&self, number: usize) -> bool {
        self.backends[number].ready.load(Ordering::SeqCst)
    }

    fn stop(self) {
        self.probing.abort();
    }
}

/// Callers that never pause.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    callers: JoinSet<Vec<String>>,
}

impl Load {
    fn start(balancer: &Balancer, tokens: &Tokens) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut callers = JoinSet::new();
        for caller in 0..4 {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            let (backends, tokens) = (Arc::clone(&balancer.backends), tokens.clone());
            callers.spawn(async move {
                let mut failures = Vec::new();
                for turn in caller.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let ready = [turn % 2, (turn + 1) % 2]
                        .into_iter()
                        .find(|n| backends[*n].ready.load(Ordering::SeqCst));
                    let Some(number) = ready else {
                        failures.push("no replica was ready".to_owned());
                        break;
                    };
                    let client = backends[number].client.read().unwrap().clone();
                    match request(&client, &tokens, turn).await {
                        Ok(()) => drop(answered.fetch_add(1, Ordering::SeqCst)),
                        Err(failure) => failures.push(failure),
                    }
                }
                failures
            });
        }
        Self { stop, answered, callers }
    }

    fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    async fn stop(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::SeqCst);
        let failures = self.callers.join_all().await.concat();
        (self.answered.load(Ordering::SeqCst), failures)
    }
}

/// Mostly reads, some writes.
async fn request(client: &Client, tokens: &Tokens, turn: usize) -> Result<(), String> {
    let call = if turn.is_multiple_of(10) {
        client.post("/api/v1/auth/login", &json!({ "email": "ada@example.com", "password": PASSWORD }))
    } else {
        client.get("/api/v1/users/me").bearer(&tokens.access)
    };
    match call.try_send().await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("{} {}", answer.status, answer.text())),
        Err(error) => Err(format!("{error:?}")),
    }
}
