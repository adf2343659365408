//! Failures. Routes and extractors return one; the edge renders it, because only there it is known whether the
//! caller wants the envelope or problem+json, and under which request id.

use std::fmt;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use application::{AuthFailure, Error, FieldError};
use ports::Chain;
use serde::Serialize;
use utoipa::ToSchema;

/// What a caller gets to see of something that went wrong, and for the log its cause.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    message: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    challenge: bool,
    /// A concurrent unit of work won; the same again may succeed at once.
    pub(crate) contended: bool,
    pub(crate) cause: Option<String>,
}

/// How long to stay away when nobody knows better.
const SOON: Duration = Duration::from_secs(1);

impl Failure {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            errors: Vec::new(),
            retry_after: None,
            challenge: false,
            contended: false,
            cause: None,
        }
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side")
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", message)
    }

    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        Error::Invalid(errors).into()
    }

    pub(crate) fn unavailable() -> Self {
        let failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "temporarily unavailable");
        Self { retry_after: Some(SOON), ..failure }
    }

    /// For statuses that the framework itself answers with.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::NOT_FOUND => ("not_found", "not found"),
            StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this method is not supported here"),
            StatusCode::NOT_ACCEPTABLE => ("not_acceptable", "none of the accepted types can be given"),
            StatusCode::REQUEST_TIMEOUT => ("request_timeout", "the request took too long to arrive"),
            StatusCode::PAYLOAD_TOO_LARGE => ("payload_too_large", "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("unsupported_media_type", "the body must be application/json")
            }
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => ("headers_too_large", "the headers are too large"),
            StatusCode::FORBIDDEN => ("forbidden", "you may not do this"),
            StatusCode::GATEWAY_TIMEOUT => ("timeout", "it took too long"),
            StatusCode::SERVICE_UNAVAILABLE => return Self::unavailable(),
            status if status.is_client_error() => ("malformed_request", "the request can't be read"),
            _ => return Self::internal(),
        };
        Self::new(status, code, message)
    }

    /// Names the cause, for the log only.
    pub(crate) fn because(self, cause: &str) -> Self {
        Self { cause: Some(cause.to_owned()), ..self }
    }

    /// The place-holder that the edge replaces.
    pub(crate) fn response(self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status);
        response.extensions_mut().insert(self);
        response
    }

    /// The headers that belong to it.
    pub(crate) fn write_headers(&self, headers: &mut HeaderMap) {
        if let Some(after) = self.retry_after {
            // Rounded up: coming back too early would be refused again.
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.challenge {
            // RFC 6750, section 3: no error attribute when no credentials were presented.
            let challenge = match self.code {
                "token_expired" | "token_revoked" => "Bearer error=\"invalid_token\"",
                // RFC 9470, section 3; the age is `domain::STEP_UP`.
                "reauthentication_required" => {
                    "Bearer error=\"insufficient_user_authentication\", max_age=600"
                }
                _ => "Bearer",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
    }

    /// The house's own form.
    pub(crate) fn envelope(&self, request_id: &str) -> ErrorBody<'_> {
        ErrorBody {
            success: false,
            status_code: self.status.as_u16(),
            message: &self.message,
            code: self.code,
            errors: self.errors(),
            request_id: request_id.to_owned(),
        }
    }

    /// RFC 9457, section 3, with our fields as extensions.
    pub(crate) fn problem(&self, request_id: &str, path: &str) -> Problem<'_> {
        Problem {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.message,
            instance: path.to_owned(),
            code: self.code,
            errors: self.errors(),
            request_id: request_id.to_owned(),
        }
    }

    fn errors(&self) -> Option<Vec<FieldErrorBody<'_>>> {
        fn body(error: &FieldError) -> FieldErrorBody<'_> {
            FieldErrorBody { field: &error.field, code: error.code, message: &error.message }
        }
        (!self.errors.is_empty()).then(|| self.errors.iter().map(body).collect())
    }
}

/// Every failure. With `Accept: application/problem+json` it is a problem document (RFC 9457) with the same
/// `code`, `errors` and `requestId`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"success": false, "statusCode": 401, "message": "authentication is required", "code": "unauthenticated", "requestId": "0198c5c0-7b6e-7000-8000-000000000000"}))]
pub(crate) struct ErrorBody<'a> {
    /// Always false.
    success: bool,
    /// The HTTP status again.
    status_code: u16,
    /// For people.
    message: &'a str,
    /// For programs; stable.
    code: &'a str,
    /// Fields that are not acceptable.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldErrorBody<'a>>>,
    /// Name it when you ask for help.
    request_id: String,
}

/// One field that is not acceptable.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldErrorBody<'a> {
    /// Its name, dots between levels.
    field: &'a str,
    /// The broken rule; stable.
    code: &'a str,
    /// For people.
    message: &'a str,
}

/// A problem document.
#[derive(Debug, Serialize)]
pub(crate) struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: String,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldErrorBody<'a>>>,
    #[serde(rename = "requestId")]
    request_id: String,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Invalid(_) | Error::TokenInvalid | Error::IdempotencyMismatch => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Error::Forbidden | Error::EmailNotVerified | Error::MfaRequired | Error::OAuth(_) => {
                StatusCode::FORBIDDEN
            }
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::Conflict | Error::RefreshSuperseded | Error::IdempotencyInProgress { .. } => {
                StatusCode::CONFLICT
            }
            Error::Precondition => StatusCode::PRECONDITION_FAILED,
            Error::Locked { .. } => StatusCode::LOCKED,
            Error::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let failure = Self::new(status, error.code(), error.to_string());
        let failure = Self { contended: error.is_contended(), ..failure };
        match error {
            Error::Invalid(errors) => Self { errors, ..failure },
            Error::Unauthenticated(_) => Self { challenge: true, ..failure },
            Error::Locked { retry_after }
            | Error::RateLimited { retry_after }
            | Error::IdempotencyInProgress { retry_after } => {
                Self { retry_after: Some(retry_after), ..failure }
            }
            Error::Unavailable(source) => {
                Self { retry_after: Some(SOON), cause: Some(Chain(&source).to_string()), ..failure }
            }
            Error::Internal(source) => Self { cause: Some(Chain(&source).to_string()), ..failure },
            _ => failure,
        }
    }
}

impl From<AuthFailure> for Failure {
    fn from(failure: AuthFailure) -> Self {
        Error::from(failure).into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.clone().response()
    }
}
