//! Clients that go on whatever happens, and note what they were answered.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use ports::Random;
use serde_json::json;
use testkit::fakes::SeededRandom;
use tokio::task::JoinSet;

use super::ledger::{Ledger, Thing};
use crate::harness::{Answer, Client, PASSWORD, Tokens};

/// Clients per API.
const CLIENTS: usize = 3;
/// Between two tries at the same thing.
const AGAIN: Duration = Duration::from_millis(100);
/// Longest pause between two calls.
const PAUSE_MS: u64 = 60;

/// Where an API can be reached just now.
struct Door {
    name: usize,
    client: RwLock<Client>,
    answered: AtomicU64,
}

/// The clients of all APIs.
pub(super) struct Load {
    doors: Vec<Arc<Door>>,
    stop: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Load {
    pub(super) fn start(apis: Vec<Client>, admin: &Tokens, ledger: &Ledger, seed: u64) -> Self {
        let door = |(name, client)| {
            Arc::new(Door { name, client: RwLock::new(client), answered: AtomicU64::new(0) })
        };
        let doors: Vec<Arc<Door>> = apis.into_iter().enumerate().map(door).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for number in 0..doors.len() * CLIENTS {
            let caller = Caller {
                name: format!("c{number}"),
                door: Arc::clone(&doors[number % doors.len()]),
                ledger: ledger.clone(),
                token: admin.access.clone(),
                random: SeededRandom::new(seed ^ ((number as u64 + 1) << 40)),
                stop: Arc::clone(&stop),
            };
            clients.spawn(caller.run());
        }
        Self { doors, stop, clients }
    }

    /// Which directory the API behind this door has.
    pub(super) fn name(&self, door: usize) -> usize {
        self.doors[door].name
    }

    pub(super) fn swap(&mut self, one: usize, other: usize) {
        self.doors.swap(one, other);
    }

    pub(super) fn replace(&self, door: usize, client: Client) {
        *self.doors[door].client.write().unwrap() = client;
    }

    /// Calls that were answered well.
    pub(super) fn answered(&self, door: usize) -> u64 {
        self.doors[door].answered.load(Ordering::SeqCst)
    }

    /// Every client ends the call it is at.
    pub(super) async fn stop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        while let Some(ended) = self.clients.join_next().await {
            ended.unwrap();
        }
    }
}

struct Caller {
    name: String,
    door: Arc<Door>,
    ledger: Ledger,
    token: String,
    random: SeededRandom,
    stop: Arc<AtomicBool>,
}

impl Caller {
    async fn run(self) {
        for turn in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let name = format!("{}.{turn}", self.name);
            if turn % 3 == 0 {
                self.register(&format!("{name}@example.com")).await;
            } else {
                self.job(&name).await;
            }
            tokio::time::sleep(Duration::from_millis(self.below(PAUSE_MS))).await;
        }
    }

    fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes).unwrap();
        u64::from_le_bytes(bytes) % bound
    }

    fn client(&self) -> Client {
        self.door.client.read().unwrap().clone()
    }

    /// Sent once: a second registration of an address is a second event, and rightly so.
    async fn register(&self, email: &str) {
        self.ledger.sends(Thing::Registration, email);
        let body = json!({ "email": email, "password": PASSWORD });
        match self.client().post("/api/v1/auth/register", &body).try_send().await {
            Ok(answer) if answer.status == 202 => self.is_acknowledged(Thing::Registration, email),
            Ok(answer) => self.is_not(Thing::Registration, &answer),
            Err(_) => self.ledger.misses(Thing::Registration),
        }
    }

    /// Sent until it is known to be there: "it is there already" means that an earlier call, which was not answered,
    /// had been heard.
    async fn job(&self, key: &str) {
        self.ledger.sends(Thing::Job, key);
        let sleep =
            json!({ "kind": "diagnostics.sleep", "payload": { "ms": self.below(300) }, "uniqueKey": key });
        let mut tries = 0;
        while tries == 0 || !self.stop.load(Ordering::SeqCst) {
            tries += 1;
            match self.client().post("/api/v1/jobs", &sleep).bearer(&self.token).try_send().await {
                Ok(answer) if answer.status == 202 => return self.is_acknowledged(Thing::Job, key),
                Ok(answer) if answer.status == 409 && tries > 1 => {
                    return self.is_acknowledged(Thing::Job, key);
                }
                Ok(answer) => self.is_not(Thing::Job, &answer),
                Err(_) => self.ledger.misses(Thing::Job),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn is_acknowledged(&self, thing: Thing, name: &str) {
        self.ledger.acknowledges(thing, name);
        self.door.answered.fetch_add(1, Ordering::SeqCst);
    }

    /// While something is away a call may only be answered with 503; whether it was heard is then not known.
    fn is_not(&self, thing: Thing, answer: &Answer) {
        assert_eq!(answer.status, 503, "{thing:?}: {}", answer.text());
        self.ledger.misses(thing);
    }
}
