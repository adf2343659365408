//! [`Locks`] on the server.
//!
//! Redis acknowledges before it replicates, and, depending on its settings, before it writes to disk: a failover or a
//! crash can give the same lock to a second holder. Tokens still grow, because they begin at the server's clock. It
//! is the fence at the resource that keeps the first holder out; the lock only keeps work from being done twice.

use std::time::Duration;

use async_trait::async_trait;
use ports::{Error, Kind, Lease, Locks, Result};

use crate::address::Address;
use crate::link::Link;
use crate::scripts::{self, millis};

/// Locks on Redis.
pub struct RedisLocks {
    link: Link,
}

impl RedisLocks {
    /// Begins to connect, in the background; a server that is away is no error. To be called within the runtime that
    /// lives longest.
    ///
    /// # Errors
    /// `Internal` when the library refuses the address.
    pub fn connect(address: Address) -> Result<Self> {
        Ok(Self { link: Link::new(address)? })
    }

    /// Braces in a name would decide its slot.
    fn keys(&self, name: &str) -> [String; 2] {
        self.link.names().lock(&name.replace(['{', '}'], "_"))
    }
}

#[async_trait]
impl Locks for RedisLocks {
    async fn acquire(&self, name: &str, ttl: Duration) -> Result<Option<Lease>> {
        const OPERATION: &str = "locks.acquire";
        let [holder, counter] = self.keys(name);
        let mut call = scripts::ACQUIRE.key(holder);
        call.key(counter).arg(millis(ttl));
        let answer =
            self.link.run(OPERATION, async |mut connection| call.invoke_async(&mut connection).await);
        let token: Option<String> = answer.await?;
        let Some(token) = token else { return Ok(None) };
        let token = token.parse().map_err(|error| Error::with(Kind::Internal, OPERATION, error))?;
        Ok(Some(Lease { name: name.to_owned(), token }))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        const OPERATION: &str = "locks.renew";
        let mut call = scripts::RENEW.key(&self.keys(&lease.name)[0]);
        call.arg(lease.token).arg(millis(ttl));
        let held = self.link.run(OPERATION, async |mut connection| call.invoke_async(&mut connection).await);
        if held.await? { Ok(()) } else { Err(Error::new(Kind::Precondition, OPERATION)) }
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        let mut call = scripts::RELEASE.key(&self.keys(&lease.name)[0]);
        call.arg(lease.token);
        let letting_go = async |mut connection| call.invoke_async::<bool>(&mut connection).await.map(drop);
        self.link.run("locks.release", letting_go).await
    }
}
