//! Rate limits.

use crate::config::section::section;

section! {
    /// Whether callers are slowed down.
    pub struct RateLimitConfig in rate_limit {
        /// `false` for load tests; account lock and hashing bounds stay on.
        enabled: bool = Fixed("true");
        /// Tries of a secret (password, code, mailed token) per minute from one IPv4 address or IPv6 /64.
        secrets_per_minute: u32 = Fixed("300"), range 1..=1_000_000;
        /// Refreshes, logouts and looks at sessions per minute from one IPv4 address or IPv6 /64.
        sessions_per_minute: u32 = Fixed("600"), range 1..=1_000_000;
        /// Calls that may send a mail per minute from one IPv4 address or IPv6 /64.
        mails_per_minute: u32 = Fixed("120"), range 1..=1_000_000;
        /// Tries of one identifier's password per hour from networks it is not known in, all together.
        guesses_per_hour: u32 = Fixed("30"), range 1..=1_000_000;
        /// Mails of one kind to one address per hour; whoever asks for more gets the same answer and no mail.
        mails_per_hour: u32 = Fixed("5"), range 1..=1_000_000;
        /// Mails of one kind to one address per day.
        mails_per_day: u32 = Fixed("20"), range 1..=1_000_000;
    }
}
