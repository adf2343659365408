//! Listening, on a connection of its own.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_redis::redis::aio::{PubSubSink, PubSubStream};
use futures_util::StreamExt;
use ports::{Result, Subscription};
use tokio::time::timeout;

use crate::address::Address;
use crate::error::{away, refused};
use crate::server;

const OPERATION: &str = "cache.listen";
/// Silence after which the server is asked whether it is still there: TCP alone would not say for a quarter of an
/// hour.
const SILENCE: Duration = Duration::from_secs(1);
/// To connect and subscribe.
const CONNECTING: Duration = Duration::from_secs(2);

pub(crate) struct RedisSubscription {
    sink: PubSubSink,
    messages: PubSubStream,
    patience: Duration,
}

impl RedisSubscription {
    pub(crate) async fn open(address: &Address, channel: &str) -> Result<Self> {
        let open = async {
            let (mut sink, messages) = server::listener(address).await?.split();
            sink.subscribe(channel).await?;
            Ok((sink, messages))
        };
        let opened =
            timeout(CONNECTING, open).await.map_err(|_| away(OPERATION, "it did not answer in time"))?;
        let (sink, messages) = opened.map_err(|error| refused(error, OPERATION))?;
        Ok(Self { sink, messages, patience: address.timeout })
    }
}

#[async_trait]
impl Subscription for RedisSubscription {
    async fn next(&mut self) -> Result<Bytes> {
        loop {
            match timeout(SILENCE, self.messages.next()).await {
                Ok(Some(message)) => return Ok(Bytes::copy_from_slice(message.get_payload_bytes())),
                Ok(None) => return Err(away(OPERATION, "the connection ended")),
                Err(_) => {
                    let answer =
                        timeout(self.patience, self.sink.ping::<deadpool_redis::redis::Value>()).await;
                    let answer = answer.map_err(|_| away(OPERATION, "it did not answer in time"))?;
                    answer.map_err(|error| refused(error, OPERATION))?;
                }
            }
        }
    }
}
