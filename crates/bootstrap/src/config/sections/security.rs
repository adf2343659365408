//! The root of all secrets.

use crate::config::{MasterKeys, section::section};

section! {
    /// What seals the key ring.
    pub struct SecurityConfig in security {
        /// 32 bytes in base64, several while rotating, newest first; empty generates one in the data directory.
        master_key: Option<MasterKeys> = Unset;
        /// 32 bytes in base64 that passwords are hashed with besides their salt, several while rotating, newest first; keep each until nobody's hash needs it.
        password_pepper: Option<MasterKeys> = Unset;
        /// Seconds between two readings of the key ring; new keys are published five times as long before use.
        keys_every_seconds: u64 = Fixed("60"), range 1..=3600;
    }
}
