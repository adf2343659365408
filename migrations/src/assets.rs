//! What the database holds beside tables: views, triggers, routines and schedules, as files in `sql/<kind>/<engine>/`
//! that are part of the program.
//!
//! They follow the migrations, in the order of what requires what. What was applied stands in `database_assets` with
//! a checksum; what has changed since, or is missing, is made anew together with what requires it, and what the
//! program does not have any more is dropped. Once everything is as it should be, applying again changes nothing.
//!
//! **Invariant:** an asset holds nothing that can't be made anew from its file at any time.

mod apply;
mod catalogue;
mod header;
mod order;
mod state;
#[cfg(test)]
mod tests;

use sea_orm_migration::sea_orm::DbBackend;

pub use self::apply::{apply, drop_all, drop_one};
use self::header::Header;
pub use self::state::{AssetState, AssetStatus, status};

/// One asset on one engine.
#[derive(Clone)]
struct Asset {
    /// Its folder and its name, as `views/user_activity`. The object in the database has the same name.
    name: String,
    /// The file.
    sql: &'static str,
    header: Header,
    /// Who does the same where the engine can't.
    otherwise: &'static str,
}

impl Asset {
    /// Of all that the file says.
    fn checksum(&self) -> String {
        use std::fmt::Write as _;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.sql.as_bytes());
        digest.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The statement that takes it away. Taking away what is not there succeeds.
    fn removal(&self, backend: DbBackend) -> String {
        if let Some(sql) = self.header.drop {
            return sql.to_owned();
        }
        let (kind, name) = self.name.split_once('/').unwrap_or_default();
        let what = match (kind, backend) {
            ("views", _) => "VIEW",
            ("triggers", _) => "TRIGGER",
            ("procedures", DbBackend::Postgres) => "ROUTINE",
            ("procedures", _) => "PROCEDURE",
            _ => "EVENT",
        };
        format!("DROP {what} IF EXISTS {name}")
    }
}
