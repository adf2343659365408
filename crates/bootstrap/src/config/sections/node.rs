//! This process among its replicas.

use crate::config::section::section;

section! {
    /// Who this process is.
    pub struct NodeConfig in node {
        /// Number of this process in its snowflake ids; empty leases one from the database.
        id: Option<u16> = Unset, range 0..=1023;
    }
}
