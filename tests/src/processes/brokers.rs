//! Events on the way from one process to another, over servers: whoever falls, each is told, and a server that is away
//! holds up nobody.

use testkit::broker::Server;
use testkit::nats::{NatsCorner, NatsServer};
use testkit::rabbitmq::{RabbitCorner, RabbitServer};

use super::reports;
use crate::harness::{Installation, PASSWORD, Profile, VERIFY_SUBJECT, installations};

const APART: (&str, &str) = ("WORKER__EMBEDDED", "false");

installations! {
    async fn events_travel_over_nats(installation: &Installation) {
        let Some(corner) = NatsCorner::new() else { return };
        travel(installation, &corner.url()).await;
    }

    async fn events_travel_over_rabbitmq(installation: &Installation) {
        let Some(corner) = RabbitCorner::new() else { return };
        travel(installation, &corner.url()).await;
    }
}

/// What was promised with a 202 comes, though one of two workers falls while it does.
async fn travel(installation: &Installation, broker: &str) {
    let variables = [APART, ("BROKER__URL", broker)];
    let api = installation.api("api", &variables).await;
    let doomed = installation.worker("doomed", &variables).await;
    let survivor = installation.worker("survivor", &variables).await;
    reports(&api, "up", "broker", "up").await;

    let people: Vec<String> = (0..10).map(|number| format!("ada{number}@example.com")).collect();
    let (before, after) = people.split_at(5);
    for email in before {
        api.register(email, PASSWORD).await.is(202);
    }
    doomed.kill().await;
    for email in after {
        api.register(email, PASSWORD).await.is(202);
    }
    for email in &people {
        api.mail(email, VERIFY_SUBJECT).await;
    }
    survivor.stop().await;
    api.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nats_is_away_events_wait() {
    let wait = async |installation: &Installation| {
        let Some(server) = NatsServer::start().await else { return };
        wait_for(installation, &server.url(), &server).await;
    };
    Installation::with(Profile::Postgres, wait).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_rabbitmq_is_away_events_wait() {
    let wait = async |installation: &Installation| {
        let Some(server) = RabbitServer::start().await else { return };
        wait_for(installation, &server.url(), &server).await;
    };
    Installation::with(Profile::Postgres, wait).await;
}

/// Callers notice nothing but the health report, and no process has to be started again.
async fn wait_for(installation: &Installation, broker: &str, server: &dyn Server) {
    let variables = [APART, ("BROKER__URL", broker)];
    let api = installation.api("api", &variables).await;
    let worker = installation.worker("worker", &variables).await;
    api.register("ada@example.com", PASSWORD).await.is(202);
    api.mail("ada@example.com", VERIFY_SUBJECT).await;

    server.kill();
    reports(&api, "degraded", "broker", "down").await;
    api.get("/health/ready").gives(200).await;
    api.register("bob@example.com", PASSWORD).await.is(202);
    assert!(api.mails("bob@example.com").await.is_empty());

    server.resume().await;
    api.mail("bob@example.com", VERIFY_SUBJECT).await;
    reports(&api, "up", "broker", "up").await;
    worker.stop().await;
    api.stop().await;
}
