//! How often callers may do what costs something, or can be abused.
//!
//! Quotas are kept in the cache: all processes share them where it is Redis, and each counts for itself otherwise, or
//! while it is away. They slow abuse down; what must hold in any case (the account lock, the bound on hashing, tokens
//! that work once) is held elsewhere. So a cache that can't be asked refuses nobody.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::host_of;
use ports::{Allowance, Cache, Chain, Quota};

use crate::RateLimits;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the callers behind one address share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// What tries a secret: a password, a code, the token from a mail.
    Secrets,
    /// What renews, lists or ends sessions.
    Sessions,
    /// What may send a mail.
    Mails,
}

impl Limit {
    /// Its name in headers and in the cache.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Sessions => "sessions",
            Self::Mails => "mails",
        }
    }
}

/// How somebody stands with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub limit: Limit,
    /// What it lets through.
    pub quota: Quota,
    /// What is left of that.
    pub allowance: Allowance,
}

/// The limits, and who has used them up.
#[derive(Clone)]
pub struct Limits {
    cache: Arc<dyn Cache>,
    rules: RateLimits,
}

impl Limits {
    pub(crate) fn new(cache: Arc<dyn Cache>, rules: RateLimits) -> Self {
        Self { cache, rules }
    }

    /// Counts a call from an address. `None` when nothing is limited.
    pub async fn of_address(&self, limit: Limit, ip: Option<IpAddr>) -> Option<Standing> {
        let per_minute = match limit {
            Limit::Secrets => self.rules.secrets_per_minute,
            Limit::Sessions => self.rules.sessions_per_minute,
            Limit::Mails => self.rules.mails_per_minute,
        };
        let quota = Quota { limit: per_minute, period: MINUTE };
        let allowance = self.ask(&format!("limit:{}:{}", limit.name(), host_of(ip)), quota, 1).await?;
        Some(Standing { limit, quota, allowance })
    }

    /// How long to wait before another secret of an identifier may be tried; `None` when that is at once.
    pub(crate) async fn guesses_end(&self, identifier: &[u8]) -> Option<Duration> {
        let allowance = self.guesses(identifier, 0).await?;
        (allowance.left == 0).then_some(allowance.retry_after)
    }

    /// Counts a wrong try of a secret of an identifier. How long to wait, when there was none left.
    pub(crate) async fn guessed(&self, identifier: &[u8]) -> Option<Duration> {
        let allowance = self.guesses(identifier, 1).await?;
        (!allowance.granted).then_some(allowance.retry_after)
    }

    async fn guesses(&self, identifier: &[u8], count: u32) -> Option<Allowance> {
        let quota = Quota { limit: self.rules.guesses_per_hour, period: HOUR };
        self.ask(&format!("limit:guesses:{}", hex(identifier)), quota, count).await
    }

    /// Counts a mail of a kind to an address (given as a keyed hash); false when it has had enough of them. Within an
    /// hour or a day that begins with the first mail, so that there are never more than the rule says.
    pub(crate) async fn may_mail(&self, kind: &str, address: &[u8]) -> bool {
        let address = hex(address);
        for (limit, period, unit) in
            [(self.rules.mails_per_hour, HOUR, "hour"), (self.rules.mails_per_day, DAY, "day")]
        {
            let name = format!("limit:mail:{kind}:{unit}:{address}");
            if self.rules.enabled && self.count(&name, period).await > u64::from(limit) {
                return false;
            }
        }
        true
    }

    async fn ask(&self, name: &str, quota: Quota, count: u32) -> Option<Allowance> {
        if !self.rules.enabled {
            return None;
        }
        self.cache.ask(name, quota, count).await.inspect_err(passed_over).ok()
    }

    async fn count(&self, name: &str, period: Duration) -> u64 {
        let counted = self.cache.increment(name, 1, period).await;
        counted.inspect_err(passed_over).map_or(0, |count| count.total)
    }
}

fn passed_over(error: &ports::Error) {
    tracing::warn!(error = %Chain(error), "a limit could not be asked, and holds nobody up");
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
