//! How tries of jobs go wrong.

use thiserror::Error;

use crate::Timestamp;

/// Why a try ended without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The handler said so, and that another try may help.
    Failed,
    /// The handler panicked.
    Panicked,
    /// It took longer than its kind may.
    TimedOut,
    /// The worker's process ended, or was taken for gone, while it ran.
    WorkerLost,
    /// The payload is not what the handler reads.
    Payload,
    /// No handler is there for the kind.
    UnknownKind,
    /// The handler said that no further try will help.
    Refused,
    /// An operator wanted it to stop.
    Cancelled,
}

/// A stored reason that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("is not a reason")]
pub struct UnknownReason;

impl Reason {
    const ALL: [Self; 8] = [
        Self::Failed,
        Self::Panicked,
        Self::TimedOut,
        Self::WorkerLost,
        Self::Payload,
        Self::UnknownKind,
        Self::Refused,
        Self::Cancelled,
    ];

    /// The stored and shown form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed-out",
            Self::WorkerLost => "worker-lost",
            Self::Payload => "payload",
            Self::UnknownKind => "unknown-kind",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`UnknownReason`] for anything else.
    pub fn parse(text: &str) -> Result<Self, UnknownReason> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or(UnknownReason)
    }

    /// Whether the same again would end the same, so that nothing is tried again.
    pub fn is_final(self) -> bool {
        match self {
            Self::Failed | Self::Panicked | Self::TimedOut | Self::WorkerLost => false,
            Self::Payload | Self::UnknownKind | Self::Refused | Self::Cancelled => true,
        }
    }
}

/// What went wrong with a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of thing.
    pub reason: Reason,
    /// In words, for operators.
    pub error: String,
}

impl Trouble {
    /// Longest text that is kept, in characters: a handler may quote a whole answer of somebody.
    const LONGEST: usize = 4000;

    /// Of this kind, in these words.
    pub fn new(reason: Reason, error: &str) -> Self {
        let cut = error.char_indices().nth(Self::LONGEST).map_or(error, |(end, _)| &error[..end]);
        Self { reason, error: cut.to_owned() }
    }
}

/// A try that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number among those since the job was written, or since an operator let it begin anew.
    pub number: i32,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it was known to have ended.
    pub ended_at: Timestamp,
    /// What went wrong.
    pub trouble: Trouble,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read_as_written() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Ok(reason));
        }
        assert_eq!(Reason::parse("Failed"), Err(UnknownReason));
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let long = "ü".repeat(5000);
        assert_eq!(Trouble::new(Reason::Failed, &long).error.chars().count(), 4000);
        assert_eq!(Trouble::new(Reason::Failed, "short").error, "short");
    }
}
