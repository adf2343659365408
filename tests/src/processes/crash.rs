//! What survives a process that is killed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{PASSWORD, PATIENCE, VERIFY_SUBJECT, eventually, holds, installations};

installations! {
    /// What was acknowledged happens: the mail was promised with the 202.
    async fn a_registration_survives_the_death_of_the_process(installation: &Installation) {
        for number in 0..3 {
            let email = format!("ada{number}@example.com");
            let api = installation.api("api", &[]).await;
            api.register(&email, PASSWORD).await.is(202);
            api.kill().await;

            let api = installation.api("api", &[]).await;
            api.verify(&api.mail_token(&email).await).await.is(200);
            api.login(&email, PASSWORD).await;
            let mails = api.mails(&email).await;
            assert!(mails.iter().all(|mail| mail["subject"] == VERIFY_SUBJECT), "{mails:?}");
            api.kill().await;
        }
    }

    /// Five seconds are promised; what is asserted leaves room for a busy machine, what is printed does not.
    async fn the_job_of_a_killed_worker_runs_again(installation: &Installation) {
        let api = installation.api("api", &[("WORKER__EMBEDDED", "false")]).await;
        let admin = api.admin().await;
        let doomed = installation.worker("doomed", &[]).await;
        let job = api.submit(&admin, "diagnostics.sleep", json!({ "ms": 120_000 })).await;
        let job = api.job_is(&admin, &job["id"], "running").await;
        assert_eq!(job["attempt"], 1);
        let survivor = installation.worker("survivor", &[]).await;

        doomed.kill().await;
        let taken = holds("the job runs again", PATIENCE, async || {
            let job = api.job(&admin, &job["id"]).await;
            job["status"] == "running" && job["attempt"] == 2
        })
        .await;
        eprintln!("{:?}: a killed worker's job ran again after {taken:.2?}", installation.profile);
        assert!(taken < Duration::from_secs(8), "{taken:?}");
        assert_eq!(api.job(&admin, &job["id"]).await["lastError"], "worker lost");
        // It would sleep for two minutes.
        survivor.kill().await;
        api.stop().await;
    }

    /// A job that takes every worker down with it must not do so for ever.
    async fn a_job_whose_workers_all_fall_dies(installation: &Installation) {
        let api = installation.api("api", &[("WORKER__EMBEDDED", "false")]).await;
        let admin = api.admin().await;
        let job = api.submit(&admin, "diagnostics.sleep", json!({ "ms": 120_000 })).await;
        let within = Duration::from_secs(30);
        for attempt in 1..=3 {
            let worker = installation.worker("worker", &[]).await;
            eventually("the next try", within, async || {
                let now = api.job(&admin, &job["id"]).await;
                (now["status"] == "running" && now["attempt"] == attempt).then_some(())
            })
            .await;
            worker.kill().await;
        }
        let survivor = installation.worker("worker", &[]).await;
        let dead: Value = eventually("a dead letter", within, async || {
            Some(api.job(&admin, &job["id"]).await).filter(|job| job["status"] == "dead")
        })
        .await;
        assert_eq!(dead["attempt"], 3, "{dead}");
        survivor.stop().await;
        api.stop().await;
    }
}
