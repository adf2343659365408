//! What processes tell each other.

use std::sync::Arc;
use std::time::Duration;

use ports::{Cache, Chain};

use crate::near::Near;

pub(crate) const CHANNEL: &str = "near-cache";
/// Between two tries to listen.
const PAUSE: Duration = Duration::from_millis(200);

/// Tells a process's own news from others'.
pub(crate) type Origin = [u8; 8];

/// Something has changed. On the wire: origin, a letter, a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News<'a> {
    /// What is kept under this name.
    Name(&'a str),
    /// What has this tag.
    Tag(&'a str),
    /// What has such a name.
    Matching(&'a str),
}

impl<'a> News<'a> {
    pub(crate) fn encode(&self, origin: Origin) -> Vec<u8> {
        let (letter, text) = match self {
            Self::Name(text) => (b'n', text),
            Self::Tag(text) => (b't', text),
            Self::Matching(text) => (b'm', text),
        };
        [&origin[..], &[letter], text.as_bytes()].concat()
    }

    /// `None` for what a later release may say.
    pub(crate) fn decode(message: &'a [u8]) -> Option<(Origin, Self)> {
        let (origin, rest) = message.split_first_chunk()?;
        let (letter, text) = rest.split_first()?;
        let text = std::str::from_utf8(text).ok()?;
        let news = match letter {
            b'n' => Self::Name(text),
            b't' => Self::Tag(text),
            b'm' => Self::Matching(text),
            _ => return None,
        };
        Some((*origin, news))
    }
}

/// Listens for as long as it is let.
pub(crate) async fn listen(near: Arc<Near>, far: Arc<dyn Cache>, own: Origin) {
    loop {
        match far.subscribe(CHANNEL).await {
            Ok(mut subscription) => {
                near.open().await;
                let ended = loop {
                    match subscription.next().await {
                        Ok(message) => hear(&near, &message, &own).await,
                        Err(error) => break error,
                    }
                };
                near.close().await;
                tracing::warn!(error = %Chain(&ended), "changes by other processes are not heard; the near cache is off");
            }
            Err(error) => {
                tracing::debug!(error = %Chain(&error), "changes by other processes are not heard yet");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hear(near: &Near, message: &[u8], own: &Origin) {
    match News::decode(message) {
        Some((origin, _)) if origin == *own => {}
        Some((_, news)) => near.apply(&news).await,
        // Something that this release does not know has changed: anything may have.
        None => near.apply(&News::Matching("*")).await,
    }
}
