//! A process whose place among its siblings the test decides.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use ports::{Cluster, Error, Kind, Result};
use uuid::Uuid;

/// A cluster of this process alone, which holds the node id it was given and has no fallen siblings.
pub struct FakeCluster {
    holder: Uuid,
    node: Mutex<Option<u16>>,
    sole: AtomicBool,
}

impl FakeCluster {
    /// A process that holds `node` and is the only one. Its holder id follows from the node id.
    pub fn new(node: u16) -> Self {
        let holder = Uuid::from_u128(0x7000_0000_0000_0000_0000 | u128::from(node));
        Self { holder, node: Mutex::new(Some(node)), sole: AtomicBool::new(true) }
    }

    /// Gives it another node id.
    pub fn set_node(&self, node: u16) {
        *self.node.lock().unwrap() = Some(node);
    }

    /// Lets the lease of its node id run out.
    pub fn lose_node(&self) {
        *self.node.lock().unwrap() = None;
    }

    /// Lets siblings appear or go.
    pub fn set_sole(&self, sole: bool) {
        self.sole.store(sole, Ordering::SeqCst);
    }
}

impl Default for FakeCluster {
    fn default() -> Self {
        Self::new(1)
    }
}

#[async_trait]
impl Cluster for FakeCluster {
    fn holder(&self) -> Uuid {
        self.holder
    }

    fn node(&self) -> Result<u16> {
        self.node.lock().unwrap().ok_or_else(|| Error::new(Kind::Unavailable, "read the node id"))
    }

    fn is_sole(&self) -> bool {
        self.sole.load(Ordering::SeqCst)
    }

    async fn fallen(&self) -> Result<Vec<Uuid>> {
        Ok(Vec::new())
    }

    async fn leave(&self) -> Result<()> {
        self.lose_node();
        Ok(())
    }
}
