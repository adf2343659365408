//! Kills at random moments, under load: what was acknowledged is there, what was never sent is not, and nothing has
//! its effect twice. Without the cache every call is answered all the same.
//!
//! A round is a kill, the recovery, and the comparison of what clients know ([`ledger`]) with the database. Here a few
//! rounds are played per victim; `tests/load/chaos.sh` plays many. The seed is printed, and can be given.

mod ledger;
mod load;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ports::Random;
use testkit::fakes::SeededRandom;
use testkit::redis::RedisServer;

use self::ledger::Ledger;
use self::load::Load;
use crate::harness::{DatabaseServer, Installation, PATIENCE, Profile, Program, eventually, holds};

const QUEUES: usize = 2;
const CONCURRENCY: usize = 4;
const SETTINGS: [(&str, &str); 5] = [
    ("SERVER__PUBLIC_URL", "http://mainstay.test"),
    ("WORKER__EMBEDDED", "false"),
    ("WORKER__CONCURRENCY", "4"),
    ("RATE_LIMIT__ENABLED", "false"),
    // Longer than any run.
    ("AUTH__ACCESS_TOKEN_SECONDS", "86400"),
];

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Api,
    Worker,
    Database,
    Cache,
    /// The same, stopped for a while: its connections stay, and nothing is answered.
    CacheHangs,
}

impl Victim {
    /// Whether all calls are to be answered without it.
    fn is_dispensable(self) -> bool {
        matches!(self, Self::Cache | Self::CacheHangs)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let installation = Installation::on(Profile::Embedded, None);
    play(&installation, Servers::default(), 1, &[Victim::Api, Victim::Worker]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    on_a_server(Profile::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql() {
    on_a_server(Profile::Mysql).await;
}

async fn on_a_server(profile: Profile) {
    let Some(server) = DatabaseServer::start(profile).await else { return };
    let Some(redis) = RedisServer::start().await else { return };
    let mut installation = Installation::on(profile, Some(&server.url()));
    installation.set("CACHE__URL", &redis.url());
    installation.set("LOCKS__URL", &redis.url());
    let victims = [Victim::Api, Victim::Worker, Victim::Cache, Victim::CacheHangs, Victim::Database];
    play(&installation, Servers { database: Some(&server), redis: Some(&redis) }, 2, &victims).await;
}

/// What can be taken away from under the programs.
#[derive(Clone, Copy, Default)]
struct Servers<'a> {
    database: Option<&'a DatabaseServer>,
    /// The cache, and the locks.
    redis: Option<&'a RedisServer>,
}

/// A number from the environment of the test run: the long form is asked for with it.
#[allow(clippy::disallowed_methods, reason = "a switch of the test run, not configuration of the program")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Everything that runs.
struct Site<'a> {
    installation: &'a Installation,
    servers: Servers<'a>,
    apis: Vec<Program>,
    workers: Vec<Program>,
    load: Load,
    ledger: Ledger,
    random: SeededRandom,
}

/// What a run came to.
#[derive(Default)]
struct Score {
    rounds: usize,
    slowest: Duration,
    in_flight: usize,
    executed_again: usize,
}

/// All rounds over one installation, then the last judgement.
async fn play(installation: &Installation, servers: Servers<'_>, apis: usize, victims: &[Victim]) {
    let rounds = number("CHAOS_ROUNDS").unwrap_or(2);
    let seed = number("CHAOS_SEED").unwrap_or(1);
    eprintln!(
        "chaos: {:?}, {rounds} rounds for each of {victims:?}, CHAOS_SEED={seed}",
        installation.profile
    );
    let mut site = Site::start(installation, servers, apis, seed).await;
    let mut scores: Vec<Score> = victims.iter().map(|_| Score::default()).collect();
    let begun = Instant::now();
    for _ in 0..rounds {
        for (victim, score) in victims.iter().zip(&mut scores) {
            site.round(*victim, score).await;
        }
    }
    site.load.stop().await;
    site.ledger.is_fulfilled(installation).await;
    let [registrations, jobs, purges] = site.ledger.acknowledged();
    for (victim, score) in victims.iter().zip(&scores) {
        eprintln!(
            "chaos: {:?} {victim:?}: {} kills, slowest recovery {:.1?}; jobs in flight {}, executed again {}",
            installation.profile, score.rounds, score.slowest, score.in_flight, score.executed_again
        );
    }
    eprintln!(
        "chaos: {:?}: acknowledged {registrations} registrations, {jobs} jobs, {purges} purges; {} calls without an answer; {:.0?}",
        installation.profile,
        site.ledger.unanswered(),
        begun.elapsed()
    );
    site.stop().await;
}

impl<'a> Site<'a> {
    async fn start(installation: &'a Installation, servers: Servers<'a>, apis: usize, seed: u64) -> Self {
        let ledger = Ledger::default();
        let mut started = Vec::new();
        for number in 0..apis {
            started.push(installation.api(&format!("api{number}"), &SETTINGS).await);
        }
        let mut workers = Vec::new();
        for number in 0..2 {
            workers.push(installation.worker(&format!("worker{number}"), &SETTINGS).await);
        }
        let admin = started[0].admin().await;
        let clients = started.iter().map(Program::client).collect();
        let load = Load::start(clients, &admin, &ledger, seed).await;
        Self { installation, servers, apis: started, workers, load, ledger, random: SeededRandom::new(seed) }
    }

    fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes).unwrap();
        usize::try_from(u64::from_le_bytes(bytes) % bound as u64).unwrap()
    }

    /// A kill at a random moment, the recovery, and the comparison.
    async fn round(&mut self, victim: Victim, score: &mut Score) {
        if victim.is_dispensable() {
            self.load.keep_calm();
        }
        tokio::time::sleep(Duration::from_millis(200 + self.below(600) as u64)).await;
        let before = self.executed_again().await;
        let killed = Instant::now();
        let in_flight = self.kill(victim).await;
        // Everything that had been promised by then is kept, whoever is dead.
        let promised = self.ledger.promised();
        self.raise(victim, score.rounds).await;
        self.works(score.rounds).await;
        holds("what had been promised before the kill has happened", PATIENCE, async || {
            promised.has_happened(self.installation).await
        })
        .await;
        score.slowest = score.slowest.max(killed.elapsed());
        if victim.is_dispensable() {
            self.load.worry();
        }
        let again: BTreeSet<String> = &self.executed_again().await - &before;
        // When nobody could be asked, all slots count: more can't have been.
        let slots = self.workers.len() * QUEUES * CONCURRENCY;
        if let Some(in_flight) = &in_flight {
            assert!(again.is_subset(in_flight), "not in flight: {:?}", &again - in_flight);
        }
        let in_flight = in_flight.map_or(slots, |jobs| jobs.len());
        assert!(again.len() <= in_flight, "{again:?}");
        score.in_flight += in_flight;
        self.ledger.is_kept(self.installation).await;
        score.executed_again += again.len();
        score.rounds += 1;
    }

    /// Kills. Which jobs were in flight, if the database can be asked.
    async fn kill(&mut self, victim: Victim) -> Option<BTreeSet<String>> {
        match victim {
            Victim::Api => {
                let one = self.below(self.apis.len());
                self.apis[one].kill().await;
                // So that `raise` knows which.
                self.apis.swap(0, one);
                self.load.swap(0, one);
            }
            Victim::Worker => {
                let one = self.below(self.workers.len());
                self.workers[one].kill().await;
                self.workers.swap(0, one);
            }
            Victim::Database => {
                self.servers.database.unwrap().crash().await;
                return None;
            }
            Victim::Cache => self.servers.redis.unwrap().kill(),
            Victim::CacheHangs => self.servers.redis.unwrap().hang(),
        }
        let running = "SELECT CAST(id AS CHAR(20)) FROM jobs WHERE status = 'running'";
        Some(self.installation.sql(running).await.into_iter().collect())
    }

    async fn raise(&mut self, victim: Victim, round: usize) {
        if victim.is_dispensable() {
            self.works(round).await;
            tokio::time::sleep(Duration::from_millis(self.below(1000) as u64)).await;
        }
        // A killed program's directory: one that starts anew finds what it left.
        match victim {
            Victim::Api => {
                let name = self.load.name(0);
                self.apis[0] = self.installation.api(&format!("api{name}"), &SETTINGS).await;
                self.load.replace(0, self.apis[0].client());
            }
            Victim::Worker => self.workers[0] = self.installation.worker("worker", &SETTINGS).await,
            Victim::Database => self.servers.database.unwrap().resume().await,
            Victim::Cache => self.servers.redis.unwrap().resume().await,
            Victim::CacheHangs => self.servers.redis.unwrap().go_on(),
        }
    }

    /// Each API is ready, and acknowledges something new.
    async fn works(&self, round: usize) {
        for (number, api) in self.apis.iter().enumerate() {
            assert!(api.is_running(), "an API ended by itself: {}", api.output());
            eventually("a ready API", PATIENCE, async || {
                let answer = api.get("/health/ready").try_send().await.ok()?;
                (answer.status == 200).then_some(())
            })
            .await;
            let before = self.load.answered(number);
            holds(&format!("calls are answered, round {round}"), PATIENCE, async || {
                self.load.answered(number) > before
            })
            .await;
        }
        for worker in &self.workers {
            assert!(worker.is_running(), "a worker ended by itself: {}", worker.output());
        }
    }

    /// Jobs whose worker was lost at least once.
    async fn executed_again(&self) -> BTreeSet<String> {
        let lost = "SELECT CAST(id AS CHAR(20)) FROM jobs WHERE last_error = 'worker lost'";
        self.installation.sql(lost).await.into_iter().collect()
    }

    async fn stop(self) {
        for program in self.workers.into_iter().chain(self.apis) {
            program.stop().await;
        }
    }
}
