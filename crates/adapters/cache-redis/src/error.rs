//! What the server's failures mean to the core, and whether the connection is still good.

use deadpool_redis::redis::{RedisError, ServerErrorKind};
use ports::{Error, Kind};

/// Whether to look for another connection: this one is broken, or leads to a server that has stopped being the one
/// to write to.
pub(crate) fn breaks_the_link(error: &RedisError) -> bool {
    let demoted = matches!(error.code(), Some("READONLY" | "MASTERDOWN" | "LOADING" | "CLUSTERDOWN"));
    demoted || error.is_io_error() || error.is_timeout() || error.is_unrecoverable_error()
}

/// The server answered, and refused.
pub(crate) fn refused(error: RedisError, operation: &'static str) -> Error {
    let kind = match error.code() {
        // The script found something else than it works on.
        Some("WRONGTYPE") => Kind::Conflict,
        _ if error.to_string().contains("not an integer") => Kind::Conflict,
        // A server without room, or one that is being reconfigured, is one that can't be used now.
        Some("OOM" | "MISCONF" | "NOREPLICAS" | "TRYAGAIN" | "BUSY" | "UNKILLABLE") => Kind::Unavailable,
        _ if breaks_the_link(&error) => Kind::Unavailable,
        _ if matches!(error.kind(), deadpool_redis::redis::ErrorKind::Server(ServerErrorKind::ExecAbort)) => {
            Kind::Unavailable
        }
        _ => Kind::Internal,
    };
    Error::with(kind, operation, error)
}

/// There is no connection, or it did not answer in time.
pub(crate) fn away(operation: &'static str, why: &'static str) -> Error {
    Error::with(Kind::Unavailable, operation, why)
}
