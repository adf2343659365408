//! Sets of data to begin with, from the command line.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use application::Context;
use application::seeding::{DEMO_PASSWORD, Seeding, Seeds};

use super::operate;
use crate::api::administrator;
use crate::config::Loaded;
use crate::welcome::{self, Admin};

/// What a seeder did.
pub struct Seeded {
    /// Which one.
    pub name: &'static str,
    /// Rows written, of its main table.
    pub written: u64,
    /// How long it took.
    pub took: Duration,
}

/// Runs the seeders named, with what they stand on, or all that the environment may have. Tells of each as it ends.
/// Gives the password of the demo's people, if there are any.
///
/// # Errors
/// For a name that does not exist, or one that production may not have; when the database does not answer.
pub async fn seed(
    loaded: &Loaded,
    only: &[String],
    users: u32,
    seed: u16,
    mut told: impl FnMut(Seeded),
) -> Result<Option<&'static str>> {
    let config = &loaded.config;
    let plan = Seeding::plan(only, config.environment.is_production()).map_err(explained)?;
    operate(loaded, async |shared| {
        let administrator = administrator(config, shared)?;
        let seeds = Seeds { users, seed, administrator };
        for name in &plan {
            let begun = Instant::now();
            let done = shared.app.seeding.run(&Context::system("seed", None), name, &seeds).await;
            let done = done.with_context(|| format!("{name} could not be written"))?;
            if done.name == "platform" && done.written > 0 {
                let (email, password) = seeds.administrator.clone();
                welcome::print(config, Some(&Admin::of(config, &email, password)));
            }
            told(Seeded { name: done.name, written: done.written, took: begun.elapsed() });
        }
        Ok(plan.contains(&"people").then_some(DEMO_PASSWORD))
    })
    .await
}

fn explained(error: application::Error) -> anyhow::Error {
    match error {
        application::Error::Invalid(fields) => {
            let texts: Vec<_> =
                fields.iter().map(|field| format!("{} {}", field.field, field.message)).collect();
            anyhow::anyhow!("{}", texts.join("; "))
        }
        application::Error::Forbidden => {
            anyhow::anyhow!("the demo's password is known to everybody: production does not get it")
        }
        other => other.into(),
    }
}
