//! The one error of all ports.

use std::error::Error as StdError;
use std::fmt;

/// Shorthand for results of ports.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, in terms the core can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The thing is not there.
    NotFound,
    /// A uniqueness rule or a concurrent change stands in the way.
    Conflict,
    /// The row is no longer at the version the caller saw.
    Precondition,
    /// The other side asks to slow down, or a bound of ours is reached.
    RateLimited,
    /// The other side does not answer, or is not ready.
    Unavailable,
    /// This adapter cannot do it.
    Unsupported,
    /// Anything else: a bug or a broken environment.
    Internal,
}

/// An error of a port. It names the operation and keeps the driver's own error as its source, for the log;
/// it never names the driver.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    operation: &'static str,
    contended: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error without a deeper cause.
    pub fn new(kind: Kind, operation: &'static str) -> Self {
        Self { kind, operation, contended: false, source: None }
    }

    /// An error with the driver's error as its cause.
    pub fn with(
        kind: Kind,
        operation: &'static str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { kind, operation, contended: false, source: Some(source.into()) }
    }

    /// `Unavailable` because a concurrent unit of work won.
    pub fn contended(operation: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { contended: true, ..Self::with(Kind::Unavailable, operation, source) }
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// During what.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// True when a concurrent unit of work won: nothing of this one has happened, nothing is wrong with what was
    /// asked, and the same again, from its beginning, may succeed at once.
    pub fn is_contended(&self) -> bool {
        self.contended
    }

    /// True when the same call may succeed later, unchanged.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, Kind::RateLimited | Kind::Unavailable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.operation, self.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Conveniences on results of ports.
pub trait ResultExt<T> {
    /// A missing thing is `None` instead of an error.
    fn optional(self) -> Result<Option<T>>;
}

impl<T> ResultExt<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Prints an error with all its causes on one line, for the log. Callers never see it.
pub struct Chain<'a>(pub &'a (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
