//! Which addresses may be spoken to when somebody else has chosen the target (server-side request forgery).
//!
//! The address that is judged is the one that is connected to: names are resolved once, here, and what is not admitted
//! is left out of the result. A name that changes its mind between two look-ups is judged anew with each connection.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use async_trait::async_trait;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::{Names, without_port};

/// The target is not one to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forbidden;

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address is not a public one")
    }
}

impl StdError for Forbidden {}

/// What of IPv4 is not everybody's (IANA's Special-Purpose Address Registry), multicast and the reserved rest.
const CLOSED_V4: [(Ipv4Addr, u8); 17] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local; the metadata services of the clouds are in it.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// What of 2000::/3, the part of IPv6 that is given to everybody, is not (the same registry for IPv6).
const CLOSED_V6: [(Ipv6Addr, u8); 5] = [
    // Teredo, ORCHID, benchmarking and other protocols.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which wraps any IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Judges addresses.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    allowed: Arc<[IpNet]>,
    closed: Arc<[IpNet]>,
}

impl Guard {
    pub(crate) fn new(allowed: Vec<IpNet>) -> Self {
        let v4 = CLOSED_V4.map(|(address, length)| IpNet::new_assert(address.into(), length));
        let v6 = CLOSED_V6.map(|(address, length)| IpNet::new_assert(address.into(), length));
        Self { allowed: allowed.into(), closed: v4.into_iter().chain(v6).collect() }
    }

    /// Whether the address may be connected to. One that stands for an IPv4 address is judged as that.
    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        let address = match address {
            IpAddr::V6(address) => meant(address).map_or(IpAddr::V6(address), IpAddr::V4),
            v4 @ IpAddr::V4(_) => v4,
        };
        let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        within(&self.allowed) || (is_global_unicast(address) && !within(&self.closed))
    }

    /// Whether the host is a name, or an address that may be connected to. Decimal, octal, hexadecimal and shortened
    /// forms of addresses have been read by the URL's parser (WHATWG URL, "IPv4 parser").
    pub(crate) fn admits_literal(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Domain(_)) => true,
            Some(Host::Ipv4(address)) => self.admits(address.into()),
            Some(Host::Ipv6(address)) => self.admits(address.into()),
            None => false,
        }
    }
}

/// The IPv4 address that is reached by this one: mapped (RFC 4291, section 2.5.5.2), or through NAT64 with the
/// well-known prefix (RFC 6052, section 2.1), by which networks without IPv4 reach all of it.
fn meant(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [high @ .., a, b, c, d] = address.octets();
    let nat64 = high == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    address.to_ipv4_mapped().or_else(|| nat64.then(|| Ipv4Addr::new(a, b, c, d)))
}

fn is_global_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => address.segments()[0] & 0xe000 == 0x2000,
    }
}

/// A resolver that leaves out what is not admitted.
pub(crate) struct Guarded {
    pub(crate) guard: Guard,
    pub(crate) names: Arc<dyn Names>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, names) = (self.guard.clone(), Arc::clone(&self.names));
        Box::pin(async move {
            let mut addresses = names.addresses(name.as_str()).await?;
            addresses.retain(|address| guard.admits(*address));
            if addresses.is_empty() {
                return Err(Forbidden.into());
            }
            Ok(Box::new(addresses.into_iter().map(without_port)) as Addrs)
        })
    }
}

/// The system's own resolver.
pub(crate) struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}
