//! The end of a handle.

use std::sync::Arc;

use async_trait::async_trait;
use domain::EventEnvelope;
use ports::{EventHandler, Kind, Result};
use serde_json::json;
use tokio::sync::Notify;

use super::{BrokerBench, PLACED, Recorder, SOON, event};
use crate::poll::promptly;

/// Says that it runs, and ends when it is let.
#[derive(Default)]
pub(super) struct Gate {
    pub(super) runs: Notify,
    pub(super) opens: Notify,
    pub(super) inner: std::sync::OnceLock<Arc<Recorder>>,
}

#[async_trait]
impl EventHandler for Gate {
    async fn handle(&self, event: &EventEnvelope) -> Result<()> {
        self.runs.notify_one();
        self.opens.notified().await;
        match self.inner.get() {
            Some(recorder) => recorder.handle(event).await,
            None => Ok(()),
        }
    }
}

/// "Takes no more events": `Unavailable` for publishers and for whoever subscribes.
pub async fn a_closed_one_takes_nothing(bench: &BrokerBench) {
    let broker = bench.ready().await;
    broker.close().await;
    let published = broker.publish(&event("orders/1", json!({}))).await;
    assert_eq!(published.unwrap_err().kind(), Kind::Unavailable);
    let subscribed = broker.subscribe("mail", PLACED, Recorder::taking()).await;
    assert_eq!(subscribed.unwrap_err().kind(), Kind::Unavailable);
}

/// "Returns when running handlers have ended."
pub async fn closing_waits_for_running_handlers(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let gate = Arc::new(Gate::default());
    let recorder = Recorder::taking();
    assert!(gate.inner.set(recorder.clone()).is_ok());
    broker.subscribe("mail", PLACED, gate.clone()).await.unwrap();
    let other = broker.clone();
    let event = event("orders/1", json!({}));
    let published = tokio::spawn(async move {
        while other.publish(&event).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    promptly("a handler that runs", SOON, gate.runs.notified()).await;
    let mut closing = Box::pin(broker.close());
    assert!(futures_util::poll!(&mut closing).is_pending(), "closed while a handler ran");
    gate.opens.notify_one();
    promptly("closing", SOON, closing).await;
    assert_eq!(recorder.taken().len(), 1, "it was let to end");
    promptly("the publisher", SOON, published).await.unwrap();
}

/// Twice is as once.
pub async fn closing_twice_succeeds(bench: &BrokerBench) {
    let broker = bench.ready().await;
    broker.subscribe("mail", PLACED, Recorder::taking()).await.unwrap();
    promptly("closing", SOON, broker.close()).await;
    promptly("closing again", SOON, broker.close()).await;
}
