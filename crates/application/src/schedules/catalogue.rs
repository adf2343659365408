//! What is done again and again, in one readable place.

use std::time::Duration;

use domain::Misfire;
use serde_json::json;

use crate::jobs::{JobSpec, kind};
use crate::{Error, Result};

/// Recurring work: a kind of job, and when it is due.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Its own name, and that of the kind of job: these need no argument.
    pub name: &'static str,
    /// A cron expression: five fields, or six with the second in front.
    pub cron: &'static str,
    /// The time zone that it is read in.
    pub zone: &'static str,
    /// The job begins at most so much later, by chance.
    pub jitter: Duration,
    /// What becomes of times at which no worker ran.
    pub misfire: Misfire,
}

impl Schedule {
    /// The job that is caused.
    pub(super) fn job(&self) -> Result<JobSpec> {
        let kind = kind(self.name).ok_or(Error::NotFound)?;
        Ok(JobSpec::now(kind, json!({})))
    }
}

/// Upkeep: missing some of it is made good by doing it once.
const fn upkeep(name: &'static str, cron: &'static str) -> Schedule {
    Schedule { name, cron, zone: "UTC", jitter: Duration::from_secs(60), misfire: Misfire::RunOnce }
}

/// All of them.
pub const SCHEDULES: &[Schedule] =
    &[upkeep("keys.tend", "23 * * * *"), upkeep("maintenance.purge", "7 * * * *")];

#[cfg(test)]
mod tests {
    use domain::Cron;

    use super::*;

    #[test]
    fn each_names_a_kind_and_a_time() {
        for schedule in SCHEDULES {
            assert!(schedule.job().is_ok(), "{}", schedule.name);
            Cron::parse(schedule.cron, schedule.zone).unwrap();
        }
    }
}
