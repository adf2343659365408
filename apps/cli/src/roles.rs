//! `mainstay roles`.

use anyhow::Result;
use bootstrap::operator;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Roles {
    /// Print what an administrator does to give the service a role of its own.
    Sql,
}

pub(crate) fn execute(command: Roles) -> Result<()> {
    match command {
        Roles::Sql => print!("{}", operator::roles_sql(&operator::configuration()?)?),
    }
    Ok(())
}
