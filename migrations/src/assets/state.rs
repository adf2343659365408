//! How the database's assets are, compared with the program's.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm_migration::SchemaManager;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

use super::{Asset, catalogue, order};
use crate::{applied, known};

/// One asset, and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetStatus {
    /// Kind and name, as `views/user_activity`.
    pub name: String,
    /// How it is.
    pub state: AssetState,
}

/// How an asset is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssetState {
    /// As the program has it.
    Applied,
    /// Not there, or switched off.
    Missing,
    /// There, and different from the program's.
    Changed,
    /// There, and unknown to this program.
    Unknown,
    /// A migration that it stands on is pending.
    Early,
    /// This engine lacks it, or is not set up for it; who does it instead.
    Elsewhere(&'static str),
}

/// Everything that has to be known before anything is changed.
pub(super) struct Look {
    /// The assets that belong into this database now, in order.
    pub(super) wanted: Vec<Asset>,
    /// Checksums and removals of what was applied.
    pub(super) recorded: BTreeMap<String, (String, String)>,
    /// What is there, whoever made it.
    existing: BTreeSet<String>,
    early: Vec<Asset>,
    elsewhere: Vec<(String, &'static str)>,
    /// A newer program has migrated this database: its assets are its own business.
    pub(super) is_newer: bool,
    /// The migration that records assets is applied.
    pub(super) is_ready: bool,
}

impl Look {
    pub(super) async fn at(connection: &DatabaseConnection) -> Result<Self, DbErr> {
        let backend = connection.get_database_backend();
        let migrations = applied(connection).await?;
        let (assets, lacking) = catalogue::of(backend);
        let (mut wanted, mut early) = (Vec::new(), Vec::new());
        let mut elsewhere: Vec<(String, &str)> =
            lacking.into_iter().map(|(name, otherwise)| (name.to_owned(), otherwise)).collect();
        for asset in order::sorted(assets)? {
            if !migrations.iter().any(|name| name == asset.header.since) {
                early.push(asset);
            } else if is_possible(connection, &asset).await? {
                wanted.push(asset);
            } else {
                elsewhere.push((asset.name, asset.otherwise));
            }
        }
        let known = known();
        let is_ready = SchemaManager::new(connection).has_table("database_assets").await?;
        let recorded = if is_ready { recorded(connection).await? } else { BTreeMap::new() };
        let existing = existing(connection, &recorded).await?;
        let is_newer = migrations.iter().any(|name| !known.contains(name));
        Ok(Self { wanted, recorded, existing, early, elsewhere, is_newer, is_ready })
    }

    pub(super) fn state_of(&self, asset: &Asset) -> AssetState {
        match self.recorded.get(&asset.name) {
            _ if !self.existing.contains(&asset.name) => AssetState::Missing,
            Some((checksum, _)) if *checksum == asset.checksum() => AssetState::Applied,
            _ => AssetState::Changed,
        }
    }

    /// Names that were applied and do not belong here any more.
    pub(super) fn unknown(&self) -> BTreeSet<String> {
        let wanted = |name: &&String| self.wanted.iter().any(|asset| asset.name == **name);
        self.recorded.keys().filter(|name| !wanted(name)).cloned().collect()
    }
}

/// How every asset is. Changes nothing.
///
/// # Errors
/// Those of the driver.
pub async fn status(connection: &DatabaseConnection) -> Result<Vec<AssetStatus>, DbErr> {
    let look = Look::at(connection).await?;
    let of = |name: &str, state| AssetStatus { name: name.to_owned(), state };
    let mut all: Vec<AssetStatus> = Vec::new();
    all.extend(look.wanted.iter().map(|asset| of(&asset.name, look.state_of(asset))));
    all.extend(look.early.iter().map(|asset| of(&asset.name, AssetState::Early)));
    all.extend(look.elsewhere.iter().map(|(name, who)| of(name, AssetState::Elsewhere(who))));
    for name in look.unknown() {
        if !all.iter().any(|known| known.name == name) {
            all.push(of(&name, AssetState::Unknown));
        }
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

async fn is_possible(connection: &DatabaseConnection, asset: &Asset) -> Result<bool, DbErr> {
    let Some(query) = asset.header.when else { return Ok(true) };
    let statement = Statement::from_string(connection.get_database_backend(), query);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

async fn recorded(connection: &DatabaseConnection) -> Result<BTreeMap<String, (String, String)>, DbErr> {
    let sql = "SELECT name, checksum, removal FROM database_assets";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await?;
    let read = |row: &sea_orm_migration::sea_orm::QueryResult| {
        Ok((row.try_get_by(0)?, (row.try_get_by(1)?, row.try_get_by(2)?)))
    };
    rows.iter().map(read).collect()
}

/// Names of what is there. A trigger that is switched off is not.
async fn existing(
    connection: &DatabaseConnection,
    recorded: &BTreeMap<String, (String, String)>,
) -> Result<BTreeSet<String>, DbErr> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT 'views/' || viewname FROM pg_views WHERE schemaname = current_schema()
             UNION ALL SELECT 'triggers/' || tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
               WHERE NOT tgisinternal AND tgenabled <> 'D' AND relnamespace = current_schema()::regnamespace
             UNION ALL SELECT 'procedures/' || proname FROM pg_proc
               WHERE pronamespace = current_schema()::regnamespace"
        }
        DbBackend::MySql => {
            "SELECT CONCAT('views/', TABLE_NAME) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()
             UNION ALL SELECT CONCAT('triggers/', TRIGGER_NAME) FROM information_schema.TRIGGERS
               WHERE TRIGGER_SCHEMA = DATABASE()
             UNION ALL SELECT CONCAT('procedures/', ROUTINE_NAME) FROM information_schema.ROUTINES
               WHERE ROUTINE_SCHEMA = DATABASE()
             UNION ALL SELECT CONCAT('events/', EVENT_NAME) FROM information_schema.EVENTS
               WHERE EVENT_SCHEMA = DATABASE() AND STATUS = 'ENABLED'"
        }
        _ => "SELECT type || 's/' || name FROM sqlite_master WHERE type IN ('view', 'trigger')",
    };
    let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await?;
    let mut names = rows.iter().map(|row| row.try_get_by(0)).collect::<Result<BTreeSet<String>, _>>()?;
    if backend == DbBackend::Postgres {
        // A schedule is a row of the extension's own; what was put there is taken for there.
        names.extend(recorded.keys().filter(|name| name.starts_with("events/")).cloned());
    }
    Ok(names)
}
