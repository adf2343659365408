//! An archive that is not what was written, and a process that is killed in the middle: the target stays as it was.

use super::moving::is_the_same_but_for_nodes;
use super::*;
use crate::harness::{contents, installations, operator};

installations! {
    async fn a_damaged_archive_changes_nothing(target: &Installation) {
        let vault = Vault::new();
        export(&source().await, &vault).well();
        prepare(target);
        let url = target.database_url();
        let before = contents(&url).await;
        for file in vault.files() {
            let whole = std::fs::read(&file).unwrap();
            let mut flipped = whole.clone();
            flipped[whole.len() / 3] ^= 1;
            for damaged in [&flipped[..], &whole[..whole.len() - 1], &whole[..whole.len() / 2]] {
                std::fs::write(&file, damaged).unwrap();
                import(target, &vault).refused("can't be trusted");
            }
            std::fs::write(&file, whole).unwrap();
        }
        // Not even a process has joined the others.
        assert!(before == contents(&url).await);
        import(target, &vault).well();
    }

    async fn a_killed_import_leaves_nothing(target: &Installation) {
        let vault = Vault::new();
        export(&source().await, &vault).well();
        prepare(target);
        let url = target.database_url();
        let before = contents(&url).await;
        let from = vault.url();
        let output = operator(target, &["tenants", "import", "--from", &from])
            .env("FAILPOINTS", "import.before-commit=return")
            .output()
            .unwrap();
        assert!(output.status.code().is_none(), "it was not killed: {}", Said::of(&output).text);
        // What the command writes when it comes and goes is its own.
        is_the_same_but_for_nodes(before, contents(&url).await);
        import(target, &vault).well();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_master_key_opens_nothing() {
    let vault = Vault::new();
    export(&source().await, &vault).well();
    let mut target = Installation::on(Profile::Embedded, None);
    prepare(&target);
    target.set("SECURITY__MASTER_KEY", "8l5fM1x0cJt3z6Qe9bV2nYkR4wPuS7dA1gHjLoXyZvE=");
    import(&target, &vault).refused("its master key is not listed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_export_is_none() {
    let source = source().await;
    let vault = Vault::new();
    let to = vault.url();
    let output = operator(&source, &["tenants", "export", SLUG, "--to", &to])
        .env("FAILPOINTS", "backup.after-part=return")
        .output()
        .unwrap();
    assert!(output.status.code().is_none(), "it was not killed: {}", Said::of(&output).text);
    import(&source, &vault).refused("there is no backup of a tenant");
}
