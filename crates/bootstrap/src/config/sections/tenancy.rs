//! Tenants.

use crate::config::{TenancyMode, section::section};

section! {
    /// Whether there are several tenants.
    pub struct TenancyConfig in tenancy {
        /// `multi`, or `single` where everything belongs to one tenant.
        mode: TenancyMode = Fixed("multi");
    }
}
