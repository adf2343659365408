//! `mainstay jobs`: background jobs and their queues.

use std::time::Duration;

use anyhow::{Result, bail};
use bootstrap::config::Loaded;
use bootstrap::operator::{self, Job, JobFilter, JobStatus, Reason};
use clap::{Args, Subcommand};
use uuid::Uuid;

#[derive(Subcommand)]
pub(crate) enum Jobs {
    /// List jobs, from new to old.
    List {
        #[command(flatten)]
        choice: Choice,
        /// How many at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
        limit: u64,
    },
    /// Show a job and why its tries failed.
    Show {
        /// The job's id.
        job: Uuid,
    },
    /// Let a job, or all failed, dead and cancelled ones that fit, run at once.
    Retry {
        /// The job's id.
        #[arg(required_unless_present_any = ["status", "queue", "kind"], conflicts_with_all = ["status", "queue", "kind"])]
        job: Option<Uuid>,
        #[command(flatten)]
        choice: Choice,
    },
    /// Cancel a job that waits, or tell one that runs to stop.
    Cancel {
        /// The job's id.
        job: Uuid,
    },
    /// Let a queue rest and wait until nothing of it runs.
    Drain {
        /// The queue's name.
        queue: String,
        /// How long to wait.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Let a queue go on.
    Resume {
        /// The queue's name.
        queue: String,
    },
    /// Tell what is in the queues.
    Stats,
}

#[derive(Args)]
pub(crate) struct Choice {
    /// scheduled, queued, running, succeeded, failed, dead or cancelled.
    #[arg(long, value_parser = JobStatus::parse)]
    status: Option<JobStatus>,
    /// In this queue.
    #[arg(long)]
    queue: Option<String>,
    /// Of this kind.
    #[arg(long)]
    kind: Option<String>,
}

impl From<Choice> for JobFilter {
    fn from(Choice { status, queue, kind }: Choice) -> Self {
        Self { status, queue, kind }
    }
}

pub(crate) async fn execute(command: Jobs) -> Result<()> {
    let loaded = operator::configuration()?;
    match command {
        Jobs::List { choice, limit } => {
            operator::jobs_list(&loaded, &choice.into(), limit).await?.iter().for_each(line);
        }
        Jobs::Show { job } => show(&loaded, job).await?,
        Jobs::Retry { job: Some(job), .. } => {
            operator::jobs_retry(&loaded, job).await?;
            println!("{job} can run");
        }
        Jobs::Retry { job: None, choice } => {
            println!("{} jobs can run", operator::jobs_retry_some(&loaded, &choice.into()).await?);
        }
        Jobs::Cancel { job } => match operator::jobs_cancel(&loaded, job).await?.status {
            JobStatus::Running => println!("{job} is told to stop"),
            _ => println!("{job} is cancelled"),
        },
        Jobs::Drain { queue, seconds } => {
            match operator::jobs_drain(&loaded, &queue, Duration::from_secs(seconds)).await? {
                0 => println!("{queue} rests, and nothing of it runs"),
                running => bail!("{queue} rests, but {running} jobs still run"),
            }
        }
        Jobs::Resume { queue } => {
            operator::jobs_resume(&loaded, &queue).await?;
            println!("{queue} goes on");
        }
        Jobs::Stats => stats(&loaded).await?,
    }
    Ok(())
}

fn line(job: &Job) {
    let reason = job.last_reason.map_or("", Reason::as_str);
    let error = job.last_error.as_deref().unwrap_or_default();
    println!(
        "{}  {:<9}  {}  {}  {}/{}  {reason} {error}",
        job.uuid,
        job.status.as_str(),
        job.queue,
        job.kind,
        job.attempt,
        job.max_attempts
    );
}

async fn show(loaded: &Loaded, uuid: Uuid) -> Result<()> {
    let (job, attempts) = operator::jobs_show(loaded, uuid).await?;
    line(&job);
    println!("written {}, due {}", job.created_at, job.run_at);
    if let Some(moment) = job.started_at {
        println!("latest try began {moment}");
    }
    if let Some(moment) = job.cancel_requested_at {
        println!("told to stop {moment}");
    }
    if let Some(moment) = job.finished_at {
        println!("ended {moment}");
    }
    println!("payload {}", job.payload);
    if let Some(result) = job.result {
        println!("result {result}");
    }
    for attempt in attempts {
        let trouble = attempt.trouble;
        println!(
            "try {} ended {}: {}: {}",
            attempt.number,
            attempt.ended_at,
            trouble.reason.as_str(),
            trouble.error
        );
    }
    Ok(())
}

async fn stats(loaded: &Loaded) -> Result<()> {
    println!(
        "{:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "queue", "due", "later", "running", "failed", "dead", "done/min"
    );
    for queue in operator::jobs_stats(loaded).await? {
        let since = queue.oldest.map(|moment| format!("  oldest since {moment}")).unwrap_or_default();
        let rests = queue.paused_at.map(|moment| format!("  rests since {moment}")).unwrap_or_default();
        println!(
            "{:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}{since}{rests}",
            queue.name, queue.due, queue.scheduled, queue.running, queue.failed, queue.dead, queue.succeeded
        );
    }
    Ok(())
}
