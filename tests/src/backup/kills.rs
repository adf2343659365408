//! A process that is killed in the middle.

use super::*;
use crate::harness::{PATIENCE, Profile, contents, eventually, installations};

fn killed(installation: &Installation, arguments: &[&str], at: &str) {
    let output = operator(installation, arguments).env("FAILPOINTS", at).output().unwrap();
    assert!(output.status.code().is_none(), "it was not killed: {}", Said::of(&output).text);
}

installations! {
    /// What it leaves is not taken for a backup, nothing readable stays, and the next one goes well.
    async fn a_killed_backup_is_none(installation: &Installation) {
        quiet(installation).await;
        let vault = Vault::new();
        for at in ["backup.after-copy=return", "backup.after-part=return"] {
            if at.contains("copy") && !installation.database_url().starts_with("sqlite") {
                continue;
            }
            killed(installation, &["backup", "--to", &vault.url()], at);
        }
        restore(installation, &vault).refused("there is no backup");
        let listed = operate(installation, &["backup", "list", "--at", &vault.url()]);
        assert!(listed.well().contains("UNUSABLE: it was cut short"), "{}", listed.text);

        back_up(installation, &vault).well();
        operate(installation, &["backup", "verify", "--at", &vault.url()]).well();
        let left = listed_names(&installation.data("api"));
        assert!(!left.iter().any(|name| name.contains(".tmp")), "{left:?}");
    }

    /// The target is as it was, or (MySQL) says that it is not whole. The next one goes well.
    async fn a_killed_restore_leaves_nothing_half_done(installation: &Installation) {
        let Some(target) = Empty::of(installation.profile).await else { return };
        quiet(installation).await;
        let vault = Vault::new();
        back_up(installation, &vault).well();
        let (url, mut force) = (vault.url(), None);
        for at in ["restore.before-piece=return", "restore.before-piece=1*off->return"] {
            let mut arguments = vec!["restore", "--from", &url];
            arguments.extend(force);
            killed(&target.installation, &arguments, at);
            if installation.profile == Profile::Mysql {
                let said = operate(&target.installation, &["migrate", "up"]);
                said.refused("a restore did not end, and the database is not whole");
                restore(&target.installation, &vault).refused("the database is not empty");
                let api = target.installation.start("mainstay-api", "api", &[]);
                assert_eq!(api.ended(PATIENCE).await, 1, "{}", api.output());
                force = Some("--force");
                continue;
            }
            // The server may still be rolling back.
            eventually("an untouched target", PATIENCE, async || target.is_untouched().await.then_some(())).await;
        }
        let mut again = vec!["restore", "--from", &url];
        again.extend(force);
        operate(&target.installation, &again).well();
        assert!(contents(&target.installation.database_url()).await == contents(&installation.database_url()).await);
        let left = listed_names(&target.installation.data("api"));
        assert!(!left.iter().any(|name| name.contains(".tmp")), "{left:?}");
        people_can_log_in(&target).await;
    }
}

fn listed_names(folder: &Path) -> Vec<String> {
    listed(folder).iter().map(|path| path.display().to_string()).collect()
}
