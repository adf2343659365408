//! No table that says something about a person is forgotten in what is exported to them, nor any column of one.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use testkit::temp::TempDir;

use super::every::open;
use crate::personal::parts::{As, PARTS, Part};

/// The columns of each table.
async fn tables() -> BTreeMap<String, Vec<String>> {
    let dir = TempDir::new();
    let database = open(&format!("sqlite://{}/x.db", dir.path().display())).await;
    database.migrate_up().await.unwrap();
    let sql =
        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
    let statement = Statement::from_string(DatabaseBackend::Sqlite, sql);
    let mut tables = BTreeMap::<String, Vec<String>>::new();
    for row in database.opened.pools.read.query_all_raw(statement).await.unwrap() {
        tables.entry(row.try_get_by(0).unwrap()).or_default().push(row.try_get_by(1).unwrap());
    }
    tables
}

fn reads(part: &Part, column: &str) -> bool {
    part.sql.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == column)
}

#[tokio::test]
async fn every_table_and_column_about_a_person_is_shown_or_withheld() {
    let tables = tables().await;
    for (table, columns) in &tables {
        let says = |column: &String| ["user_id", "invited_by", "email"].contains(&column.as_str());
        let personal = table == "users" || columns.iter().any(says);
        let part = PARTS.iter().find(|part| part.table == table);
        let Some(part) = part.filter(|_| personal) else {
            assert!(!personal, "{table} is about users, and in no part of adapters/db/src/personal/parts.rs");
            continue;
        };
        for column in columns.iter().filter(|column| !["id", "user_id"].contains(&column.as_str())) {
            let withheld = part.withheld.contains(&column.as_str());
            assert!(reads(part, column) || withheld, "{table}.{column} is neither shown nor withheld");
        }
    }
    for part in PARTS {
        let columns = &tables[part.table];
        let known = |column: &&&str| columns.iter().any(|there| there == **column) || **column == "live";
        let unknown: Vec<_> = part.withheld.iter().filter(|column| !known(column)).collect();
        assert!(unknown.is_empty(), "{} has no {unknown:?}", part.table);
        let secret = |column: &&str| ["hash", "sealed", "token"].iter().any(|word| column.contains(word));
        let sealed = part.shows.iter().any(|(_, kind)| matches!(kind, As::Sealed(_)));
        let shown: Vec<_> = columns.iter().map(String::as_str).filter(|column| reads(part, column)).collect();
        assert!(sealed || !shown.iter().any(secret), "{} shows {shown:?}", part.table);
    }
}
