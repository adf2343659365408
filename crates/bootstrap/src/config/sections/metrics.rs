//! Metrics.

use secrecy::SecretString;

use crate::config::section::section;

section! {
    /// Who may read the metrics.
    pub struct MetricsConfig in metrics {
        /// Bearer token that opens GET /metrics.
        token: Option<SecretString> = Unset;
    }
}
