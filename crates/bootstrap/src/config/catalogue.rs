//! Every variable there is, in the order of the sections.

#[allow(clippy::wildcard_imports, reason = "the catalogue is the list of all sections")]
use super::sections::*;
use super::variable::Variable;

/// In the order in which they are read: a derived default refers to earlier ones.
pub(super) fn variables() -> impl Iterator<Item = &'static Variable> {
    [
        General::VARIABLES,
        ServerConfig::VARIABLES,
        DatabaseConfig::VARIABLES,
        CacheConfig::VARIABLES,
        LocksConfig::VARIABLES,
        QueueConfig::VARIABLES,
        BrokerConfig::VARIABLES,
        EventsConfig::VARIABLES,
        StorageConfig::VARIABLES,
        MailConfig::VARIABLES,
        SecurityConfig::VARIABLES,
        AuthConfig::VARIABLES,
        OAuthConfig::VARIABLES,
        OutgoingConfig::VARIABLES,
        TenancyConfig::VARIABLES,
        RetentionConfig::VARIABLES,
        WorkerConfig::VARIABLES,
        NodeConfig::VARIABLES,
        RateLimitConfig::VARIABLES,
        MetricsConfig::VARIABLES,
        LogConfig::VARIABLES,
        TelemetryConfig::VARIABLES,
        BootstrapAdminConfig::VARIABLES,
    ]
    .into_iter()
    .flatten()
}
