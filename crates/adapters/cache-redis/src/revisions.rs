//! [`RevisionMirror`] on the server.
//!
//! Under one key lies a revision (digits), the ticket of a place (`p…`), or the mark of a raise (`r…`), never for longer
//! than [`MEMORY`] from when the place was given. A value gets in only where its place has lain without a break since
//! before it was read; a raise breaks it. So nothing has to be compared, and what the server loses is only not known.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_redis::redis::{RedisResult, cmd};
use futures_util::future::try_join_all;
use ports::{Place, Raise, Random, Result, RevisionMirror, RevisionOf, Seen};

use crate::address::Address;
use crate::connection::Connection;
use crate::link::Link;
use crate::scripts::{self, millis};

/// Long enough that a caller at work is rarely read anew, short enough to wait for: an end of rights is acknowledged so
/// much later while the server can't be told of it.
const MEMORY: Duration = Duration::from_secs(2);

/// Revisions on Redis.
pub struct RedisRevisions {
    link: Link,
    random: Arc<dyn Random>,
}

impl RedisRevisions {
    /// Begins to connect, in the background; a server that is away is no error. To be called within the runtime that
    /// lives longest.
    ///
    /// # Errors
    /// `Internal` when the library refuses the address.
    pub fn connect(address: Address, random: Arc<dyn Random>) -> Result<Self> {
        Ok(Self { link: Link::new(address)?, random })
    }

    fn key(&self, of: RevisionOf) -> String {
        self.link.names().revision(of)
    }

    /// A place where nothing lies; of several callers one gets it.
    async fn place(&self, mut connection: Connection, of: RevisionOf, ticket: &str) -> RedisResult<Seen> {
        let mut set = cmd("SET");
        set.arg(self.key(of)).arg(ticket).arg("NX").arg("PX").arg(millis(MEMORY));
        let given: Option<String> = set.query_async(&mut connection).await?;
        let place = Place { of, ticket: ticket.to_owned() };
        Ok(given.map_or(Seen::Busy, |_| Seen::Open(place)))
    }
}

#[async_trait]
impl RevisionMirror for RedisRevisions {
    async fn look(&self, of: &[RevisionOf]) -> Result<Vec<Seen>> {
        let keys: Vec<String> = of.iter().map(|of| self.key(*of)).collect();
        let look = async |mut connection: Connection| {
            let mut read = cmd("MGET");
            read.arg(&keys);
            let known: Vec<Option<String>> = read.query_async(&mut connection).await?;
            if known.iter().all(Option::is_some) {
                return Ok((known, Vec::new()));
            }
            // Nothing can be read at its source before the place for it is there.
            let Ok(ticket) = self.ticket() else { return Ok((known, Vec::new())) };
            let open = of.iter().zip(&known).filter(|(_, known)| known.is_none());
            let ticket = format!("p{ticket}");
            let places = open.map(|(of, _)| self.place(connection.clone(), *of, &ticket));
            let places = try_join_all(places).await?;
            Ok((known, places))
        };
        let (known, places) = self.link.run_seasoned(MEMORY, "revisions.look", look).await?;
        let mut places = places.into_iter();
        let seen = known.into_iter().map(|known| match known {
            Some(text) => text.parse().map_or(Seen::Busy, Seen::At),
            None => places.next().unwrap_or(Seen::Busy),
        });
        Ok(seen.collect())
    }

    async fn fill(&self, places: &[(Place, i64)]) -> Result<()> {
        let fill = async |connection: Connection| {
            let fills = places.iter().map(|(place, revision)| {
                let mut call = scripts::FILL.key(self.key(place.of));
                call.arg(&place.ticket).arg(revision);
                let mut connection = connection.clone();
                async move { call.invoke_async::<bool>(&mut connection).await }
            });
            try_join_all(fills).await.map(drop)
        };
        self.link.run("revisions.fill", fill).await
    }

    async fn raising(&self, raise: &Raise) -> Result<()> {
        let mark = async |connection: Connection| {
            let marks = raise.of.iter().map(|of| {
                let mut set = cmd("SET");
                set.arg(self.key(*of)).arg(format!("r{}", raise.ticket)).arg("PX").arg(millis(MEMORY));
                let mut connection = connection.clone();
                async move { set.query_async::<()>(&mut connection).await }
            });
            try_join_all(marks).await.map(drop)
        };
        self.link.run("revisions.raising", mark).await
    }

    async fn raised(&self, raise: &Raise) -> Result<()> {
        let take = async |connection: Connection| {
            let taken = raise.of.iter().map(|of| {
                let mut call = scripts::RAISED.key(self.key(*of));
                call.arg(format!("r{}", raise.ticket));
                let mut connection = connection.clone();
                async move { call.invoke_async::<bool>(&mut connection).await }
            });
            try_join_all(taken).await.map(drop)
        };
        self.link.run("revisions.raised", take).await
    }

    fn ticket(&self) -> Result<String> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes)?;
        Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    fn memory(&self) -> Duration {
        MEMORY
    }
}
