//! The servers of an address: how connections to them are made.

use deadpool_redis::redis::aio::PubSub;
use deadpool_redis::redis::sentinel::{SentinelClient, SentinelServerType};
use deadpool_redis::redis::{Client, ErrorKind, InfoDict, RedisError, RedisResult, cmd, sentinel};
use deadpool_redis::{Manager, Pool, PoolConfig, Runtime, cluster, redis};
use ports::{Error, Kind, Result};

use crate::address::{Address, Topology};
use crate::connection::Connection;

/// A pool per topology. Each makes one connection at a time, which all tasks then share: requests of many callers on
/// one socket travel together, and a checkout per command would cost each a round trip for its health check.
pub(crate) enum Server {
    Single(Pool),
    Cluster(cluster::Pool),
    Sentinel(deadpool_redis::sentinel::Pool),
}

impl Server {
    pub(crate) fn new(address: &Address) -> Result<Self> {
        if address.tls() {
            // Other libraries of this build bring another provider along, and the one to use has to be named. It may
            // have been already.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let hosts = address.hosts();
        let one = PoolConfig::new(1);
        match &address.topology {
            Topology::Single => {
                let host = hosts.into_iter().next().ok_or_else(|| setup("no host"))?;
                let pool = Pool::builder(Manager::new(host).map_err(setup)?).config(one);
                pool.runtime(Runtime::Tokio1).build().map(Self::Single).map_err(setup)
            }
            Topology::Cluster => {
                let manager = cluster::Manager::new(hosts, false).map_err(setup)?;
                let pool = cluster::Pool::builder(manager).config(one).runtime(Runtime::Tokio1);
                pool.build().map(Self::Cluster).map_err(setup)
            }
            Topology::Sentinel(master) => {
                let manager = deadpool_redis::sentinel::Manager::new(
                    hosts,
                    master.clone(),
                    Some(sentinel_nodes(address)),
                    deadpool_redis::sentinel::SentinelServerType::Master,
                );
                let pool = deadpool_redis::sentinel::Pool::builder(manager.map_err(setup)?).config(one);
                pool.runtime(Runtime::Tokio1).build().map(Self::Sentinel).map_err(setup)
            }
        }
    }

    /// A new connection, out of the pool: nobody gives it back, it is dropped when it is no good any more.
    pub(crate) async fn connect(&self) -> Result<Connection> {
        match self {
            Self::Single(pool) => pool
                .get()
                .await
                .map(|one| Connection::Single(deadpool_redis::Connection::take(one)))
                .map_err(failed),
            Self::Cluster(pool) => pool
                .get()
                .await
                .map(|one| Connection::Cluster(cluster::Connection::take(one)))
                .map_err(failed),
            Self::Sentinel(pool) => {
                let one = pool.get().await.map_err(failed)?;
                Ok(Connection::Single(deadpool_redis::sentinel::Connection::take(one)))
            }
        }
    }
}

fn sentinel_nodes(address: &Address) -> deadpool_redis::sentinel::SentinelNodeConnectionInfo {
    deadpool_redis::sentinel::SentinelNodeConnectionInfo {
        tls_mode: address.tls().then_some(deadpool_redis::sentinel::TlsMode::Secure),
        redis_connection_info: Some(address.login()),
    }
}

/// A connection that only listens. In a cluster any node will do: it passes every message on to all others.
pub(crate) async fn listener(address: &Address) -> RedisResult<PubSub> {
    let mut failure = RedisError::from((ErrorKind::Io, "no host"));
    if let Topology::Sentinel(master) = &address.topology {
        let mut nodes =
            sentinel::SentinelNodeConnectionInfo::default().set_redis_connection_info(address.login().into());
        if address.tls() {
            nodes = nodes.set_tls_mode(redis::TlsMode::Secure);
        }
        let mut client =
            SentinelClient::build(address.hosts(), master, Some(nodes), SentinelServerType::Master)?;
        return client.async_get_client().await?.get_async_pubsub().await;
    }
    for host in address.hosts() {
        match Client::open(host)?.get_async_pubsub().await {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// What an operator should know of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `redis_version`.
    pub version: String,
    /// `maxmemory-policy`: what is thrown away when there is no room.
    pub policy: String,
    /// Whether an append-only file is written.
    pub append_only: bool,
    /// `appendfsync`; `None` where the server does not say (managed services forbid `CONFIG`).
    pub fsync: Option<String>,
}

impl Health {
    /// Asks the server that this connection leads to.
    pub(crate) async fn of(connection: &mut Connection) -> RedisResult<Self> {
        let info: InfoDict = match connection {
            Connection::Single(one) => cmd("INFO").query_async(one).await?,
            Connection::Cluster(nodes) => {
                use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
                let random = RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random);
                redis::from_redis_value(nodes.route_command(cmd("INFO"), random).await?)?
            }
        };
        let text = |name: &str| info.get::<String>(name).unwrap_or_default();
        let fsync: Option<Vec<String>> =
            cmd("CONFIG").arg("GET").arg("appendfsync").query_async(connection).await.ok();
        Ok(Self {
            version: text("redis_version"),
            policy: text("maxmemory_policy"),
            append_only: info.get::<u8>("aof_enabled") == Some(1),
            fsync: fsync.and_then(|pair| pair.into_iter().nth(1)),
        })
    }
}

fn setup(error: impl ToString) -> Error {
    Error::with(Kind::Internal, "set up Redis", error.to_string())
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with(Kind::Unavailable, "connect to Redis", error)
}
