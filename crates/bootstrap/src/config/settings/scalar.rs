//! Settings whose types are not ours.

use std::{net::IpAddr, path::PathBuf};

use ipnet::IpNet;
use secrecy::SecretString;

use super::{Secrecy, Setting};

macro_rules! whole_numbers {
    ($($kind:ty),+) => {$(
        impl Setting for $kind {
            fn parse(text: &str) -> Result<Self, String> {
                let advice = || format!("expected a whole number from {} to {}", <$kind>::MIN, <$kind>::MAX);
                text.parse().map_err(|_| advice())
            }
        }
    )+};
}
whole_numbers!(u16, u32, u64, usize);

impl Setting for bool {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "expected true or false".to_owned())
    }
}

impl Setting for String {
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() { Err("expected a text".to_owned()) } else { Ok(text.to_owned()) }
    }
}

impl Setting for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("expected a path".to_owned()) } else { Ok(text.into()) }
    }
}

impl Setting for SecretString {
    const SECRECY: Secrecy = Secrecy::Secret;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }
}

/// A network in CIDR notation; a bare address is a network of one.
impl Setting for IpNet {
    fn parse(text: &str) -> Result<Self, String> {
        let address = || text.parse::<IpAddr>().map(Self::from);
        text.parse()
            .or_else(|_| address())
            .map_err(|_| "expected an IP address or a network such as 10.0.0.0/8".into())
    }
}
