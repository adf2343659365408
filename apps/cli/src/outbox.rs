//! `mainstay outbox`: events that could not be published.

use anyhow::Result;
use bootstrap::operator;
use clap::Subcommand;
use uuid::Uuid;

#[derive(Subcommand)]
pub(crate) enum Outbox {
    /// Tell how much waits, and list dead letters.
    List,
    /// Publish a dead letter again.
    Retry {
        /// The event's id.
        event: Uuid,
    },
    /// Remove a dead letter for good.
    Drop {
        /// The event's id.
        event: Uuid,
    },
}

pub(crate) async fn execute(command: Outbox) -> Result<()> {
    let loaded = operator::configuration()?;
    match command {
        Outbox::List => {
            let (depth, letters) = operator::outbox_list(&loaded).await?;
            let since = depth.oldest.map(|moment| format!(", the oldest since {moment}")).unwrap_or_default();
            println!("{} events wait{since}; {} dead letters", depth.waiting, depth.dead);
            for letter in letters {
                let reason = letter.reason.unwrap_or_default();
                let event = letter.event;
                println!(
                    "{}  {}  {}  {} tries: {reason}",
                    event.id, event.kind, event.subject, letter.refusals
                );
            }
        }
        Outbox::Retry { event } => {
            operator::outbox_retry(&loaded, event).await?;
            println!("{event} waits to be published");
        }
        Outbox::Drop { event } => {
            operator::outbox_drop(&loaded, event).await?;
            println!("{event} is removed");
        }
    }
    Ok(())
}
