//! What use cases answer when they don't do what was asked. Closed: inbound adapters map each case once.

use std::time::Duration;

use ports::Kind;
use thiserror::Error;

use crate::auth::OAuthRefusal;

/// Shorthand for results of use cases.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a use case refused or failed. The source is for the log; callers see the rest.
#[derive(Debug, Error)]
pub enum Error {
    /// Values that are well-formed but not acceptable.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    /// A token from a mail that is unknown, spent or expired.
    #[error("the link is not valid any more")]
    TokenInvalid,
    /// The caller has not proven who they are.
    #[error("{}", .0.message())]
    Unauthenticated(AuthFailure),
    /// The caller is known and may not.
    #[error("you may not do this")]
    Forbidden,
    /// The tenant asks for a second factor, and the session was opened with one.
    #[error("this tenant asks for a second factor; log in with one")]
    MfaRequired,
    /// The password is right, the address is not proven yet.
    #[error("the e-mail address has not been verified yet")]
    EmailNotVerified,
    /// Not there, or not for the caller to see.
    #[error("not found")]
    NotFound,
    /// It would break a uniqueness rule, or something concurrent won.
    #[error("it conflicts with the current state")]
    Conflict,
    /// Somebody who came from another provider is not let in.
    #[error("{0}")]
    OAuth(OAuthRefusal),
    /// The refresh token's successor is in use already.
    #[error("a newer refresh token is in use already")]
    RefreshSuperseded,
    /// Something else was sent under this idempotency key.
    #[error("the idempotency key was used for a different request")]
    IdempotencyMismatch,
    /// The first request under this idempotency key has not been answered yet.
    #[error("a request with this idempotency key is in progress")]
    IdempotencyInProgress {
        /// When to come back.
        retry_after: Duration,
    },
    /// The row has changed since the caller read it.
    #[error("it has changed since it was read")]
    Precondition,
    /// Too many wrong passwords from this network.
    #[error("too many failed attempts")]
    Locked {
        /// When to come back.
        retry_after: Duration,
    },
    /// Too often.
    #[error("too many requests")]
    RateLimited {
        /// When to come back.
        retry_after: Duration,
    },
    /// Something that is needed does not answer.
    #[error("temporarily unavailable")]
    Unavailable(#[source] ports::Error),
    /// A bug or a broken environment.
    #[error("internal error")]
    Internal(#[source] ports::Error),
}

/// The ways of not being authenticated that callers can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    /// No or unusable credentials.
    Unauthenticated,
    /// Wrong password or unknown user, alike.
    InvalidCredentials,
    /// It was good once.
    TokenExpired,
    /// It has been ended.
    TokenRevoked,
    /// The proof of who they are is too old for what they ask.
    ReauthenticationRequired,
}

impl AuthFailure {
    /// Stable code, also the reason in the audit trail.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidCredentials => "invalid_credentials",
            Self::TokenExpired => "token_expired",
            Self::TokenRevoked => "token_revoked",
            Self::ReauthenticationRequired => "reauthentication_required",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::Unauthenticated => "authentication is required",
            Self::InvalidCredentials => "the credentials are not valid",
            Self::TokenExpired => "the token has expired",
            Self::TokenRevoked => "the token has been revoked",
            Self::ReauthenticationRequired => "prove again who you are, then repeat this",
        }
    }
}

/// One value that is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Its name in the request, camelCase, dots between levels.
    pub field: String,
    /// Stable code of the rule.
    pub code: &'static str,
    /// For people; follows "must" or "is".
    pub message: String,
}

impl FieldError {
    /// A value that its type refused. The error must not hold the value.
    pub(crate) fn new(field: &str, code: &'static str, error: &dyn std::error::Error) -> Self {
        Self { field: field.to_owned(), code, message: error.to_string() }
    }
}

impl Error {
    /// A single unacceptable value.
    pub fn field(field: &str, code: &'static str, message: impl ToString) -> Self {
        Self::Invalid(vec![FieldError { field: field.to_owned(), code, message: message.to_string() }])
    }

    /// True when something concurrent won and nothing has been done: the same again may succeed at once.
    pub fn is_contended(&self) -> bool {
        matches!(self, Self::Unavailable(source) if source.is_contended())
    }

    /// Stable code, part of the contract.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "validation_failed",
            Self::TokenInvalid => "token_invalid",
            Self::Unauthenticated(failure) => failure.code(),
            Self::Forbidden => "forbidden",
            Self::MfaRequired => "mfa_required",
            Self::EmailNotVerified => "email_not_verified",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::OAuth(refusal) => refusal.code(),
            Self::RefreshSuperseded => "refresh_superseded",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::IdempotencyInProgress { .. } => "idempotency_in_progress",
            Self::Precondition => "precondition_failed",
            Self::Locked { .. } => "account_locked",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<AuthFailure> for Error {
    fn from(failure: AuthFailure) -> Self {
        Self::Unauthenticated(failure)
    }
}

impl From<ports::Error> for Error {
    fn from(error: ports::Error) -> Self {
        match error.kind() {
            Kind::NotFound => Self::NotFound,
            Kind::Conflict => Self::Conflict,
            Kind::Precondition => Self::Precondition,
            Kind::RateLimited | Kind::Unavailable => Self::Unavailable(error),
            Kind::Unsupported | Kind::Internal => Self::Internal(error),
        }
    }
}
