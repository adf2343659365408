//! The unit of work under a key, seen from the use cases: what commits with an answer, and what does not.

use std::time::Duration;

use application::idempotency::{Repeatable, Reservation, Turn};
use application::jobs::{JobSpec, kind};
use application::{Ask, Context, Error};
use domain::{Actor, TenantScope};
use ports::{Answer, JobFilter};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{App, profiles};

const LEASE: Duration = Duration::from_secs(10);

fn context() -> Context {
    let actor = Actor::User { id: 1, uuid: Uuid::from_u128(1) };
    Context { actor, scope: TenantScope::Platform, ..Context::system("test", None) }
}

async fn reserved(app: &App) -> (Reservation, Context) {
    let request = Repeatable { key: "k", target: &["POST", "/x"], sent: &[b"body"] };
    let turn = app.use_cases().idempotency.reserve(&context(), &request, LEASE).await.unwrap();
    let Some(Turn::First(reservation)) = turn else { panic!("{turn:?}") };
    let context = Context { reservation: Some(reservation.clone()), ..context() };
    (reservation, context)
}

async fn submit(app: &App, context: &Context, unique: &str) -> Result<(), Error> {
    let spec = JobSpec::now(kind("diagnostics.echo").unwrap(), json!({})).unique(unique.to_owned());
    app.use_cases().jobs.submit(context, spec).await.map(drop)
}

fn answer() -> Answer {
    Answer { status: 202, headers: Vec::new(), body: b"done".to_vec() }
}

async fn echoes(app: &App) -> usize {
    let filter = JobFilter { kind: Some("diagnostics.echo".to_owned()), ..JobFilter::default() };
    app.use_cases().jobs.list(&filter, &Ask::default()).await.unwrap().rows.len()
}

profiles! {
    [owned_clock()]

    async fn several_units_of_work_commit_with_one_answer(app: &App) {
        let (reservation, context) = reserved(app).await;
        submit(app, &context, "a").await.unwrap();
        submit(app, &context, "b").await.unwrap();
        assert_eq!(echoes(app).await, 0, "not before the answer");
        reservation.keep(&answer()).await.unwrap();
        assert_eq!(echoes(app).await, 2);
    }

    /// The use case believes to have committed the first; it must not be told that it has.
    async fn a_later_unit_that_fails_undoes_an_earlier_one(app: &App) {
        let (reservation, context) = reserved(app).await;
        submit(app, &context, "a").await.unwrap();
        assert!(matches!(submit(app, &context, "a").await, Err(Error::Conflict)));
        assert!(matches!(submit(app, &context, "b").await, Err(Error::Internal(_))));
        assert!(matches!(reservation.keep(&answer()).await, Err(Error::Internal(_))));
        assert_eq!(echoes(app).await, 0);
        reservation.release().await.unwrap();

        // A refusal says so itself, and may be kept.
        let (reservation, context) = reserved(app).await;
        submit(app, &context, "a").await.unwrap();
        assert!(matches!(submit(app, &context, "a").await, Err(Error::Conflict)));
        reservation.keep_refusal(&answer()).await.unwrap();
        assert_eq!(echoes(app).await, 0);
    }

    async fn a_released_key_leaves_no_effect(app: &App) {
        let (reservation, context) = reserved(app).await;
        submit(app, &context, "a").await.unwrap();
        reservation.release().await.unwrap();
        assert_eq!(echoes(app).await, 0);
        let (reservation, context) = reserved(app).await;
        submit(app, &context, "a").await.unwrap();
        reservation.keep(&answer()).await.unwrap();
        assert_eq!(echoes(app).await, 1);
    }

    /// Answers that hold secrets: as if there had been no key.
    async fn an_answer_that_nobody_may_keep_leaves_the_key_free(app: &App) {
        for round in 1..=2 {
            let (reservation, context) = reserved(app).await;
            submit(app, &context, &round.to_string()).await.unwrap();
            reservation.commit_unkept().await.unwrap();
            assert_eq!(echoes(app).await, round);
        }
    }

    async fn who_was_too_slow_undoes_everything(app: &App) {
        let (slow, late) = reserved(app).await;
        app.advance(LEASE);
        let (quick, context) = reserved(app).await;
        submit(app, &late, "slow").await.unwrap();
        let refused = slow.keep(&answer()).await;
        assert!(matches!(refused, Err(Error::IdempotencyInProgress { .. })), "{refused:?}");
        assert_eq!(echoes(app).await, 0);
        slow.release().await.unwrap();
        submit(app, &context, "quick").await.unwrap();
        quick.keep(&answer()).await.unwrap();
        assert_eq!(echoes(app).await, 1);
    }

    /// What somebody dropped holds nobody up for longer than the lease.
    async fn an_abandoned_key_is_free_after_its_lease(app: &App) {
        let (reservation, context) = reserved(app).await;
        submit(app, &context, "a").await.unwrap();
        drop((reservation, context));
        app.advance(LEASE);
        let (reservation, context) = reserved(app).await;
        submit(app, &context, "a").await.unwrap();
        reservation.keep(&answer()).await.unwrap();
        assert_eq!(echoes(app).await, 1);
    }
}
