//! Recurring work: each time of a schedule causes one job, whichever and however many processes look at the clock.
//!
//! The job and the step of the schedule commit together, and the step is a condition on the row: whoever comes second
//! finds that the time is taken. So nobody is elected, and nothing is held while nothing is due.

mod catalogue;

pub use catalogue::{SCHEDULES, Schedule};

use domain::{Cron, Job, Misfire, ScheduleState, Timestamp, spread};
use ports::{Kind, Tx};

use crate::jobs::{JobSpec, new_job};
use crate::{Action, Context, Core, Error, Result, Work};

const RUN: Action = Action { name: "schedule.run", resource: "schedule" };
const PAUSE: Action = Action { name: "schedule.pause", resource: "schedule" };
const RESUME: Action = Action { name: "schedule.resume", resource: "schedule" };

/// A schedule as operators see it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What was planned.
    pub schedule: &'static Schedule,
    /// How far it is.
    pub state: ScheduleState,
    /// When it is due next; never while it is paused.
    pub next: Option<Timestamp>,
}

/// Use cases on schedules.
#[derive(Clone)]
pub struct Schedules {
    core: Core,
}

impl Schedules {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// All schedules of this release, by name. One that no worker has seen yet begins now.
    pub async fn list(&self) -> Result<Vec<Planned>> {
        let now = self.core.clock.now();
        let states = self.noted(now).await?;
        let known = states.into_iter().filter_map(|state| Some((find(&state.name)?, state)));
        known.map(|(schedule, state)| planned(schedule, state, now)).collect()
    }

    /// Causes the jobs whose time has come. When something is due next.
    pub async fn tick(&self) -> Result<Option<Timestamp>> {
        let now = self.core.clock.now();
        let mut next = None;
        for state in self.noted(now).await? {
            // One of another release is left to that.
            let Some(schedule) = find(&state.name) else { continue };
            if state.paused_at.is_some() {
                continue;
            }
            let cron = cron(schedule)?;
            let due = cron.due(state.last_tick, now, schedule.misfire);
            if let Some(due) = due {
                self.fire(schedule, due).await?;
            }
            let backlog = due.filter(|_| schedule.misfire == Misfire::RunEach);
            next = [next, cron.next_after(backlog.unwrap_or(now))].into_iter().flatten().min();
        }
        Ok(next)
    }

    /// Whoever comes second finds the time taken, and causes nothing.
    async fn fire(&self, schedule: &'static Schedule, due: Timestamp) -> Result<()> {
        let context = Context::system("scheduler", None);
        let delay = spread(schedule.jitter, self.chance()?);
        let job = new_job(&self.core, &context, JobSpec { delay, ..schedule.job()? })?;
        let fire = || async {
            let tx = self.core.store.begin().await?;
            if tx.schedules().take(schedule.name, due, job.uuid).await? {
                tx.jobs().enqueue(&job).await?;
                tx.commit().await?;
            }
            Ok(())
        };
        self.core.again(fire).await
    }

    fn chance(&self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.core.random.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// What this release knows, noted where it is new.
    async fn noted(&self, now: Timestamp) -> Result<Vec<ScheduleState>> {
        let states = self.core.store.schedules().all().await?;
        let is_new = |schedule: &&Schedule| states.iter().all(|state| state.name != schedule.name);
        let new: Vec<_> = SCHEDULES.iter().filter(is_new).collect();
        if new.is_empty() {
            return Ok(states);
        }
        let note = || async {
            let tx = self.core.store.begin().await?;
            for schedule in &new {
                tx.schedules().note(schedule.name, now).await?;
            }
            Ok(tx.commit().await?)
        };
        self.core.again(note).await?;
        Ok(self.core.store.schedules().all().await?)
    }

    /// Causes the job of a schedule now, whether or not it rests. Its times stay as they are.
    pub async fn run(&self, context: &Context, name: &str) -> Result<Job> {
        let schedule = find(name).ok_or(Error::NotFound)?;
        self.noted(self.core.clock.now()).await?;
        Work::run(&self.core, context, RUN, |mut work| async move {
            work.on(name);
            let job = work.enqueue(schedule.job()?).await?.ok_or(Error::Conflict)?;
            work.tx().schedules().ran(name, job.uuid).await?;
            work.commit().await?;
            Ok(job.into())
        })
        .await
    }

    /// Lets a schedule rest, on all workers from now on.
    pub async fn pause(&self, context: &Context, name: &str) -> Result<Planned> {
        let now = self.core.clock.now();
        self.change(context, PAUSE, name, async |tx| tx.schedules().pause(name, now).await).await
    }

    /// Lets a schedule go on. What was due meanwhile is left out.
    pub async fn resume(&self, context: &Context, name: &str) -> Result<Planned> {
        let now = self.core.clock.now();
        self.change(context, RESUME, name, async |tx| tx.schedules().resume(name, now).await).await
    }

    async fn change(
        &self,
        context: &Context,
        action: Action,
        name: &str,
        change: impl AsyncFn(&dyn Tx) -> ports::Result<()>,
    ) -> Result<Planned> {
        let schedule = find(name).ok_or(Error::NotFound)?;
        let now = self.core.clock.now();
        self.noted(now).await?;
        let change = &change;
        Work::run(&self.core, context, action, |mut work| async move {
            work.on(name);
            change(work.tx()).await?;
            let mut states = work.tx().schedules().all().await?.into_iter();
            let state = states.find(|state| state.name == name).ok_or(Error::NotFound)?;
            work.commit().await?;
            planned(schedule, state, now)
        })
        .await
    }
}

fn find(name: &str) -> Option<&'static Schedule> {
    SCHEDULES.iter().find(|schedule| schedule.name == name)
}

/// What stands in the catalogue parses; a test sees to that.
fn cron(schedule: &Schedule) -> Result<Cron> {
    let wrong = |error| ports::Error::with(Kind::Internal, "schedules.cron", error);
    Ok(Cron::parse(schedule.cron, schedule.zone).map_err(wrong)?)
}

fn planned(schedule: &'static Schedule, state: ScheduleState, now: Timestamp) -> Result<Planned> {
    let next = if state.paused_at.is_none() { cron(schedule)?.next_after(now) } else { None };
    Ok(Planned { schedule, state, next })
}
