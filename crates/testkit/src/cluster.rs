//! The contract of [`ports::Cluster`].

pub mod living;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use ports::{Cluster, JobLeases, OutboxRelay, Result, Store};

/// A database that processes share.
#[async_trait]
pub trait Site: Send + Sync {
    /// A process joins, with a fixed node id or any.
    ///
    /// # Errors
    /// `Conflict` when another living process has that id.
    async fn join(&self, node: Option<u16>) -> Result<Member>;
}

/// A process among others. Dropping it is what a `kill -9` does: nothing is given back.
pub struct Member {
    /// The member itself.
    pub cluster: Arc<dyn Cluster>,
    /// Its database.
    pub store: Arc<dyn Store>,
    /// Its side of the job table.
    pub leases: Arc<dyn JobLeases>,
    /// Its side of the outbox.
    pub relay: Arc<dyn OutboxRelay>,
    /// Whatever makes it live.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// Runs the suite on the sites that the expression gives, a future of `Option<impl Site>`:
/// `testkit::cluster_suite!(site());`
#[macro_export]
macro_rules! cluster_suite {
    ($site:expr) => {
        mod cluster_suite {
            use super::*;

            $crate::bench_cases!($site; [$crate::cluster];
                living {
                    node_ids_differ,
                    a_held_node_id_is_a_conflict,
                    an_id_given_back_is_free_at_once,
                    leaving_twice_succeeds,
                    nothing_is_committed_after_leaving,
                    only_a_single_process_is_sole,
                    a_newcomer_commits_only_after_others_know,
                    a_killed_process_has_fallen,
                    a_busy_process_has_not_fallen,
                    work_of_unknown_holders_is_rescued,
                }
            );
        }
    };
}
