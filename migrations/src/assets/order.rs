//! What comes before what.

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::DbErr;

use super::Asset;

/// The assets in an order in which each finds what it requires.
///
/// # Errors
/// When one requires what is not there, or itself by way of others.
pub(super) fn sorted(assets: Vec<Asset>) -> Result<Vec<Asset>, DbErr> {
    let (mut sorted, mut waiting): (Vec<Asset>, Vec<Asset>) = (Vec::new(), assets);
    while !waiting.is_empty() {
        let is_there = |name: &&str| sorted.iter().any(|asset: &Asset| asset.name == *name);
        let (ready, rest): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|asset| asset.header.requires.iter().all(is_there));
        if ready.is_empty() {
            let names: Vec<&str> = rest.iter().map(|asset| asset.name.as_str()).collect();
            return Err(DbErr::Custom(format!("these assets wait for each other, or for nobody: {names:?}")));
        }
        sorted.extend(ready);
        waiting = rest;
    }
    Ok(sorted)
}

/// These and all that require them, however indirectly.
pub(super) fn with_dependents(names: BTreeSet<String>, sorted: &[Asset]) -> BTreeSet<String> {
    let mut all = names;
    for asset in sorted {
        if asset.header.requires.iter().any(|name| all.contains(*name)) {
            all.insert(asset.name.clone());
        }
    }
    all
}
