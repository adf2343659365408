//! Requests to other services.

use ipnet::IpNet;

use crate::config::section::section;

section! {
    /// Where users may have this installation send requests to.
    pub struct OutgoingConfig in outgoing {
        /// Networks that requests to addresses chosen by users may go to although they are not public.
        allowed_networks: Vec<IpNet> = Unset;
    }
}
