//! The names on domain events.

use crate::config::{TypePrefix, section::section};

section! {
    /// How events are named to those outside (CloudEvents 1.0).
    pub struct EventsConfig in events {
        /// CloudEvents `source`; consumers tell deployments apart by it, so keep it stable.
        source: String = Fixed("mainstay");
        /// Reverse domain name in front of every CloudEvents `type`.
        type_prefix: TypePrefix = Fixed("dev.mainstay");
    }
}
