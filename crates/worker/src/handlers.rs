//! Every job kind and its handler, in one readable place.

use std::time::Duration;

use application::jobs::KINDS;
use application::keys::KeyRing;
use application::mails::{INVITATION, MailOrder, Mails};
use application::people::{ExportOrder, ForgetOrder};
use application::tenants::InvitationOrder;
use application::{Application, Error};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::registry::Running;
use crate::{JobError, Registry};

/// Finished jobs stay visible for so long. Dead ones stay until an operator looks at them.
const KEEP_FINISHED: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Longest `diagnostics.sleep`.
const LONGEST_SLEEP: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
struct Sleep {
    ms: u64,
}

#[derive(Deserialize)]
struct Fail {
    times: i32,
}

/// The handlers of this release.
pub(crate) fn registry(app: &Application) -> Registry {
    let maintenance = app.maintenance.clone();
    let keys = app.keys.clone();
    let invitations = app.mails.clone();
    let (exporting, forgetting) = (app.people.clone(), app.people.clone());
    mails(Registry::default(), &app.mails)
        .on("maintenance.purge", move |running, _: Value| {
            let maintenance = maintenance.clone();
            async move {
                maintenance.complete_search_keys().await?;
                let rows = maintenance.purge(&running.context()).await?;
                let jobs = running.purge_finished(KEEP_FINISHED).await?;
                Ok(json!({ "rows": rows, "jobs": jobs }))
            }
        })
        .on(INVITATION, move |_, order: InvitationOrder| {
            let invitations = invitations.clone();
            async move { done(invitations.invite(&order).await) }
        })
        .on("people.export", move |running, order: ExportOrder| {
            let people = exporting.clone();
            async move { done(people.write_export(&running.context(), &order).await) }
        })
        .on("people.forget", move |_, order: ForgetOrder| {
            let people = forgetting.clone();
            async move { done(people.forget(&order).await) }
        })
        .on("keys.tend", move |running, _: Value| {
            let keys = keys.clone();
            async move { tend(&keys, &running).await }
        })
        .on("diagnostics.echo", |_, payload: Value| async move { Ok(payload) })
        .on("diagnostics.sleep", |running, order| async move { sleep(&running, &order).await })
        .on("diagnostics.single", |running, order| async move { sleep(&running, &order).await })
        .on("diagnostics.fail", |running, Fail { times }| async move {
            let attempt = running.job.attempt;
            if attempt <= times {
                Err(JobError::Retry(format!("failing as asked, try {attempt}")))
            } else {
                Ok(json!({ "attempt": attempt }))
            }
        })
        .on("diagnostics.panic", |_, _: Value| async move { panicking() })
        // Hears nothing and never ends: operators see with it that its time is over some day.
        .on("diagnostics.hang", |_, _: Value| std::future::pending())
}

/// All kinds of mails are the same work.
fn mails(registry: Registry, mails: &Mails) -> Registry {
    KINDS.iter().filter(|kind| kind.name.starts_with("mail.")).fold(registry, |registry, kind| {
        let mails = mails.clone();
        registry.on(kind.name, move |running, order: MailOrder| {
            let mails = mails.clone();
            async move { done(mails.deliver(kind.name, &running.context(), &order).await) }
        })
    })
}

/// A second run begins anew and finds nothing to do where the first one was.
async fn tend(keys: &KeyRing, running: &Running) -> Result<Value, JobError> {
    let context = running.context();
    let (mut run, mut told) = (keys.tend(&context).await?, 0);
    while let Some(percent) = run.step(&context).await? {
        fail::fail_point!("keys.after-stretch", |_| std::process::abort());
        if percent > told {
            told = percent;
            running.progress(percent).await;
        }
    }
    fail::fail_point!("keys.before-finish", |_| std::process::abort());
    Ok(json!(run.finish(&context).await?))
}

async fn sleep(running: &Running, Sleep { ms }: &Sleep) -> Result<Value, JobError> {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(*ms).min(LONGEST_SLEEP)) => {}
        () = running.to_stop() => return Err(JobError::Cancelled),
    }
    running.progress(100).await;
    Ok(json!({ "sleptMs": ms }))
}

/// Panics on purpose: operators see with it that a panic costs one try and nothing else.
#[allow(clippy::panic, reason = "the diagnostic kind exists to show that a panic is contained")]
fn panicking() -> Result<Value, JobError> {
    panic!("diagnostics.panic was asked for")
}

fn done(result: Result<(), Error>) -> Result<Value, JobError> {
    result.map(|()| Value::Null).map_err(JobError::from)
}
