//! The life of a process: configuration, telemetry, runtime, signals, exit status.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::config::{Config, EXIT_STATUS, Loaded, LogFormat, Problems, Source};
use crate::{api, drivers, fail_points, worker};

/// The long-running programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `mainstay-api`.
    Api,
    /// `mainstay-worker`.
    Worker,
}

/// Runs a program to its end: status 0 after a signal, 78 for a refused configuration, 1 otherwise.
#[allow(
    clippy::print_stderr,
    reason = "before telemetry is set up, and when it can't be, standard error is all there is"
)]
pub fn run(program: Program) -> ExitCode {
    let loaded = match load() {
        Ok(loaded) => loaded,
        Err(problems) => {
            eprintln!("{problems}");
            return ExitCode::from(EXIT_STATUS);
        }
    };
    match supervise(program, loaded) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped by an error");
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the configuration of this process.
pub(crate) fn load() -> Result<Loaded> {
    let source = Source::from_process().context("the working directory can't be read")?;
    Ok(configure(&source)?)
}

/// Reads a configuration from elsewhere: for tests, which are their own environment.
///
/// # Errors
/// All its problems.
pub fn configure(source: &Source) -> Result<Loaded, Problems> {
    Config::load(source, &drivers::schemes())
}

fn supervise(program: Program, loaded: Loaded) -> Result<()> {
    let _telemetry =
        telemetry::init(&telemetry_settings(program, &loaded.config)).context("can't set up logging")?;
    let _armed = fail_points::arm(&loaded.config);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("can't start threads")?;
    runtime.block_on(async {
        match program {
            Program::Api => api::run(loaded).await,
            Program::Worker => worker::run(loaded).await,
        }
    })
}

fn telemetry_settings(program: Program, config: &Config) -> telemetry::Settings {
    telemetry::Settings {
        service: match program {
            Program::Api => "mainstay-api",
            Program::Worker => "mainstay-worker",
        },
        format: match config.log.format {
            LogFormat::Pretty => telemetry::Format::Pretty,
            LogFormat::Json => telemetry::Format::Json,
        },
        level: config.log.level.as_str().to_owned(),
        otlp_endpoint: config.telemetry.otlp_endpoint.as_ref().map(|url| url.expose().to_owned()),
    }
}
