//! A configuration that may be started with, and what `mainstay config show` says of it.

use super::{Config, layers::DERIVED};

/// One variable, as it may be shown: nothing secret is left in it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) path: &'static str,
    pub(super) name: String,
    pub(super) value: String,
    pub(super) layer: String,
}

/// The configuration, and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    pub(super) rows: Vec<Row>,
}

impl Loaded {
    /// A table: variable, redacted value, layer. An unset variable has no value.
    pub fn show(&self) -> String {
        let name_width = self.width(|row| &row.name);
        let value_width = self.width(|row| &row.value);
        let line =
            |row: &Row| format!("{:name_width$} = {:value_width$}  {}\n", row.name, row.value, row.layer);
        self.rows.iter().map(line).collect()
    }

    fn width(&self, column: impl Fn(&Row) -> &String) -> usize {
        self.rows.iter().map(|row| column(row).chars().count()).max().unwrap_or_default()
    }

    /// The configuration of a server that asked for port 0 and got `port`: what is derived from
    /// the port follows it, what was set stays.
    pub fn bound_to(mut self, port: u16) -> Config {
        self.config.server.port = port;
        if self.is_derived("server.public_url") {
            self.config.server.public_url.set_port(port);
            if self.is_derived("auth.issuer") {
                self.config.auth.issuer = self.config.server.public_url.as_str().to_owned();
            }
        }
        self.config
    }

    fn is_derived(&self, path: &str) -> bool {
        self.rows.iter().any(|row| row.path == path && row.layer == DERIVED)
    }
}
