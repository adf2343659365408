//! Which operations act once per key: what the OpenAPI document says, and what is true.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use super::KEY;
use crate::harness::{App, profiles};

/// Answers with a secret are kept nowhere, so they are not given again.
const SECRETS: [&str; 1] = ["/api/v1/api-keys"];

/// POSTs as the document has them, by path.
async fn posts(app: &App) -> BTreeMap<String, Value> {
    let document = app.get("/openapi.json").gives(200).await.json();
    let paths = document["paths"].as_object().unwrap();
    let post = |(path, item): (&String, &Value)| item.get("post").map(|post| (path.clone(), post.clone()));
    paths.iter().filter_map(post).collect()
}

fn declares(post: &Value) -> bool {
    let parameters = post["parameters"].as_array().cloned().unwrap_or_default();
    parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key" && parameter["in"] == "header")
}

fn answers(post: &Value, status: &str) -> bool {
    post["responses"].get(status).is_some()
}

/// A path with something in the place of each parameter.
fn filled(path: &str, tenant: &str) -> String {
    let nil = uuid::Uuid::nil().to_string();
    let path = path.replace("tenants/{id}", &format!("tenants/{tenant}"));
    let segments = path.split('/').map(|part| if part.starts_with('{') { nil.as_str() } else { part });
    segments.collect::<Vec<_>>().join("/")
}

profiles! {
    /// Creating and enqueueing for somebody who is known acts once per key.
    async fn every_creation_is_declared(app: &App) {
        for (path, post) in posts(app).await {
            let creates = answers(&post, "201") || answers(&post, "202");
            let known = post["security"].as_array().is_some_and(|ways| !ways.is_empty());
            if creates && known && !SECRETS.contains(&path.as_str()) {
                assert!(declares(&post), "POST {path} creates or enqueues and lacks `params(Once)`");
            }
            if declares(&post) {
                assert!(known, "POST {path}: a key belongs to a caller");
                for status in ["400", "409", "422"] {
                    assert!(answers(&post, status), "POST {path} {status}");
                }
                let replies = post["responses"].as_object().unwrap();
                let (_, reply) = replies.iter().find(|(status, _)| status.starts_with('2')).unwrap();
                assert!(reply["headers"]["Idempotency-Replayed"].is_object(), "POST {path}");
            }
        }
    }

    /// Whoever declares it reads the key: an unreadable one is refused there, and ignored everywhere else.
    async fn what_is_declared_is_done(app: &App) {
        let mut declared = 0;
        let tenant = app.found(&app.admin().await.access, "Acme").await;
        for (path, post) in posts(app).await {
            // Anew each time: one of them logs out.
            let admin = app.admin().await;
            let call = app.call(Method::POST, &filled(&path, &tenant)).bearer(&admin.access).header(KEY, "\"");
            let answer = call.body("application/json", "{}").send().await;
            let read = answer.status == 400 && answer.text().contains("Idempotency-Key");
            assert_eq!(read, declares(&post), "POST {path}: {}", answer.text());
            declared += usize::from(read);
        }
        assert!(declared > 0);
    }
}
