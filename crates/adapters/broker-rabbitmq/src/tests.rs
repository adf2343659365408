//! The conformance suites, on the shared server and on a server that is killed; and URLs.

use std::future::{Ready, ready};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use delivery::Patience;
use domain::Backoff;
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use ports::EventBroker;
use testkit::broker::{BrokerBench, BrokerOutageBench, PLACED};
use testkit::rabbitmq::{RabbitCorner, RabbitServer};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::RabbitBroker;
use crate::address::Address;

/// As the suites want it.
fn quick() -> Patience {
    let pause = Backoff { base: Duration::from_millis(10), max: Duration::from_millis(50) };
    Patience { refusals: 3, refused: pause, away: pause }
}

fn processes(url: String) -> Box<dyn Fn() -> Arc<dyn EventBroker> + Send + Sync> {
    Box::new(move || Arc::new(RabbitBroker::connect(&url, quick()).unwrap()))
}

fn bench() -> Ready<Option<BrokerBench>> {
    let on = |corner: RabbitCorner| BrokerBench {
        process: processes(corner.url()),
        keep: Box::new(Swept(corner)),
    };
    ready(RabbitCorner::new().map(on))
}

testkit::broker_suite!(bench());
testkit::keeping_broker_suite!(bench());
testkit::broker_outage_suite!(own());

/// A corner whose queues go with it.
struct Swept(RabbitCorner);

impl Drop for Swept {
    fn drop(&mut self) {
        let (url, prefix) = (self.0.url(), self.0.prefix().to_owned());
        let sweep = async move {
            let uri = Address::parse(&url).unwrap().uri;
            let server = lapin::Connection::connect_uri(uri, lapin::ConnectionProperties::default()).await?;
            let channel = server.create_channel().await?;
            let groups = ["mail", "audit", "sound", "late", "early", "one", "two", "three"];
            let failing = ["failing-0", "failing-1", "failing-2"];
            for group in groups.iter().chain(&failing) {
                for kind in [PLACED, "order.shipped.v1"] {
                    let queue = format!("{prefix}.{group}.{kind}").into();
                    channel.queue_delete(queue, QueueDeleteOptions::default()).await?;
                }
            }
            channel.queue_delete(format!("{prefix}.dead").into(), QueueDeleteOptions::default()).await?;
            channel.exchange_delete(format!("{prefix}.events").into(), ExchangeDeleteOptions::default()).await
        };
        std::thread::scope(|scope| {
            scope.spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(sweep).unwrap());
        });
    }
}

/// One server for all cases that kill it, one case at a time: it takes long to start.
async fn own() -> Option<BrokerOutageBench> {
    static SHARED: Mutex<Weak<RabbitServer>> = Mutex::const_new(Weak::new());
    static TURN: std::sync::LazyLock<Arc<Mutex<()>>> = std::sync::LazyLock::new(Arc::default);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let turn: OwnedMutexGuard<()> = TURN.clone().lock_owned().await;
    let mut shared = SHARED.lock().await;
    let server = match shared.upgrade() {
        Some(running) => running,
        None => Arc::new(RabbitServer::start().await?),
    };
    *shared = Arc::downgrade(&server);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let url = format!("{}?timeout_ms=2000&prefix=case{number}", server.url());
    let keep = Box::new((server.clone(), turn));
    Some(BrokerOutageBench { broker: BrokerBench { process: processes(url), keep }, server })
}

#[test]
fn urls_are_read() {
    let address = Address::parse("amqps://me:s%40fe@one:5673/shop?prefix=shop&timeout_ms=70").unwrap();
    assert_eq!((&*address.uri.authority.host, address.uri.authority.port), ("one", 5673));
    assert_eq!((&*address.uri.authority.userinfo.password, &*address.uri.vhost), ("s@fe", "shop"));
    assert_eq!((&*address.prefix, address.timeout), ("shop", Duration::from_millis(70)));
    assert_eq!(Address::parse("amqp://one").unwrap().uri.vhost, "/");
}

#[test]
fn wrong_urls_are_refused_without_their_password() {
    for wrong in [
        "me:hunter2@host",
        "nats://me:hunter2@host",
        "amqp://me:hunter2@",
        "amqp://me:hunter2@host:port",
        "amqp://me:hunter2@host?prefix=a/b",
        "amqp://me:hunter2@host?other=1",
    ] {
        let error = Address::parse(wrong).err().map(|error| format!("{error:?}"));
        assert!(error.is_some_and(|text| !text.contains("hunter2")), "{wrong}");
    }
}
