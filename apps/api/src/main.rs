//! `mainstay-api`: serves HTTP, and runs jobs too unless told otherwise.

use std::process::ExitCode;

fn main() -> ExitCode {
    bootstrap::run(bootstrap::Program::Api)
}
