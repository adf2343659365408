//! Sets of data that an installation begins with: what every one needs, and a demo of any size.
//!
//! A seeder is a file here and a line in [`SEEDERS`]. It writes what is missing and nothing else: ids come from the
//! number of the row and the seed, so that a second run finds what the first one wrote, and a larger one adds the
//! rest. Rows are written in bulk, thousands per statement, one unit of work per chunk.

mod activity;
mod dice;
mod names;
mod people;
mod tenants;

use std::collections::HashSet;
use std::ops::Range;

use domain::{AuditEntry, Credential, Email, Job, Session, Timestamp, User};
use ports::{BulkTable, MembershipRow, TenantRows};
use secrecy::SecretString;

use crate::{Action, Context, Core, Error, Result, Work, first_start};
use dice::id;

pub use people::PASSWORD as DEMO_PASSWORD;

const LOAD: Action = Action { name: "seed.load", resource: "seed" };
/// Rows in the hand at a time, and per unit of work.
const CHUNK: u32 = 2_000;
/// Most users that can be asked for: as far as the days reach over which they are spread.
pub const MOST_USERS: u32 = 10_000_000;
/// Highest seed.
pub const LAST_SEED: u16 = 1_023;

const SEEDERS: &[Seeder] = &[
    // What every installation needs; the API writes the same at its first start.
    Seeder { name: "platform", after: &[], in_production: true, way: Way::FirstStart },
    tenants::SEEDER,
    people::SEEDER,
    activity::SEEDER,
];

/// One set of data. The order of [`SEEDERS`] is the order in which they run.
struct Seeder {
    name: &'static str,
    /// Those whose rows its own refer to.
    after: &'static [&'static str],
    /// Whether production may have it. A demo may not: its password is known to everybody.
    in_production: bool,
    way: Way,
}

enum Way {
    /// System roles, the default tenant, the platform administrator.
    FirstStart,
    Load(Load),
}

/// Things with numbers, of which the missing ones are written.
#[derive(Clone, Copy)]
struct Load {
    /// Where a thing is looked for, by the first of its ids.
    table: BulkTable,
    /// How many ids of that table one thing takes.
    ids: u32,
    /// How many things there are, for so many users.
    count: fn(u32) -> u32,
    /// The rows of things.
    rows: fn(&Draw, &[u32]) -> Result<Rows>,
}

/// What rows are made from, beside their numbers.
struct Draw {
    seed: u16,
    now: Timestamp,
    /// Of the one password.
    hash: String,
}

/// Rows of all kinds, to be written together.
#[derive(Default)]
struct Rows {
    tenants: Vec<TenantRows>,
    users: Vec<User>,
    credentials: Vec<Credential>,
    memberships: Vec<MembershipRow>,
    audit: Vec<AuditEntry>,
    sessions: Vec<Session>,
    jobs: Vec<Job>,
}

/// What to write.
pub struct Seeds {
    /// Users of the demo.
    pub users: u32,
    /// Another number gives other people, beside those of the first.
    pub seed: u16,
    /// The platform administrator of an empty database.
    pub administrator: (Email, SecretString),
}

/// What a seeder did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeded {
    /// Which one.
    pub name: &'static str,
    /// Rows written, of its main table.
    pub written: u64,
}

/// Use cases of seeding.
#[derive(Clone)]
pub struct Seeding {
    core: Core,
}

impl Seeding {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// The seeders that would run, in order: those named with what they stand on, or all that may run there.
    ///
    /// # Errors
    /// `Invalid` for a name that does not exist; `Forbidden` for one that production may not have.
    pub fn plan(only: &[String], production: bool) -> Result<Vec<&'static str>> {
        let mut wanted: HashSet<&str> = only.iter().map(String::as_str).collect();
        if let Some(unknown) = wanted.iter().find(|name| seeder(name).is_none()) {
            let known: Vec<_> = SEEDERS.iter().map(|seeder| seeder.name).collect();
            return Err(Error::field(unknown, "unknown", format!("is none of {}", known.join(", "))));
        }
        if only.is_empty() {
            wanted = SEEDERS.iter().filter(|it| it.in_production || !production).map(|it| it.name).collect();
        }
        // Backwards, because nothing stands on what comes later.
        for seeder in SEEDERS.iter().rev() {
            if wanted.contains(seeder.name) {
                if production && !seeder.in_production {
                    return Err(Error::Forbidden);
                }
                wanted.extend(seeder.after);
            }
        }
        Ok(SEEDERS.iter().map(|seeder| seeder.name).filter(|name| wanted.contains(name)).collect())
    }

    /// Runs one seeder of a plan.
    ///
    /// # Errors
    /// `Conflict` when somebody else has written what is missing: another run, or people with the demo's addresses.
    pub async fn run(&self, context: &Context, name: &str, seeds: &Seeds) -> Result<Seeded> {
        let seeder = seeder(name).ok_or(Error::NotFound)?;
        let written = match seeder.way {
            Way::FirstStart => {
                let (email, password) = &seeds.administrator;
                u64::from(first_start::run(&self.core, email, password).await?)
            }
            Way::Load(load) => self.load(context, seeder.name, load, seeds).await?,
        };
        Ok(Seeded { name: seeder.name, written })
    }

    async fn load(&self, context: &Context, name: &str, load: Load, seeds: &Seeds) -> Result<u64> {
        let hash = self.core.hasher.hash(&SecretString::from(DEMO_PASSWORD)).await?;
        let draw = Draw { seed: seeds.seed, now: self.core.clock.now(), hash };
        let mut written = 0;
        for chunk in chunks((load.count)(seeds.users)) {
            let missing = self.missing(load, draw.seed, chunk.clone()).await?;
            if missing.is_empty() {
                continue;
            }
            let rows = &(load.rows)(&draw, &missing)?;
            let about = format!("{name} {}-{} of seed {}", chunk.start, chunk.end - 1, draw.seed);
            let about = about.as_str();
            Work::run(&self.core, context, LOAD, |mut work| async move {
                work.on(about);
                rows.write(&work).await?;
                work.commit().await
            })
            .await?;
            written += missing.len() as u64;
        }
        Ok(written)
    }

    async fn missing(&self, load: Load, seed: u16, chunk: Range<u32>) -> Result<Vec<u32>> {
        let (first, last) = (id(seed, chunk.start * load.ids), id(seed, chunk.end * load.ids - 1));
        let present = self.core.store.bulk().present(load.table, first, last).await?;
        let present: HashSet<i64> = present.into_iter().collect();
        Ok(chunk.filter(|number| !present.contains(&id(seed, number * load.ids))).collect())
    }
}

impl Rows {
    /// What is referred to comes first.
    async fn write(&self, work: &Work<'_>) -> Result<()> {
        let bulk = work.tx().bulk();
        bulk.insert_tenants(&self.tenants).await?;
        bulk.insert_users(&self.users).await?;
        bulk.insert_credentials(&self.credentials).await?;
        bulk.insert_memberships(&self.memberships).await?;
        bulk.insert_audit_entries(&self.audit).await?;
        bulk.insert_sessions(&self.sessions).await?;
        Ok(bulk.insert_jobs(&self.jobs).await?)
    }
}

fn seeder(name: &str) -> Option<&'static Seeder> {
    SEEDERS.iter().find(|seeder| seeder.name == name)
}

fn chunks(count: u32) -> impl Iterator<Item = Range<u32>> {
    (0..count).step_by(CHUNK as usize).map(move |start| start..count.min(start + CHUNK))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(only: &[&str], production: bool) -> Result<Vec<&'static str>> {
        Seeding::plan(&only.iter().map(ToString::to_string).collect::<Vec<_>>(), production)
    }

    #[test]
    fn a_seeder_brings_what_it_stands_on() {
        let all = ["platform", "tenants", "people", "activity"];
        assert_eq!(plan(&[], false).unwrap(), all);
        assert_eq!(plan(&["activity"], false).unwrap(), all);
        assert_eq!(plan(&["people"], false).unwrap(), all[..3]);
        assert_eq!(plan(&["platform"], false).unwrap(), all[..1]);
        assert_eq!(plan(&["nobody"], false).unwrap_err().code(), "validation_failed");
    }

    #[test]
    fn production_gets_no_demo() {
        assert_eq!(plan(&[], true).unwrap(), ["platform"]);
        assert_eq!(plan(&["platform"], true).unwrap(), ["platform"]);
        for demo in ["tenants", "people", "activity"] {
            assert_eq!(plan(&[demo], true).unwrap_err().code(), "forbidden");
        }
    }

    #[test]
    fn every_seeder_comes_after_what_it_stands_on() {
        let position = |name: &str| SEEDERS.iter().position(|seeder| seeder.name == name).unwrap();
        for seeder in SEEDERS {
            assert!(seeder.after.iter().all(|before| position(before) < position(seeder.name)));
        }
    }

    #[test]
    fn chunks_cover_everything_once() {
        let covered: Vec<u32> = chunks(4_500).flatten().collect();
        assert_eq!(covered, (0..4_500).collect::<Vec<_>>());
        assert_eq!(chunks(4_500).count(), 3);
        assert_eq!(chunks(0).count(), 0);
    }
}
