//! The conformance suites, on the shared server and on servers that are killed; and URLs.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use delivery::Patience;
use domain::Backoff;
use ports::EventBroker;
use testkit::broker::{BrokerBench, BrokerOutageBench};
use testkit::nats::{NatsCorner, NatsServer};

use crate::NatsBroker;
use crate::address::Address;

/// As the suites want it.
fn quick() -> Patience {
    let pause = Backoff { base: Duration::from_millis(10), max: Duration::from_millis(50) };
    Patience { refusals: 3, refused: pause, away: pause }
}

fn processes(url: String) -> Box<dyn Fn() -> Arc<dyn EventBroker> + Send + Sync> {
    Box::new(move || Arc::new(NatsBroker::connect(&url, quick()).unwrap()))
}

fn bench() -> Ready<Option<BrokerBench>> {
    let on = |corner: NatsCorner| BrokerBench { process: processes(corner.url()), keep: Box::new(corner) };
    ready(NatsCorner::new().map(on))
}

async fn own() -> Option<BrokerOutageBench> {
    let server = Arc::new(NatsServer::start().await?);
    let url = format!("{}?timeout_ms=2000", server.url());
    let broker = BrokerBench { process: processes(url), keep: Box::new(server.clone()) };
    Some(BrokerOutageBench { broker, server })
}

testkit::broker_suite!(bench());
testkit::keeping_broker_suite!(bench());
testkit::broker_outage_suite!(own());

#[test]
fn urls_are_read() {
    let address = Address::parse(
        "nats://me:s%40fe+@one,two:4333,[::1]:4444/?prefix=shop&replicas=3&timeout_ms=70&tls=on",
    );
    let address = address.unwrap();
    assert_eq!(address.hosts, ["nats://one", "nats://two:4333", "nats://[::1]:4444"]);
    assert_eq!((&*address.prefix, address.replicas), ("shop", 3));
    assert_eq!(address.timeout, Duration::from_millis(70));
}

#[test]
fn wrong_urls_are_refused_without_their_password() {
    for wrong in [
        "me:hunter2@host",
        "amqp://me:hunter2@host",
        "nats://me:hunter2@",
        "nats://me:hunter2@host:port",
        "nats://me:hunter2@host/path",
        "nats://me:hunter2@host?prefix=a.b",
        "nats://me:hunter2@host?replicas=0",
        "nats://me:hunter2@host?other=1",
    ] {
        let error = Address::parse(wrong).err().map(|error| format!("{error:?}"));
        assert!(error.is_some_and(|text| !text.contains("hunter2")), "{wrong}");
    }
}
