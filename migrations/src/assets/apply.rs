//! Making the database's assets what the program has. To be called by one process at a time: with the lock of the
//! migrations held.

use std::collections::BTreeSet;

use sea_orm_migration::prelude::{Expr, ExprTrait, Query};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, TransactionTrait};

use super::state::{AssetState, Look};
use super::{Asset, order};

/// One change: what is taken away, in this order, and what is then made.
struct Plan {
    removals: Vec<(String, String)>,
    creations: Vec<Asset>,
}

/// Drops what has changed or is not wanted any more, and makes what is missing. The names of both; none when all was
/// well. A database that a newer program has migrated is left as it is.
///
/// # Errors
/// Those of the driver, with the name of the asset. Nothing has changed then on engines that can roll schema changes
/// back; on MySQL the next call goes on where this one ended.
pub async fn apply(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let look = Look::at(connection).await?;
    if look.is_newer || !look.is_ready {
        return Ok(Vec::new());
    }
    let wrong = look.wanted.iter().filter(|asset| look.state_of(asset) != AssetState::Applied);
    let mut changing: BTreeSet<String> = wrong.map(|asset| asset.name.clone()).collect();
    changing.extend(look.unknown());
    let changing = order::with_dependents(changing, &look.wanted);
    let creations = look.wanted.iter().filter(|asset| changing.contains(&asset.name)).cloned().collect();
    run(connection, Plan { removals: removals(connection, &look, &changing), creations }).await?;
    Ok(changing.into_iter().collect())
}

/// Takes all assets away. The names of those that were recorded.
///
/// # Errors
/// Those of the driver.
pub async fn drop_all(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let look = Look::at(connection).await?;
    if !look.is_ready {
        return Ok(Vec::new());
    }
    let all: BTreeSet<String> =
        look.wanted.iter().map(|asset| asset.name.clone()).chain(look.unknown()).collect();
    run(connection, Plan { removals: removals(connection, &look, &all), creations: Vec::new() }).await?;
    Ok(look.recorded.into_keys().collect())
}

/// Takes one asset away, and those that require it. The names of all of them; none when nobody knows the name.
///
/// # Errors
/// Those of the driver.
pub async fn drop_one(connection: &DatabaseConnection, name: &str) -> Result<Vec<String>, DbErr> {
    let look = Look::at(connection).await?;
    let is_known = look.recorded.contains_key(name) || look.wanted.iter().any(|asset| asset.name == name);
    if !is_known || !look.is_ready {
        return Ok(Vec::new());
    }
    let names = order::with_dependents(BTreeSet::from([name.to_owned()]), &look.wanted);
    run(connection, Plan { removals: removals(connection, &look, &names), creations: Vec::new() }).await?;
    Ok(names.into_iter().collect())
}

/// First what nobody knows any more, then what is known, last made first. As it was recorded: the old shape may
/// have to be taken away differently.
fn removals(connection: &DatabaseConnection, look: &Look, names: &BTreeSet<String>) -> Vec<(String, String)> {
    let backend = connection.get_database_backend();
    let recorded = |name: &String| look.recorded.get(name).map(|(_, removal)| removal.clone());
    let known = look.wanted.iter().rev().filter(|asset| names.contains(&asset.name));
    let known = known
        .map(|asset| (asset.name.clone(), recorded(&asset.name).unwrap_or_else(|| asset.removal(backend))));
    let unknown = look.unknown().into_iter().filter(|name| names.contains(name));
    unknown.filter_map(|name| Some((name.clone(), recorded(&name)?))).chain(known).collect()
}

async fn run(connection: &DatabaseConnection, plan: Plan) -> Result<(), DbErr> {
    if plan.removals.is_empty() && plan.creations.is_empty() {
        return Ok(());
    }
    // MySQL commits with every such statement anyway.
    if connection.get_database_backend() == DbBackend::MySql {
        return step_by_step(connection, plan).await;
    }
    let transaction = connection.begin().await?;
    step_by_step(&transaction, plan).await?;
    transaction.commit().await
}

/// The record is the last to come and the first to go: what is in between is missing, and made anew.
async fn step_by_step(connection: &impl ConnectionTrait, plan: Plan) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    for (name, removal) in plan.removals {
        let forget = Query::delete()
            .from_table("database_assets")
            .and_where(Expr::col("name").eq(name.as_str()))
            .to_owned();
        connection.execute(&forget).await.map_err(|error| named(&name, &error))?;
        connection.execute_unprepared(&removal).await.map_err(|error| named(&name, &error))?;
    }
    for asset in plan.creations {
        connection
            .execute_unprepared(statement_of(asset.sql))
            .await
            .map_err(|error| named(&asset.name, &error))?;
        let record = Query::insert()
            .into_table("database_assets")
            .columns(["name", "checksum", "removal", "applied_at"])
            .values_panic([
                asset.name.as_str().into(),
                asset.checksum().into(),
                asset.removal(backend).into(),
                Expr::current_timestamp(),
            ])
            .to_owned();
        connection.execute(&record).await.map_err(|error| named(&asset.name, &error))?;
    }
    Ok(())
}

/// Without the comments in front.
fn statement_of(sql: &str) -> &str {
    let mut rest = sql;
    while rest.starts_with("--") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.trim_end()
}

fn named(name: &str, error: &DbErr) -> DbErr {
    DbErr::Custom(format!("{name}: {error}"))
}
