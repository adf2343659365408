//! A backup that is not what was written is refused, and the target stays as it was.

use super::*;
use crate::harness::{contents, installations};

installations! {
    async fn a_damaged_backup_changes_nothing(installation: &Installation) {
        let Some(target) = Empty::of(installation.profile).await else { return };
        quiet(installation).await;
        let vault = Vault::new();
        back_up(installation, &vault).well();
        let untouched = async |what: &str| {
            operate(installation, &["backup", "verify", "--at", &vault.url()]).refused("can't be trusted");
            restore(&target.installation, &vault).refused("can't be trusted");
            assert!(target.is_untouched().await, "{what}");
        };
        for file in vault.files() {
            let whole = std::fs::read(&file).unwrap();
            let mut flipped = whole.clone();
            flipped[whole.len() / 3] ^= 1;
            std::fs::write(&file, flipped).unwrap();
            untouched(&format!("one bit of {}", file.display())).await;
            std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
            untouched(&format!("the end of {}", file.display())).await;
            std::fs::write(&file, whole).unwrap();
        }
        restore(&target.installation, &vault).well();
        assert!(contents(&target.installation.database_url()).await == contents(&installation.database_url()).await);
    }

    async fn parts_of_two_backups_are_no_backup(installation: &Installation) {
        let Some(target) = Empty::of(installation.profile).await else { return };
        quiet(installation).await;
        let vault = Vault::new();
        back_up(installation, &vault).well();
        back_up(installation, &vault).well();
        let [one, other] = vault.archives().try_into().unwrap();
        for file in ["part-000001", "manifest"] {
            let (ours, theirs) = (other.join(file), one.join(file));
            let kept = std::fs::read(&ours).unwrap();
            std::fs::copy(&theirs, &ours).unwrap();
            restore_named(&target, &vault, &other).refused("can't be trusted");
            assert!(target.is_untouched().await, "{file}");
            std::fs::write(&ours, kept).unwrap();
        }
        restore_named(&target, &vault, &other).well();
    }

    async fn another_master_key_opens_nothing(installation: &Installation) {
        let Some(mut target) = Empty::of(installation.profile).await else { return };
        quiet(installation).await;
        let vault = Vault::new();
        back_up(installation, &vault).well();
        target.installation.set("SECURITY__MASTER_KEY", "8l5fM1x0cJt3z6Qe9bV2nYkR4wPuS7dA1gHjLoXyZvE=");
        restore(&target.installation, &vault).refused("its master key is not listed");
        assert!(target.is_untouched().await);
    }
}

fn restore_named(target: &Empty, vault: &Vault, backup: &Path) -> Said {
    let name = backup.file_name().unwrap().to_str().unwrap();
    operate(&target.installation, &["restore", "--from", &vault.url(), name])
}
