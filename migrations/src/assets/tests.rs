//! The order of assets, and what their files say. That they can be applied, the database's adapter tests on every
//! engine.

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::DbBackend;

use super::order::{sorted, with_dependents};
use super::{Asset, Header, catalogue};
use crate::known;

const ENGINES: [DbBackend; 3] = [DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql];

fn asset(name: &str, sql: &'static str) -> Asset {
    Asset { name: name.to_owned(), sql, header: Header::of(sql), otherwise: "" }
}

fn names(assets: &[Asset]) -> Vec<&str> {
    assets.iter().map(|asset| asset.name.as_str()).collect()
}

#[test]
fn a_header_is_read_up_to_the_statement() {
    let sql = "-- What it is for.\n-- since: m1_x\n-- requires: views/a, views/b\n-- when: SELECT 1\nSELECT 1\n-- drop: no";
    let header = Header::of(sql);
    assert_eq!((header.since, header.requires), ("m1_x", vec!["views/a", "views/b"]));
    assert_eq!((header.when, header.drop), (Some("SELECT 1"), None));
}

#[test]
fn what_is_required_comes_first() {
    let assets = vec![
        asset("views/c", "-- requires: views/b\n"),
        asset("views/b", "-- requires: views/a\n"),
        asset("views/a", ""),
        asset("views/x", ""),
    ];
    let assets = sorted(assets).unwrap();
    assert_eq!(names(&assets), ["views/a", "views/x", "views/b", "views/c"]);
    let touched = with_dependents(BTreeSet::from(["views/a".to_owned()]), &assets);
    assert_eq!(touched.into_iter().collect::<Vec<_>>(), ["views/a", "views/b", "views/c"]);
}

#[test]
fn circles_and_loose_ends_are_refused() {
    for assets in [
        vec![asset("views/a", "-- requires: views/b\n"), asset("views/b", "-- requires: views/a\n")],
        vec![asset("views/a", "-- requires: views/nobody\n")],
    ] {
        let text = sorted(assets).err().unwrap().to_string();
        assert!(text.contains("views/a"), "{text}");
    }
}

/// Every asset stands on a migration that exists, and on what is applied no later than itself.
#[test]
fn every_asset_of_the_program_can_be_placed() {
    let migrations = known();
    for backend in ENGINES {
        let assets = sorted(catalogue::of(backend).0).unwrap();
        let since = |asset: &Asset| migrations.iter().position(|name| name == asset.header.since);
        for asset in &assets {
            assert!(since(asset).is_some(), "{}: no migration {:?}", asset.name, asset.header.since);
            for required in assets.iter().filter(|other| asset.header.requires.contains(&other.name.as_str()))
            {
                assert!(since(required) <= since(asset), "{} before {}", asset.name, required.name);
            }
        }
    }
}

#[test]
fn a_changed_file_has_another_checksum() {
    assert_ne!(asset("views/a", "SELECT 1").checksum(), asset("views/a", "SELECT 2").checksum());
    assert_eq!(asset("views/a", "SELECT 1").checksum().len(), 64);
}
