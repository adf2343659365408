//! Events on their way out, as operators see them.

use ports::{DEAD_LETTER_ORDERS, DeadLetter, OutboxDepth, SortKey};
use uuid::Uuid;

use crate::lists::{List, Lists};
use crate::{Action, Ask, Context, Core, Listed, Result, Work};

const RETRY: Action = Action { name: "dead-letter.retry", resource: "event" };
const DROP: Action = Action { name: "dead-letter.drop", resource: "event" };

const LIST: List =
    List { name: "dead-letters", orders: DEAD_LETTER_ORDERS, default: &[SortKey::desc("createdAt")] };

/// Use cases on the outbox.
#[derive(Clone)]
pub struct Outbox {
    core: Core,
    lists: Lists,
}

impl Outbox {
    pub(crate) fn new(core: Core, lists: Lists) -> Self {
        Self { core, lists }
    }

    /// How much waits to be published, since when, and how many dead letters there are.
    pub async fn depth(&self) -> Result<OutboxDepth> {
        Ok(self.core.store.outbox().depth().await?)
    }

    /// Dead letters, from new to old unless asked otherwise.
    pub async fn dead_letters(&self, ask: &Ask) -> Result<Listed<DeadLetter>> {
        let reading = self.lists.begin(&LIST, ask)?;
        let outbox = self.core.store.relaxed().outbox();
        let found = outbox.dead_letters(reading.page()).await?;
        let total = if reading.counts() { outbox.depth().await?.dead } else { 0 };
        reading.finish(found, total)
    }

    /// Publishes a dead letter again, with all its tries before it. Younger events of its subject have gone ahead.
    pub async fn retry(&self, context: &Context, event: Uuid) -> Result<()> {
        Work::run(&self.core, context, RETRY, |mut work| async move {
            work.on(event);
            work.tx().outbox().revive(event).await?;
            work.commit().await
        })
        .await
    }

    /// Removes a dead letter for good.
    pub async fn drop(&self, context: &Context, event: Uuid) -> Result<()> {
        Work::run(&self.core, context, DROP, |mut work| async move {
            work.on(event);
            work.tx().outbox().discard(event).await?;
            work.commit().await
        })
        .await
    }
}
