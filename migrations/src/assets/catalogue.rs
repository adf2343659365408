//! All assets, and which engines have them.

use sea_orm_migration::sea_orm::DbBackend;

use super::{Asset, Header};

/// `kind/name: engines; who does it elsewhere`.
macro_rules! catalogue {
    ($($kind:literal / $name:literal: $($engine:ident)+; $otherwise:literal)*) => {
        const CATALOGUE: &[Entry] = &[$(Entry {
            name: concat!($kind, "/", $name),
            files: &[$((
                stringify!($engine),
                include_str!(concat!("../../sql/", $kind, "/", stringify!($engine), "/", $name, ".sql")),
            )),+],
            otherwise: $otherwise,
        }),*];
    };
}

struct Entry {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    otherwise: &'static str,
}

catalogue! {
    "views" / "user_activity": sqlite postgres mysql;
        ""
    "procedures" / "refuse_audit_change": postgres;
        "the triggers say it themselves"
    "triggers" / "audit_entries_no_update": sqlite postgres mysql;
        ""
    "triggers" / "audit_entries_no_delete": sqlite postgres mysql;
        ""
    "triggers" / "audit_entries_no_truncate": postgres;
        "the engine has no trigger for it; on MySQL the application's user lacks the right (DROP), SQLite has no TRUNCATE"
    "procedures" / "purge_expired_tokens": postgres mysql;
        "the worker's job maintenance.purge sends plain statements"
    "events" / "purge_expired_tokens": postgres mysql;
        "the worker's job maintenance.purge does it every hour"
}

/// Every asset of an engine, and those that it lacks with who does it there instead.
pub(super) fn of(backend: DbBackend) -> (Vec<Asset>, Vec<(&'static str, &'static str)>) {
    let engine = match backend {
        DbBackend::Postgres => "postgres",
        DbBackend::MySql => "mysql",
        _ => "sqlite",
    };
    let (mut assets, mut lacking) = (Vec::new(), Vec::new());
    for Entry { name, files, otherwise } in CATALOGUE {
        match files.iter().find(|(has, _)| *has == engine) {
            Some((_, sql)) => {
                let name = (*name).to_owned();
                assets.push(Asset { name, sql, header: Header::of(sql), otherwise });
            }
            None => lacking.push((*name, *otherwise)),
        }
    }
    (assets, lacking)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::CATALOGUE;

    /// A file that nobody lists would never be applied.
    #[test]
    fn every_file_is_listed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
        let folders = |path: &Path| {
            let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
            entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path())).collect::<Vec<_>>()
        };
        let mut found = BTreeSet::new();
        for (kind, path) in folders(&root) {
            for (engine, path) in folders(&path) {
                for (file, _) in folders(&path) {
                    found.insert(format!("{kind}/{} {engine}", file.strip_suffix(".sql").unwrap()));
                }
            }
        }
        let listed =
            CATALOGUE.iter().flat_map(|entry| entry.files.iter().map(|(e, _)| format!("{} {e}", entry.name)));
        assert_eq!(listed.collect::<BTreeSet<_>>(), found);
    }

    /// What only some engines have, somebody else does on the others.
    #[test]
    fn what_an_engine_lacks_is_done_otherwise() {
        for entry in CATALOGUE {
            let everywhere = entry.files.len() == 3;
            let always = entry.files.iter().all(|(_, sql)| super::Header::of(sql).when.is_none());
            assert_eq!(entry.otherwise.is_empty(), everywhere && always, "{}", entry.name);
        }
    }
}
