//! What was backed up is there again.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use testkit::s3;

use super::*;
use crate::harness::{PATIENCE, Profile, contents, eventually, installations, promised};

installations! {
    async fn a_backup_restores_to_the_same_content(installation: &Installation) {
        let Some(target) = Empty::of(installation.profile).await else { return };
        quiet(installation).await;
        let vault = Vault::new();
        let said = back_up(installation, &vault);
        assert!(said.well().contains("the master key, which is NOT in it"), "{}", said.text);
        let listed = operate(installation, &["backup", "list", "--at", &vault.url()]);
        let url = installation.database_url();
        let engine = url.split(':').next().unwrap();
        assert!(listed.well().contains(engine) && listed.text.lines().count() == 1, "{}", listed.text);
        operate(installation, &["backup", "verify", "--at", &vault.url()]).well();

        let before = contents(&installation.database_url()).await;
        restore(&target.installation, &vault).well();
        let after = contents(&target.installation.database_url()).await;
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        for (table, rows) in &before {
            assert_eq!(rows, &after[table], "{table}");
        }
        assert!(before["users"].len() == 3 && before["jobs"].len() >= 20, "{before:?}");

        let status = operate(&target.installation, &["migrate", "status"]);
        assert!(!status.well().contains("pending"), "{}", status.text);
        people_can_log_in(&target).await;

        // What is there by now is not lost by mistake, but on purpose.
        let there = contents(&target.installation.database_url()).await;
        restore(&target.installation, &vault).refused("the database is not empty");
        assert!(there == contents(&target.installation.database_url()).await, "it was changed all the same");
        operate(&target.installation, &["restore", "--from", &vault.url(), "--force"]).well();
        assert!(before == contents(&target.installation.database_url()).await);
    }

    /// Whoever was told "welcome" before the backup began is in it, and what is in it fits together.
    async fn a_backup_under_load_is_of_one_moment(installation: &Installation) {
        let Some(target) = Empty::of(installation.profile).await else { return };
        let api = installation.api("api", &[]).await;
        live_a_little(&api).await;
        let (stop, registered) = (AtomicBool::new(false), AtomicUsize::new(0));
        let load = async |name: &str| {
            let mut number = 0;
            while !stop.load(Ordering::SeqCst) {
                number += 1;
                api.register(&format!("{name}{number}@example.com"), PASSWORD).await.is(202);
                registered.fetch_add(1, Ordering::SeqCst);
            }
        };
        // A small one may be over before anybody has registered: then another is made.
        let backup = async {
            let made = eventually("a backup with load beside it", PATIENCE, async || {
                let (vault, begun) = (Vault::new(), registered.load(Ordering::SeqCst));
                let output = promised(operator(installation, &["backup", "--to", &vault.url()])).await;
                Said::of(&output).well();
                (registered.load(Ordering::SeqCst) > begun + 4).then_some(vault)
            });
            let vault = made.await;
            stop.store(true, Ordering::SeqCst);
            vault
        };
        let (.., vault) = tokio::join!(load("a"), load("b"), load("c"), load("d"), backup);
        api.stop().await;

        restore(&target.installation, &vault).well();
        let found = contents(&target.installation.database_url()).await;
        // A user and its credential were written together.
        assert_eq!(found["users"].len(), found["credentials"].len());
        let api = target.installation.api("api", &[]).await;
        api.login("grace@example.com", PASSWORD).await;
        api.stop().await;
    }
}

/// The same through a bucket, in more parts than one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_as_good_as_a_directory() {
    let Some(url) = s3::folder() else { return };
    Installation::with(Profile::Embedded, async |installation: &Installation| {
        let target = Empty::of(installation.profile).await.unwrap();
        quiet(installation).await;
        let said = operate(installation, &["backup", "--part-size", "1", "--to", &url]);
        said.well();
        assert!(!said.text.contains(s3::SECRET), "{}", said.text);
        operate(&target.installation, &["restore", "--from", &url]).well();
        let (before, after) = (installation.database_url(), target.installation.database_url());
        assert!(contents(&before).await == contents(&after).await);
        let wrong = url.replace(s3::SECRET, "hunter2hunter2");
        let refused = operate(installation, &["backup", "--to", &wrong]);
        refused.refused("SignatureDoesNotMatch");
        assert!(!refused.text.contains("hunter2"), "{}", refused.text);
    })
    .await;
}

/// A file that is being written to is not pulled from under the writer's feet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_restored_under_a_running_program() {
    let installation = Installation::on(Profile::Embedded, None);
    let api = installation.api("api", &[]).await;
    let vault = Vault::new();
    back_up(&installation, &vault).well();
    let restoring = ["restore", "--force", "--from", &vault.url()];
    operate(&installation, &restoring).refused("another mainstay-api is running on this SQLite file");
    let worker = installation.worker("worker", &[]).await;
    api.stop().await;
    operate(&installation, &restoring).refused("stop all programs that use it");
    worker.stop().await;
    operate(&installation, &restoring).well();
    let api = installation.api("api", &[]).await;
    api.admin().await;
    api.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_another_engine_is_refused() {
    let Some(target) = Empty::of(Profile::Postgres).await else { return };
    let source = Installation::on(Profile::Embedded, None);
    quiet(&source).await;
    let vault = Vault::new();
    back_up(&source, &vault).well();
    restore(&target.installation, &vault).refused("is of sqlite, the configured database is postgres");
    assert!(contents(&target.installation.database_url()).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_not_made_up() {
    let installation = Installation::on(Profile::Embedded, None);
    let vault = Vault::new();
    back_up(&installation, &vault).refused("there is no database at");
    restore(&installation, &vault).refused("there is no backup");
    operate(&installation, &["backup", "--to", "ftp://x/y"]).refused("known are file, s3");
    assert!(vault.archives().is_empty() && !installation.data("api").join("mainstay.db").exists());
}

/// A place that did not exist is made so that nobody else can look into it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_restored_is_nobody_elses_business() {
    let source = Installation::on(Profile::Embedded, None);
    quiet(&source).await;
    let vault = Vault::new();
    back_up(&source, &vault).well();
    let place = source.data("api").join("new");
    let mut command = operator(&source, &["restore", "--from", &vault.url()]);
    Said::of(&command.env("MAINSTAY_DATA_DIR", &place).output().unwrap()).well();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place), mode(&place.join("mainstay.db"))), (0o700, 0o600));
}
