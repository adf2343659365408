//! What becomes of a key when the API falls while it holds one.

use std::time::Duration;

use super::{REPLAYED, echo, echoes, replays, submit};
use crate::harness::{Installation, PATIENCE, Program, Tokens, eventually, installations};

/// A request is given up after this time; a key is leased for five seconds more.
const REQUEST: (&str, &str) = ("SERVER__REQUEST_TIMEOUT_SECONDS", "1");

/// An API that falls at this point, and the one after it.
async fn falls(installation: &Installation, point: &str) -> (Program, Tokens) {
    let doomed = installation.failing_api("doomed", &format!("{point}=return"), &[]).await;
    let admin = doomed.admin().await;
    let client = doomed.client();
    let call = client.post(super::JOBS, &echo("once")).bearer(&admin.access).header(super::KEY, "k");
    assert!(call.try_send().await.is_err(), "nobody answers any more");
    assert_ne!(doomed.ended(PATIENCE).await, 0);
    let api = installation.api("survivor", &[REQUEST]).await;
    let admin = api.admin().await;
    (api, admin)
}

/// Sends it again until it is carried out: one execution, whatever happened before.
async fn goes_on(api: &Program, admin: &Tokens) {
    let done = eventually("the key is free again", PATIENCE, async || {
        let answer = submit(api, admin, "k", &echo("once")).await;
        if answer.status == 409 {
            answer.refuses(409, "idempotency_in_progress");
            return None;
        }
        Some(answer.is(202))
    })
    .await;
    assert_eq!(done.header(REPLAYED), "");
    replays(&submit(api, admin, "k", &echo("once")).await, &done);
    assert_eq!(echoes(api, admin, "once").await, 1);
}

installations! {
    /// Nobody else gets the key before its lease is over, and then somebody does.
    async fn after_reserving(installation: &Installation) {
        let (api, admin) = falls(installation, "idempotency.reserved").await;
        let refused = submit(&api, &admin, "k", &echo("once")).await;
        refused.refuses(409, "idempotency_in_progress");
        goes_on(&api, &admin).await;
        api.stop().await;
    }

    async fn after_answering_and_before_the_commit(installation: &Installation) {
        let (api, admin) = falls(installation, "idempotency.answered").await;
        goes_on(&api, &admin).await;
        api.stop().await;
    }

    async fn after_the_commit(installation: &Installation) {
        let (api, admin) = falls(installation, "idempotency.committed").await;
        let again = submit(&api, &admin, "k", &echo("once")).await.is(202);
        assert_eq!(again.header(REPLAYED), "true");
        assert_eq!(echoes(&api, &admin, "once").await, 1);
        api.stop().await;
    }

    /// A fault on our side is not kept, and the key not held until its lease is over.
    async fn by_a_panic(installation: &Installation) {
        let faulty = "idempotency.answered=1*panic->off";
        let api = installation.failing_api("api", faulty, &[("SERVER__REQUEST_TIMEOUT_SECONDS", "600")]).await;
        let admin = api.admin().await;
        submit(&api, &admin, "k", &echo("once")).await.refuses(500, "internal");
        goes_on(&api, &admin).await;
        api.stop().await;
    }

    /// Nor is a request that took too long.
    async fn by_the_time_limit(installation: &Installation) {
        let slow = "idempotency.answered=1*sleep(1500)->off";
        let api = installation.failing_api("api", slow, &[REQUEST]).await;
        let admin = api.admin().await;
        let first = submit(&api, &admin, "k", &echo("once")).await;
        // The limit is looked at once the thread is free again; the commit may have been faster.
        assert!([202, 504].contains(&first.status), "{}", first.text());
        let again = eventually("an answer", Duration::from_secs(30), async || {
            Some(submit(&api, &admin, "k", &echo("once")).await).filter(|answer| answer.status != 409)
        })
        .await;
        again.is(202);
        assert_eq!(echoes(&api, &admin, "once").await, 1);
        api.stop().await;
    }
}
