//! `mainstay-worker`: runs jobs and tells events.

use std::process::ExitCode;

fn main() -> ExitCode {
    bootstrap::run(bootstrap::Program::Worker)
}
