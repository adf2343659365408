//! Events that nobody would take, and what operators do about them.

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, PATIENCE, VERIFY_SUBJECT, holds, installations};

const LETTERS: &str = "/api/v1/outbox/dead-letters";
const NO_WORKER: [(&str, &str); 1] = [("WORKER__EMBEDDED", "false")];

installations! {
    /// Three registrations whose events died: one is published again by a call, one by the command, one dropped.
    async fn dead_letters_are_retried_or_dropped(installation: &Installation) {
        let api = installation.api("api", &NO_WORKER).await;
        let admin = api.admin().await;
        let people = ["ada@example.com", "bob@example.com", "cem@example.com"];
        for email in people {
            api.register(email, PASSWORD).await.is(202);
        }
        installation.sql("UPDATE outbox SET status = 'dead', refusals = 10, last_error = 'nobody home'").await;

        let answer = api.get(&format!("{LETTERS}?limit=2")).bearer(&admin.access).gives(200).await.json();
        let cursor = answer["meta"]["nextCursor"].as_str().unwrap();
        let rest = api.get(&format!("{LETTERS}?limit=2&cursor={cursor}")).bearer(&admin.access).gives(200).await;
        let mut letters = answer["data"].as_array().unwrap().clone();
        letters.extend(rest.data().as_array().unwrap().clone());
        assert_eq!(letters.len(), 3);
        let oldest = &letters[2];
        assert_eq!((&oldest["refusals"], &oldest["reason"]), (&json!(10), &json!("nobody home")));
        assert!(oldest["type"].as_str().unwrap().ends_with("user.registered.v1"), "{oldest}");
        let ids: Vec<&str> = letters.iter().map(|letter| letter["id"].as_str().unwrap()).collect();

        let retry = |id: &str| api.post(&format!("{LETTERS}/{id}/retry"), &json!({})).bearer(&admin.access);
        let discard = |id: &str| api.call(Method::DELETE, &format!("{LETTERS}/{id}")).bearer(&admin.access);
        retry(ids[2]).gives(202).await;
        discard(ids[1]).gives(204).await;
        for gone in [ids[1], ids[2]] {
            retry(gone).refused(404, "not_found").await;
            discard(gone).refused(404, "not_found").await;
        }
        let listed = command(installation, &["outbox", "list"]);
        assert!(listed.contains("1 events wait") && listed.contains("1 dead letters"), "{listed}");
        assert!(listed.contains(ids[0]) && listed.contains("nobody home"), "{listed}");
        command(installation, &["outbox", "retry", ids[0]]);

        let worker = installation.worker("worker", &[]).await;
        for email in [people[0], people[2]] {
            api.mail(email, VERIFY_SUBJECT).await;
        }
        assert!(api.mails(people[1]).await.is_empty(), "dropped");
        for (action, id) in [("dead-letter.retry", ids[2]), ("dead-letter.drop", ids[1]), ("dead-letter.retry", ids[0])] {
            let entries = api.audit(&admin, &format!("action={action}")).await;
            assert!(entries.iter().any(|entry| entry["resourceId"] == id), "{action} {id}: {entries:?}");
        }
        let member = api.member("dan@example.com").await;
        api.get(LETTERS).bearer(&member.access).refused(403, "forbidden").await;
        api.post(&format!("{LETTERS}/{}/retry", ids[1]), &json!({})).bearer(&member.access).refused(403, "forbidden").await;
        api.call(Method::DELETE, &format!("{LETTERS}/{}", ids[1])).bearer(&member.access).refused(403, "forbidden").await;
        holds("an empty outbox", PATIENCE, async || installation.sql("SELECT subject FROM outbox").await.is_empty()).await;
        worker.stop().await;
        api.stop().await;
    }
}

/// What the operator's command says; it must succeed.
fn command(installation: &crate::harness::Installation, arguments: &[&str]) -> String {
    let mut command = installation.command("mainstay", &installation.data("cli"), &[]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
