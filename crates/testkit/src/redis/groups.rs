//! Several servers that belong together.

use std::time::Duration;

use super::RedisServer;
use crate::poll::eventually;

const FORMING: Duration = Duration::from_secs(60);

/// Three masters that share the slots.
pub struct RedisCluster {
    /// The nodes.
    pub nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts one. `None`, after saying so on stderr, when `redis-server` is not installed.
    pub async fn start() -> Option<Self> {
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(
                RedisServer::with(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]).await?,
            );
        }
        for (node, (first, last)) in nodes.iter().zip([(0, 5460), (5461, 10922), (10923, 16383)]) {
            let range = [first.to_string(), last.to_string()];
            node.ask(&["CLUSTER", "ADDSLOTSRANGE", &range[0], &range[1]]).unwrap();
            let address = nodes[0].address();
            let (host, port) = address.split_once(':').unwrap();
            node.ask(&["CLUSTER", "MEET", host, port]).unwrap();
        }
        let cluster = Self { nodes };
        eventually("a cluster that has formed", FORMING, async || {
            let well = |node: &RedisServer| {
                let state = node.ask(&["CLUSTER", "INFO"])?;
                (state.contains("cluster_state:ok") && state.contains("cluster_known_nodes:3")).then_some(())
            };
            cluster.nodes.iter().all(|node| well(node).is_some()).then_some(())
        })
        .await;
        Some(cluster)
    }

    /// Its URL, without parameters.
    pub fn url(&self) -> String {
        let nodes: Vec<String> = self.nodes.iter().map(RedisServer::address).collect();
        format!("redis-cluster://{}", nodes.join(","))
    }
}

/// A master, a replica, and a Sentinel that watches them.
pub struct RedisSentinel {
    /// The master at the start.
    pub master: RedisServer,
    /// Its replica.
    pub replica: RedisServer,
    sentinel: RedisServer,
}

impl RedisSentinel {
    /// What the master is called.
    const NAME: &str = "test-master";

    /// Starts them. `None`, after saying so on stderr, when `redis-server` is not installed.
    pub async fn start() -> Option<Self> {
        let master = RedisServer::start().await?;
        let address = master.address();
        let (host, port) = address.split_once(':').unwrap();
        let replica = RedisServer::with(&["--replicaof", &format!("{host} {port}")]).await?;
        let sentinel = RedisServer::with(&["--sentinel"]).await?;
        sentinel.ask(&["SENTINEL", "MONITOR", Self::NAME, host, port, "1"]).unwrap();
        for (option, value) in [("down-after-milliseconds", "500"), ("failover-timeout", "2000")] {
            sentinel.ask(&["SENTINEL", "SET", Self::NAME, option, value]).unwrap();
        }
        let group = Self { master, replica, sentinel };
        eventually("a Sentinel that knows the replica, which is up to date", FORMING, async || {
            let known = group.sentinel.ask(&["SENTINEL", "REPLICAS", Self::NAME])?;
            let linked = group.replica.ask(&["INFO", "replication"])?;
            let (_, port) = known.split_once("127.0.0.1")?;
            (port.contains("slave") && linked.contains("master_link_status:up")).then_some(())
        })
        .await;
        Some(group)
    }

    /// Its URL, without parameters.
    pub fn url(&self) -> String {
        format!("redis-sentinel://{}/{}", self.sentinel.address(), Self::NAME)
    }
}
