//! What the operator should know of the event broker, and the dead letters that lie there.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use ports::{EventBroker, Kind, RefusedEvent};
use uuid::Uuid;

use crate::config::{Config, Loaded};
use crate::core::event_broker;

/// For connecting, TLS included.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(150);
/// Dead letters shown at most.
const SHOWN: usize = 100;

/// The broker.
pub(super) async fn look(config: &Config) -> Result<String> {
    let scheme = config.broker.url.scheme();
    let broker = connected(config).await?;
    Ok(if broker.capabilities().keeps {
        let letters = broker.dead_letters(SHOWN).await?.len();
        format!("{scheme} answers; {letters} dead letters (at most {SHOWN} counted)")
    } else {
        "in each process".to_owned()
    })
}

/// Events that consumers have refused, oldest first. Those that the broker refused lie in the outbox.
///
/// # Errors
/// When the broker does not answer.
pub async fn events_refused(loaded: &Loaded) -> Result<Vec<RefusedEvent>> {
    let broker = connected(&loaded.config).await?;
    broker.dead_letters(SHOWN).await.context("dead letters can't be read")
}

/// Tells a dead letter again to the group that refused it.
///
/// # Errors
/// When no dead letter of this group is that event, or the broker does not answer.
pub async fn events_tell(loaded: &Loaded, group: &str, event: Uuid) -> Result<()> {
    let broker = connected(&loaded.config).await?;
    broker.tell_again(group, event).await.context("the dead letter can't be told again")
}

async fn connected(config: &Config) -> Result<Arc<dyn EventBroker>> {
    let broker = event_broker(config)?;
    let mut tries = 1..TRIES;
    loop {
        match broker.check().await {
            Err(error) if error.kind() == Kind::Unavailable && tries.next().is_some() => {
                tokio::time::sleep(PAUSE).await;
            }
            answer => break answer.context("the broker does not answer; check MAINSTAY_BROKER__URL")?,
        }
    }
    Ok(broker)
}
