//! Clients that go on whatever happens, and note what they were answered.
//!
//! Each registers, submits jobs, and now and then logs in, looks at itself through two APIs, and logs out, after which
//! none of them may know it any more.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use ports::Random;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::fakes::SeededRandom;
use tokio::task::JoinSet;

use super::ledger::{Ledger, Thing};
use crate::harness::{Answer, Call, Client, PASSWORD, Tokens};

/// Clients per API.
const CLIENTS: usize = 3;
/// Between two tries at the same thing.
const AGAIN: Duration = Duration::from_millis(100);
/// Longest pause between two calls.
const PAUSE_MS: u64 = 60;

/// A session is begun and ended each so many turns.
const SESSION: usize = 8;

/// Where an API can be reached just now.
struct Door {
    name: usize,
    client: RwLock<Client>,
    answered: AtomicU64,
}

impl Door {
    fn client(&self) -> Client {
        self.client.read().unwrap().clone()
    }
}

/// Whether every call has to be answered: odd while it has, another number each time.
#[derive(Clone, Default)]
struct Calm(Arc<AtomicU64>);

impl Calm {
    fn turn(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// From then until now.
    fn has_lasted_since(&self, then: u64) -> bool {
        then % 2 == 1 && self.now() == then
    }
}

/// The clients of all APIs.
pub(super) struct Load {
    doors: Vec<Arc<Door>>,
    stop: Arc<AtomicBool>,
    calm: Calm,
    clients: JoinSet<()>,
}

impl Load {
    pub(super) async fn start(apis: Vec<Client>, admin: &Tokens, ledger: &Ledger, seed: u64) -> Self {
        let door = |(name, client)| {
            Arc::new(Door { name, client: RwLock::new(client), answered: AtomicU64::new(0) })
        };
        let doors: Vec<Arc<Door>> = apis.into_iter().enumerate().map(door).collect();
        let mut load = Self { doors, stop: Arc::default(), calm: Calm::default(), clients: JoinSet::new() };
        for number in 0..load.doors.len() * CLIENTS {
            let door = |number: usize| Arc::clone(&load.doors[number % load.doors.len()]);
            let caller = Caller {
                name: format!("c{number}"),
                door: door(number),
                other: door(number + 1),
                ledger: ledger.clone(),
                token: admin.access.clone(),
                random: SeededRandom::new(seed ^ ((number as u64 + 1) << 40)),
                stop: Arc::clone(&load.stop),
                calm: load.calm.clone(),
            };
            caller.joins().await;
            load.clients.spawn(caller.run());
        }
        load
    }

    /// Until [`Load::worry`] no call may be refused, nor go without an answer.
    pub(super) fn keep_calm(&self) {
        self.calm.turn();
    }

    pub(super) fn worry(&self) {
        self.calm.turn();
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
    /// Another API, where there is one.
    other: Arc<Door>,
    ledger: Ledger,
    token: String,
    random: SeededRandom,
    stop: Arc<AtomicBool>,
    calm: Calm,
}

impl Caller {
    /// Gets an account of its own, before anything is killed.
    async fn joins(&self) {
        let email = self.email();
        self.ledger.sends(Thing::Registration, &email);
        self.client().newcomer(&email).await;
        self.ledger.acknowledges(Thing::Registration, &email);
    }

    async fn run(self) {
        for turn in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let name = format!("{}.{turn}", self.name);
            if turn % SESSION == 0 {
                self.session().await;
                self.purge(&name).await;
            } else if turn % 3 == 0 {
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

    fn email(&self) -> String {
        format!("{}@example.com", self.name)
    }

    fn client(&self) -> Client {
        self.door.client()
    }

    /// Sent once: a second registration of an address is a second event, and rightly so.
    async fn register(&self, email: &str) {
        self.ledger.sends(Thing::Registration, email);
        let body = json!({ "email": email, "password": PASSWORD });
        if let Some(answer) = self.hears(self.client().post("/api/v1/auth/register", &body)).await {
            answer.is(202);
            self.is_acknowledged(Thing::Registration, email);
        }
    }

    async fn job(&self, key: &str) {
        let sleep = json!({ "ms": self.below(300) });
        self.submit(Thing::Job, key, "diagnostics.sleep", &sleep).await;
    }

    async fn purge(&self, key: &str) {
        self.submit(Thing::Purge, key, "maintenance.purge", &json!({})).await;
    }

    /// Sent until it is known to be there: "it is there already" means that an earlier call, which was not answered,
    /// had been heard.
    async fn submit(&self, thing: Thing, key: &str, kind: &str, payload: &Value) {
        self.ledger.sends(thing, key);
        let job = json!({ "kind": kind, "payload": payload, "uniqueKey": key });
        let mut tries = 0;
        while tries == 0 || !self.stop.load(Ordering::SeqCst) {
            tries += 1;
            let call = self.client().post("/api/v1/jobs", &job).bearer(&self.token);
            if let Some(answer) = self.hears(call).await {
                if tries == 1 || answer.status != 409 {
                    answer.is(202);
                }
                return self.is_acknowledged(thing, key);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// A login, whose session is known everywhere, and nowhere once its end has been acknowledged.
    async fn session(&self) {
        let body = json!({ "email": self.email(), "password": PASSWORD });
        let Some(answer) = self.hears(self.client().post("/api/v1/auth/login", &body)).await else { return };
        let access = Tokens::of(&answer.is(200)).access;
        for door in [&self.door, &self.other] {
            if let Some(answer) = self.hears(door.client().get("/api/v1/users/me").bearer(&access)).await {
                answer.is(200);
            }
        }
        let logout = self.client().call(Method::POST, "/api/v1/auth/logout").bearer(&access);
        let Some(answer) = self.hears(logout).await else { return };
        answer.is(204);
        for door in [&self.other, &self.door] {
            if let Some(answer) = self.hears(door.client().get("/api/v1/users/me").bearer(&access)).await {
                answer.refuses(401, "token_revoked");
            }
        }
    }

    /// The answer. While something is away that is needed, there may be none or a 503; whether the call was heard is
    /// then not known.
    async fn hears(&self, call: Call) -> Option<Answer> {
        let begun = self.calm.now();
        let heard = call.try_send().await;
        if let Ok(answer) = heard {
            if answer.status != 503 {
                return Some(answer);
            }
            assert!(
                !self.calm.has_lasted_since(begun),
                "refused though nothing needed is away: {}",
                answer.text()
            );
        } else {
            assert!(!self.calm.has_lasted_since(begun), "not answered though nothing needed is away");
        }
        self.ledger.misses_an_answer();
        None
    }

    fn is_acknowledged(&self, thing: Thing, name: &str) {
        self.ledger.acknowledges(thing, name);
        self.door.answered.fetch_add(1, Ordering::SeqCst);
    }
}
