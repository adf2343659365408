//! The log.

use crate::config::{LogFilter, LogFormat, section::section};

section! {
    /// What is logged, and how.
    pub struct LogConfig in log {
        /// `pretty` for people, `json` for machines.
        format: LogFormat = PerEnvironment { local: "pretty", deployed: "json" };
        /// A level, or directives such as `info,mainstay_http=debug`.
        level: LogFilter = Fixed("info"), alias "RUST_LOG";
    }
}
