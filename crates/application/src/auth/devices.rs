//! Where an account has been used from: what a mail tells its person of, and what keeps strangers from locking them out.

use std::time::Duration;

use domain::{Device, DomainEvent, FAMILIAR, Seen, User, agent_family, network_of};

use super::Auth;
use super::proof::Counter;
use crate::{Context, Error, Result, Work};

/// The internal id that no user has, to look up what is not there.
pub(super) const NOBODY: i64 = 0;

impl Auth {
    /// Notes from where an account is entered, and tells its person when that is somewhere new. Not the first time:
    /// there is nobody to be warned.
    pub(super) async fn note_device(&self, work: &Work<'_>, context: &Context, user: &User) -> Result<()> {
        let now = self.core.clock.now();
        let device = Device {
            id: self.core.ids.snowflake()?,
            uuid: self.core.ids.uuid()?,
            user_id: user.base.id,
            network: network_of(context.ip),
            agent: agent_family(context.user_agent.as_deref()),
            created_at: now,
            last_seen_at: now,
        };
        if work.tx().devices().see(&device, now - FAMILIAR).await? == Seen::New {
            let (user, device) = (user.base.uuid, device.uuid);
            work.emit(&DomainEvent::DeviceSeen { user, device }).await?;
        }
        Ok(())
    }

    /// Before a secret is tried, and once it was right. Wrong tries of one identifier share a budget, from however many
    /// networks they come; once it is used up, only networks are let through that the account has been used from lately.
    /// An attacker with many networks is slowed down to the rate at which the budget comes back, and its person goes on
    /// as ever, or opens their network's door with the mail that resets the password. For identifiers that nobody has it
    /// is the same.
    ///
    /// # Errors
    /// `RateLimited`.
    pub(super) async fn slow_down(&self, counter: &Counter) -> Result<()> {
        match self.limits.guesses_end(&counter.identifier).await {
            Some(retry_after) if !self.is_familiar(counter).await? => Err(Error::RateLimited { retry_after }),
            _ => Ok(()),
        }
    }

    /// Counts a wrong try. One that ran beside the last of the budget is answered as the right one would be.
    pub(super) async fn guessed(&self, counter: &Counter) -> Result<Option<Duration>> {
        match self.limits.guessed(&counter.identifier).await {
            Some(retry_after) if !self.is_familiar(counter).await? => Ok(Some(retry_after)),
            _ => Ok(None),
        }
    }

    /// Strangers cost the same look.
    async fn is_familiar(&self, counter: &Counter) -> Result<bool> {
        let since = self.core.clock.now() - FAMILIAR;
        let devices = self.core.store.devices();
        Ok(devices.knows_network(counter.user_id.unwrap_or(NOBODY), &counter.network, since).await?)
    }
}
