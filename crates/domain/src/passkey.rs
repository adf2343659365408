//! Passkeys: key pairs whose private half never leaves its owner's devices (WebAuthn Level 3).

use std::time::Duration;

use uuid::Uuid;

use crate::{AuthMethod, Label, Timestamp};

/// The public half, and what an authenticator said about itself when it was registered: the credential record of
/// WebAuthn Level 3, section 4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Snowflake.
    pub id: i64,
    /// Public id.
    pub uuid: Uuid,
    /// Whose.
    pub user_id: i64,
    /// How its owner calls it.
    pub label: Label,
    /// What the authenticator calls it; unique, at most [`Passkey::CREDENTIAL_ID`] bytes.
    pub credential_id: Vec<u8>,
    /// `COSE_Key` (RFC 9052, section 7), as the authenticator gave it.
    pub public_key: Vec<u8>,
    /// COSE algorithm (IANA), -7 for ES256.
    pub algorithm: i32,
    /// Signatures so far, as last told; 0 from authenticators that don't count.
    pub counter: u32,
    /// How browsers reach the authenticator: `internal`, `hybrid`, `usb` …
    pub transports: Vec<String>,
    /// Whether it may be synchronised between devices; never changes.
    pub backup_eligible: bool,
    /// Whether it was, when last told.
    pub backed_up: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When somebody last got in with it.
    pub last_used_at: Option<Timestamp>,
}

impl Passkey {
    /// The longest credential id there is, in bytes (section 4, "Credential ID").
    pub const CREDENTIAL_ID: usize = 1023;
    /// The longest public key that is kept, in bytes: RSA with 8192 bits is half as long.
    pub const PUBLIC_KEY: usize = 2048;
    /// So many may a user have.
    pub const PER_USER: usize = 20;

    /// Whether a signature counter is one that the only holder of the private key could have reached (section 7.2,
    /// step 22). Authenticators that don't count, as those that synchronise, always say 0.
    pub fn accepts_counter(&self, counter: u32) -> bool {
        (counter == 0 && self.counter == 0) || counter > self.counter
    }

    /// What using it proves: a key in hardware, unless it may be copied from device to device.
    pub fn method(&self) -> AuthMethod {
        if self.backup_eligible { AuthMethod::SyncedPasskey } else { AuthMethod::Passkey }
    }
}

/// What a challenge was given out for; it is good for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyPurpose {
    /// To register a passkey for a signed-in user.
    Register,
    /// To log in, whoever it may be.
    Login,
    /// To go on after a password.
    SecondFactor,
    /// To prove anew who one is.
    StepUp,
}

impl PasskeyPurpose {
    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::SecondFactor => "second-factor",
            Self::StepUp => "step-up",
        }
    }
}

/// Random bytes that wait to be signed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasskeyChallenge {
    /// Snowflake.
    pub id: i64,
    /// For what.
    pub purpose: PasskeyPurpose,
    /// SHA-256 of the bytes.
    pub hash: Vec<u8>,
    /// For whom; nobody yet at a login.
    pub user_id: Option<i64>,
    /// Good until then.
    pub expires_at: Timestamp,
}

impl PasskeyChallenge {
    /// How long a challenge waits; browsers are told the same.
    pub const LIFETIME: Duration = Duration::from_secs(5 * 60);
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn passkey(counter: u32, backup_eligible: bool) -> Passkey {
        Passkey {
            id: 1,
            uuid: Uuid::nil(),
            user_id: 1,
            label: Label::parse("Key").unwrap(),
            credential_id: vec![1],
            public_key: vec![2],
            algorithm: -7,
            counter,
            transports: vec![],
            backup_eligible,
            backed_up: false,
            created_at: DateTime::UNIX_EPOCH,
            last_used_at: None,
        }
    }

    #[test]
    fn counters_only_grow_unless_nobody_counts() {
        for (stored, told, accepted) in [
            (0, 0, true),
            (0, 1, true),
            (7, 8, true),
            (7, u32::MAX, true),
            (7, 7, false),
            (7, 6, false),
            (7, 0, false),
        ] {
            assert_eq!(passkey(stored, false).accepts_counter(told), accepted, "{stored} then {told}");
        }
    }

    #[test]
    fn a_key_that_can_be_copied_is_none_of_hardware() {
        assert_eq!(passkey(0, false).method().as_str(), "hwk");
        assert_eq!(passkey(0, true).method().as_str(), "swk");
    }
}
