//! `Idempotency-Key`: a POST that its caller may send again, and that acts once.
//!
//! A route declares it twice in one line each, `params(Once)` for readers and `once: Once` for the code, and calls
//! its use case inside [`Once::answer`] after having checked what the caller may do: whoever has lost a right
//! gets no kept answer either. What a request says is checked before its key is reserved; an unacceptable body
//! uses up no key.
//!
//! The answer is kept as it was rendered, `requestId` in the body included, so that the two can be matched in the
//! log; the header `x-request-id` is that of the request that got it.

mod key;

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder, web};
use application::Context;
use application::idempotency::{Repeatable, Reservation, Turn};
use futures_util::future::{Ready, ready};
use ports::{Answer, Chain};
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

use crate::State;
use crate::edge::render_failure;
use crate::extract::Caller;
use crate::respond::{Failure, Reply};

/// Its name.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that is given again.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// A request is given up before its lease on the key ends.
const MARGIN: Duration = Duration::from_secs(5);
/// The smallest engine keeps so much. Answers to creations are far below.
const LARGEST: usize = 65_535;

/// The body as it was received, content codings undone. [`Body`](crate::extract::Body) leaves it with requests that
/// have a key; not made canonical, because clients that repeat themselves send the same bytes.
pub(crate) struct Received(pub(crate) Vec<u8>);

/// Acts once per key. Without a key, each time.
pub(crate) struct Once {
    key: Option<String>,
    request: HttpRequest,
}

impl FromRequest for Once {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(key::of(request.headers()).map(|key| Self { key, request: request.clone() }))
    }
}

impl Once {
    /// Answers with what `act` gives, or with what it gave the first time. `act` gets the context to call its use
    /// case with; nothing of the use case lasts unless its answer does, so when a concurrent unit of work undoes either,
    /// `act` is called again.
    pub(crate) async fn answer<T: Serialize>(
        self,
        caller: Caller,
        act: impl AsyncFn(Context) -> Result<Reply<T>, Failure>,
    ) -> Result<HttpResponse, Failure> {
        let Self { key, request } = self;
        let context = caller.context();
        let turn = match key {
            Some(key) => turn(&request, &context, &key).await?,
            None => None,
        };
        match turn {
            None => Ok(act(context).await?.respond_to(&request)),
            Some(Turn::Again(answer)) => {
                let mut response = response_of(answer)?;
                response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                Ok(response)
            }
            Some(Turn::First(reservation)) => {
                let hold = Hold(Some(reservation.clone()));
                let attempt = || async {
                    let context = Context { reservation: Some(reservation.clone()), ..context.clone() };
                    settle(&reservation, act(context).await, &request).await
                };
                let answer = reservation.again(attempt, Settled::is_contended).await;
                hold.end(answer.kept).await;
                answer.response
            }
        }
    }
}

async fn turn(request: &HttpRequest, context: &Context, key: &str) -> Result<Option<Turn>, Failure> {
    let state = request.app_data::<web::Data<State>>().ok_or_else(Failure::internal)?;
    let received = request.extensions_mut().remove::<Received>().map(|received| received.0);
    let repeatable = Repeatable {
        key,
        target: &[request.method().as_str(), request.path()],
        sent: &[request.query_string().as_bytes(), received.as_deref().unwrap_or_default()],
    };
    let lease = state.edge.settings.request_timeout + MARGIN;
    Ok(state.app.idempotency.reserve(context, &repeatable, lease).await?)
}

/// What the caller gets, and whether the key is done with.
struct Settled {
    kept: bool,
    response: Result<HttpResponse, Failure>,
}

impl Settled {
    fn kept(response: Result<HttpResponse, Failure>) -> Self {
        Self { kept: true, response }
    }

    fn is_contended(&self) -> bool {
        matches!(&self.response, Err(failure) if failure.contended)
    }

    fn failed(failure: impl Into<Failure>) -> Self {
        Self { kept: false, response: Err(failure.into()) }
    }
}

async fn settle<T: Serialize>(
    reservation: &Reservation,
    outcome: Result<Reply<T>, Failure>,
    request: &HttpRequest,
) -> Settled {
    match outcome {
        Ok(reply) => settle_reply(reservation, reply.respond_to(request)).await,
        Err(failure) if lasts(failure.status) => {
            let kept = match answer_of(render_failure(request, &failure)) {
                Ok(answer) => reservation.keep_refusal(&answer).await.map_err(Failure::from),
                Err(too_large) => Err(too_large),
            };
            kept.map_or_else(Settled::failed, |()| Settled::kept(Err(failure)))
        }
        Err(failure) => Settled::failed(failure),
    }
}

async fn settle_reply(reservation: &Reservation, response: HttpResponse) -> Settled {
    if !response.status().is_success() {
        return Settled::failed(Failure::internal().because("the answer can't be written down"));
    }
    if holds_secret(response.headers()) {
        let committed = reservation.commit_unkept().await;
        return committed.map_or_else(Settled::failed, |()| Settled::kept(Ok(response)));
    }
    let answer = match answer_of(response) {
        Ok(answer) => answer,
        Err(failure) => return Settled::failed(failure),
    };
    match reservation.keep(&answer).await {
        Ok(()) => Settled::kept(response_of(answer)),
        Err(error) => Settled::failed(error),
    }
}

/// Refusals that would be the same again. All others are about this moment or about who asks.
fn lasts(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_FOUND
            | StatusCode::CONFLICT
            | StatusCode::PRECONDITION_FAILED
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

/// What [`Reply::secret`] says.
fn holds_secret(headers: &HeaderMap) -> bool {
    headers.get(header::CACHE_CONTROL).is_some_and(|value| value == "no-store")
}

fn answer_of(response: HttpResponse) -> Result<Answer, Failure> {
    let unfit = || Failure::internal().because("the answer is too large to be kept, so nothing was done");
    let status = response.status().as_u16();
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        value.to_str().ok().map(|value| (name.as_str().to_owned(), value.to_owned()))
    };
    let headers = response.headers().iter().filter_map(text).collect();
    let body = response.into_body().try_into_bytes().map_err(|_| unfit())?;
    if body.len() > LARGEST { Err(unfit()) } else { Ok(Answer { status, headers, body: body.to_vec() }) }
}

fn response_of(answer: Answer) -> Result<HttpResponse, Failure> {
    let unreadable = |_| Failure::internal().because("a kept answer can't be read");
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).map_err(unreadable)?);
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    Ok(response.body(answer.body))
}

/// Gives the key up when the request ends without an answer that is kept, even if nobody waits for it any more.
struct Hold(Option<Reservation>);

impl Hold {
    async fn end(mut self, kept: bool) {
        if let Some(reservation) = self.0.take()
            && !kept
        {
            release(reservation).await;
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let (Some(reservation), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(release(reservation));
        }
    }
}

async fn release(reservation: Reservation) {
    if let Err(error) = reservation.release().await {
        tracing::warn!(error = %Chain(&error), "an idempotency key was not given up; its lease will run out");
    }
}

impl IntoParams for Once {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
        let header = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "A name for this request, chosen by the caller: a quoted string or a token. Sent again within 24 \
                 hours, the request is not carried out again but answered as before, with `Idempotency-Replayed: \
                 true`.",
            ))
            .schema(Some(text));
        vec![header.build()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_this_moment_or_this_caller_are_not_kept() {
        for status in [404, 409, 412, 422] {
            assert!(lasts(StatusCode::from_u16(status).unwrap()), "{status}");
        }
        for status in [400, 401, 403, 408, 413, 415, 423, 429, 500, 503, 504] {
            assert!(!lasts(StatusCode::from_u16(status).unwrap()), "{status}");
        }
    }

    #[test]
    fn an_answer_is_given_again_as_it_was() {
        let request = actix_web::test::TestRequest::default().to_http_request();
        let reply = || Reply::accepted("done", "data").location("/x").version(3);
        let first = reply().respond_to(&request);
        assert!(!holds_secret(first.headers()));
        assert!(holds_secret(reply().secret().respond_to(&request).headers()));
        let answer = answer_of(first).expect("small enough");
        let again = response_of(answer.clone()).expect("readable");
        assert_eq!(again.status(), StatusCode::ACCEPTED);
        assert_eq!(again.headers().get(header::LOCATION).map(HeaderValue::as_bytes), Some(b"/x".as_slice()));
        assert_eq!(answer_of(again).expect("small enough"), answer);
    }

    #[test]
    fn what_is_too_large_to_be_kept_is_a_fault() {
        let sized = |length| HttpResponse::Ok().body(vec![b'x'; length]);
        assert!(answer_of(sized(LARGEST)).is_ok());
        let refused = answer_of(sized(LARGEST + 1)).expect_err("one byte too many");
        assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
