//! Tokens, sessions and passwords.

use crate::config::{DomainName, Origin, section::section};

section! {
    /// How long a login lasts, and what a password costs.
    pub struct AuthConfig in auth {
        /// `iss` of access tokens.
        issuer: String = Derived("{server.public_url}");
        /// `aud` of access tokens.
        audience: String = Fixed("mainstay");
        /// Seconds that an access token is valid.
        access_token_seconds: u64 = Fixed("900"), range 1..=86_400;
        /// Days after which an unused session ends.
        refresh_idle_days: u32 = Fixed("30"), range 1..=3650;
        /// Days after which every session ends.
        refresh_absolute_days: u32 = Fixed("90"), range 1..=3650;
        /// Seconds in which a spent refresh token yields its successor again; 0 is off.
        refresh_reuse_grace_seconds: u64 = Fixed("10"), range 0..=300;
        /// Fewest code points of a new password.
        password_min_length: usize = Fixed("8"), range 8..=128;
        /// Domain that passkeys are bound to, for ever; empty is the public URL's host, `localhost` for an address of this machine.
        passkey_rp_id: Option<DomainName> = Unset;
        /// Origins whose pages may use passkeys, all within that domain; empty is the public URL's.
        passkey_origins: Vec<Origin> = Unset;
        /// The last so many passwords, the present one among them, can't be chosen again; 0 is off.
        password_history: u32 = Fixed("0"), range 0..=24;
        /// Argon2id memory in KiB.
        hash_memory_kib: u32 = Fixed("19456"), range 8..=4_194_304;
        /// Argon2id passes.
        hash_iterations: u32 = Fixed("2"), range 1..=100;
        /// Argon2id lanes.
        hash_parallelism: u32 = Fixed("1"), range 1..=64;
        /// Threads that hash passwords; empty is one per core.
        hash_threads: Option<usize> = Unset, range 1..=1024;
        /// Hashes that may wait; one more is answered with 503.
        hash_queue: usize = Fixed("64"), range 1..=100_000;
    }
}
