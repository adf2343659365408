//! Who may do what. Migrations run as the owner of the tables; the service acts as somebody who may read and write
//! rows and nothing else, may only add to the audit trail, and may only read what migrations note.
//!
//! After every migration the owner grants what is due, and takes back what is not. Where both are one, as on SQLite
//! or with one login, there is nothing to grant.
//!
//! On PostgreSQL reads that are part of no transaction act as a third, who reads the rows of all tenants and writes
//! nothing: the service itself sees those rows only in transactions that say for whom they work.

mod mysql;
mod postgres;
mod standing;

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr};

pub(crate) use self::postgres::{can_assume, make, reader_for};
pub use self::standing::Standing;
pub(crate) use self::standing::standing;

/// A role that the connections of the service take on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Whether the service refuses to start without it. Otherwise it acts as whoever it logs in as.
    pub required: bool,
}

/// To whom the owner grants: a role of PostgreSQL, or a MySQL account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grantee {
    /// As SQL names it: `"mainstay_app"`, `'mainstay_app'@'%'`.
    pub(crate) sql: String,
    /// As the catalogue names it.
    pub(crate) name: String,
    pub(crate) holds: Holds,
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Read and write rows; on PostgreSQL those of a tenant only in a transaction that names it.
    Rows,
    /// Read all rows, whoever's they are.
    Reading,
    /// Both.
    RowsAndReading,
}

impl Grantee {
    /// A role of PostgreSQL.
    pub(crate) fn named(name: &str, holds: Holds) -> Self {
        Self { sql: format!("\"{}\"", name.replace('"', "\"\"")), name: name.to_owned(), holds }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Right {
    Select,
    Insert,
    Update,
    Delete,
}

impl Right {
    const ALL: [Self; 4] = [Self::Select, Self::Insert, Self::Update, Self::Delete];

    fn sql(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// A table or view, and what the grantee may do with it.
struct Held {
    name: String,
    is_view: bool,
    rights: BTreeSet<Right>,
}

/// What somebody may do with a table or view.
fn due(name: &str, is_view: bool, holds: Holds) -> BTreeSet<Right> {
    match name {
        _ if is_view || holds == Holds::Reading => BTreeSet::from([Right::Select]),
        "seaql_migrations" | "database_assets" => BTreeSet::from([Right::Select]),
        "audit_entries" => BTreeSet::from([Right::Select, Right::Insert]),
        _ => BTreeSet::from(Right::ALL),
    }
}

/// The statements after which everybody holds what is due.
fn changes(held: &[Held], grantee: &Grantee, quote: char) -> Vec<String> {
    let list = |rights: Vec<Right>| rights.into_iter().map(Right::sql).collect::<Vec<_>>().join(", ");
    let mut changes = Vec::new();
    let Grantee { sql: grantee, holds, .. } = grantee;
    for Held { name, is_view, rights } in held {
        let due = due(name, *is_view, *holds);
        let missing: Vec<Right> = due.difference(rights).copied().collect();
        let excess: Vec<Right> = rights.difference(&due).copied().collect();
        if !missing.is_empty() {
            changes.push(format!("GRANT {} ON {quote}{name}{quote} TO {grantee}", list(missing)));
        }
        if !excess.is_empty() {
            changes.push(format!("REVOKE {} ON {quote}{name}{quote} FROM {grantee}", list(excess)));
        }
    }
    changes
}

/// Grants what is due, as the owner. Changes nothing when all is well.
pub(crate) async fn settle(owner: &DatabaseConnection, grantee: &Grantee) -> Result<(), DbErr> {
    let changes = match owner.get_database_backend() {
        DatabaseBackend::Postgres => postgres::settle(owner, grantee).await?,
        DatabaseBackend::MySql => mysql::settle(owner, grantee).await?,
        _ => Vec::new(),
    };
    for sql in &changes {
        owner.execute_unprepared(sql).await?;
    }
    if !changes.is_empty() {
        tracing::info!(to = grantee.name, statements = changes.len(), "rights were granted");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(name: &str, is_view: bool, rights: &[Right]) -> Held {
        Held { name: name.to_owned(), is_view, rights: rights.iter().copied().collect() }
    }

    #[test]
    fn what_is_missing_is_granted_and_what_is_too_much_is_taken_back() {
        let all = Right::ALL.as_slice();
        let tables = [
            held("users", false, all),
            held("jobs", false, &[Right::Select]),
            held("audit_entries", false, all),
            held("seaql_migrations", false, all),
            held("user_activity", true, &[]),
        ];
        let app = |holds| Grantee { sql: "app".to_owned(), name: "app".to_owned(), holds };
        assert_eq!(
            changes(&tables, &app(Holds::Rows), '"'),
            [
                r#"GRANT INSERT, UPDATE, DELETE ON "jobs" TO app"#,
                r#"REVOKE UPDATE, DELETE ON "audit_entries" FROM app"#,
                r#"REVOKE INSERT, UPDATE, DELETE ON "seaql_migrations" FROM app"#,
                r#"GRANT SELECT ON "user_activity" TO app"#,
            ]
        );
        let reader = changes(&tables, &app(Holds::Reading), '"');
        assert_eq!(reader[0], r#"REVOKE INSERT, UPDATE, DELETE ON "users" FROM app"#);
    }
}
