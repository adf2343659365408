//! Answers at even times: `wrap = "evenly()"` beside a route that must not tell what its answer took.
//!
//! The second line: such a route runs the same statements whatever it finds, and what is left between them (a row that is
//! there to be read, a page that is written) is far below a step.

use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};

/// Longer than most answers of such routes take, and too short to be noticed.
const STEP: Duration = Duration::from_millis(50);

/// Holds answers back until a whole number of steps has passed since the request. 200, a login, is given at once: it tells
/// more than its time could.
pub(crate) fn evenly<S, B>()
-> impl Transform<S, ServiceRequest, Response = ServiceResponse<B>, Error = Error, InitError = ()>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    from_fn(async move |request: ServiceRequest, next: Next<B>| {
        let begun = Instant::now();
        let answer = next.call(request).await;
        if !answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::OK) {
            tokio::time::sleep(left(begun.elapsed())).await;
        }
        answer
    })
}

/// Until the end of the step that has begun.
fn left(taken: Duration) -> Duration {
    let into = taken.as_nanos() % STEP.as_nanos();
    STEP.saturating_sub(Duration::from_nanos(u64::try_from(into).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_ended_and_no_more() {
        for (taken, wait) in [(0, 50), (1, 49), (49, 1), (50, 50), (51, 49), (130, 20)] {
            assert_eq!(left(Duration::from_millis(taken)), Duration::from_millis(wait), "{taken}");
        }
    }
}
