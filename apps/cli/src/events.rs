//! `mainstay events`: events that a consumer has refused too often.

use anyhow::Result;
use bootstrap::operator;
use clap::Subcommand;
use uuid::Uuid;

#[derive(Subcommand)]
pub(crate) enum Events {
    /// List events that consumers have given up.
    Refused,
    /// Tell one again to the consumer that refused it.
    Tell {
        /// The consumer's group.
        group: String,
        /// The event's id.
        event: Uuid,
    },
}

pub(crate) async fn execute(command: Events) -> Result<()> {
    let loaded = operator::configuration()?;
    match command {
        Events::Refused => {
            for letter in operator::events_refused(&loaded).await? {
                let (event, group) = (letter.event, letter.group);
                println!(
                    "{group}  {}  {}  {}  {} tries: {}",
                    event.id, event.kind, event.subject, letter.refusals, letter.reason
                );
            }
        }
        Events::Tell { group, event } => {
            operator::events_tell(&loaded, &group, event).await?;
            println!("{event} is told to {group} again");
        }
    }
    Ok(())
}
