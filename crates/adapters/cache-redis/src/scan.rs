//! Forgetting by pattern: `SCAN` and `UNLINK` in batches, which block nobody for long; never `KEYS`.

use deadpool_redis::redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use deadpool_redis::redis::{Cmd, RedisResult, Value, cmd, from_redis_value};

use crate::connection::Connection;

/// Keys that the server looks at before it answers.
const BATCH: usize = 500;

/// On every master.
pub(crate) async fn unlink_matching(mut connection: Connection, pattern: &str) -> RedisResult<()> {
    let nodes = match &mut connection {
        Connection::Single(_) => vec![None],
        Connection::Cluster(_) => masters(&mut connection).await?.into_iter().map(Some).collect(),
    };
    for node in nodes {
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(&cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(BATCH);
            let (next, keys): (String, Vec<Vec<u8>>) =
                from_redis_value(ask(&mut connection, node.as_ref(), scan).await?)?;
            if !keys.is_empty() {
                // In a cluster this goes to the slots' owners, who may have changed since.
                let () = cmd("UNLINK").arg(keys).query_async(&mut connection).await?;
            }
            cursor = next;
            if cursor == "0" {
                break;
            }
        }
    }
    Ok(())
}

type Node = (String, u16);

async fn ask(connection: &mut Connection, node: Option<&Node>, command: Cmd) -> RedisResult<Value> {
    match (connection, node) {
        (Connection::Cluster(nodes), Some((host, port))) => {
            let place = SingleNodeRoutingInfo::ByAddress { host: host.clone(), port: *port };
            nodes.route_command(command, RoutingInfo::SingleNode(place)).await
        }
        (connection, _) => command.query_async(connection).await,
    }
}

/// `CLUSTER SLOTS`: ranges of slots, each with its master first.
async fn masters(connection: &mut Connection) -> RedisResult<Vec<Node>> {
    let ranges: Vec<Vec<Value>> = cmd("CLUSTER").arg("SLOTS").query_async(connection).await?;
    let mut masters = Vec::new();
    for range in ranges {
        if let Some(Value::Array(node)) = range.into_iter().nth(2) {
            let mut parts = node.into_iter();
            if let (Some(host), Some(port)) = (parts.next(), parts.next()) {
                masters.push((from_redis_value(host)?, from_redis_value(port)?));
            }
        }
    }
    masters.sort();
    masters.dedup();
    Ok(masters)
}
