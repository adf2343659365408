//! A tenant as a stream of lines, to be kept or to be taken to another installation. `docs/tenant-archives.md`
//! describes the lines for whoever reads them without this program.
//!
//! It does not know where the lines go, nor that they are compressed and encrypted there.

mod export;
mod import;
mod lines;

use ports::{Error as PortError, Kind};

use crate::Core;
use crate::tenants::Tenants;

pub use export::Export;
pub use import::Imported;

/// Rows in the hand at a time, and per statement.
const BATCH: usize = 500;

/// Use cases of taking tenants out and in.
#[derive(Clone)]
pub struct TenantArchives {
    core: Core,
    /// Who makes the tokens of invitations.
    tenants: Tenants,
}

impl TenantArchives {
    pub(crate) fn new(core: Core, tenants: Tenants) -> Self {
        Self { core, tenants }
    }
}

/// Lines that no export writes.
fn unreadable(how: impl Into<String>) -> PortError {
    PortError::with(
        Kind::Internal,
        "tenant_archives.read",
        format!("the content can't be read: {}", how.into()),
    )
}
