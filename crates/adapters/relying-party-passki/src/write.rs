//! What browsers are asked.

use domain::Passkey;
use passki::{AuthenticatorTransport, StoredPasskey};
use ports::{Error, Kind, Result};
use serde::Serialize;
use serde_json::Value;

/// A passkey as the library knows it.
pub(crate) fn written(passkey: &Passkey) -> StoredPasskey {
    let transport = |name: &String| serde_json::from_value(Value::from(name.as_str())).ok();
    let transports: Vec<AuthenticatorTransport> = passkey.transports.iter().filter_map(transport).collect();
    let mut stored = StoredPasskey::default();
    stored.credential_id.clone_from(&passkey.credential_id);
    stored.public_key.clone_from(&passkey.public_key);
    stored.algorithm = passkey.algorithm;
    stored.counter = passkey.counter;
    stored.transports = transports;
    stored
}

pub(crate) fn json(options: &impl Serialize, operation: &'static str) -> Result<Value> {
    serde_json::to_value(options).map_err(|error| broken(operation, error))
}

pub(crate) fn broken(
    operation: &'static str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::with(Kind::Internal, operation, error)
}
