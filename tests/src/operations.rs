//! What operators and developers look at: health, the API's description, captured mail.

use serde_json::{Value, json};

use crate::harness::{PASSWORD, VERIFY_SUBJECT, profiles};

/// Operations below `/api` that need no credentials, on purpose.
const PUBLIC: &[&str] = &[
    "post /api/v1/auth/register",
    "post /api/v1/auth/verify-email",
    "post /api/v1/auth/resend-verification",
    "post /api/v1/auth/forgot-password",
    "post /api/v1/auth/reset-password",
    "post /api/v1/auth/login",
    "post /api/v1/auth/mfa/verify",
    "post /api/v1/auth/mfa/passkey/begin",
    "post /api/v1/auth/mfa/passkey/finish",
    "post /api/v1/auth/passkeys/login/begin",
    "post /api/v1/auth/passkeys/login/finish",
    "post /api/v1/auth/refresh",
    "post /api/v1/invitations/accept",
    "get /api/v1/auth/oauth/{provider}/authorize",
    "get /api/v1/auth/oauth/{provider}/callback",
    "post /api/v1/auth/oauth/exchange",
];

/// Every operation of the document below `/api`: method, path, description.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/api/"));
    let of_path = |(path, item): (&String, &Value)| {
        let named = |(method, operation): (&String, &Value)| (format!("{method} {path}"), operation.clone());
        item.as_object().unwrap().iter().map(named).collect::<Vec<_>>()
    };
    paths.flat_map(of_path).collect()
}

/// What a `$ref` points at; anything else is itself.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap_or(schema),
        None => schema,
    }
}

/// An example for the whole, or one for each property that is required.
fn has_example(document: &Value, media: &Value) -> bool {
    let mut schema = resolved(document, &media["schema"]);
    if let Some(real) =
        schema["oneOf"].as_array().and_then(|any| any.iter().find(|one| one["type"] != "null"))
    {
        schema = resolved(document, real);
    }
    let whole = [&media["example"], &media["examples"], &schema["example"], &schema["examples"]];
    let exemplified = |name: &Value| {
        let property = &schema["properties"][name.as_str().unwrap()];
        !property["example"].is_null() || !property["examples"].is_null()
    };
    whole.iter().any(|example| !example.is_null())
        || schema["required"]
            .as_array()
            .is_some_and(|names| !names.is_empty() && names.iter().all(exemplified))
}

profiles! {
    async fn health_is_told_at_four_depths(app: &App) {
        for path in ["/health/live", "/health/ready", "/health/startup"] {
            let answer = app.get(path).gives(200).await;
            assert_eq!(answer.json(), json!({ "status": "up" }));
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        let report = app.get("/health").gives(200).await.json();
        assert_eq!(report["status"], "up");
        for component in ["database", "migrations", "mail", "broker"] {
            assert_eq!(report["components"][component]["status"], "up", "{report}");
            assert!(report["components"][component]["latencyMs"].is_u64(), "{report}");
        }
    }

    async fn the_api_describes_itself(app: &App) {
        let document = app.get("/openapi.json").gives(200).await.json();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
        let operations = operations(&document);
        assert!(operations.len() >= 10, "{} operations", operations.len());
        for (name, operation) in &operations {
            assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{name} has no tag");
            let described = operation["summary"].as_str().or(operation["description"].as_str()).unwrap_or_default();
            assert!(!described.is_empty(), "{name} is not described");
            let responses = operation["responses"].as_object().unwrap();
            let failure = |status: &String| status.starts_with(['4', '5']);
            assert!(responses.keys().any(failure), "{name} has no failure");
            let success = |status: &String| status.starts_with(['2', '3']);
            assert!(responses.keys().any(success), "{name} has no success");
            let public = operation["security"].as_array().is_none_or(Vec::is_empty);
            assert_eq!(public, PUBLIC.contains(&name.as_str()), "{name}: security {}", operation["security"]);
            let scopes = operation["security"].as_array().into_iter().flatten().filter_map(|one| one["bearer"][0].as_str());
            assert_eq!(scopes.count(), usize::from(!public), "{name} declares not what a caller needs");
            if !operation["requestBody"].is_null() {
                let media = &operation["requestBody"]["content"]["application/json"];
                assert!(has_example(&document, media), "{name} has no example");
            }
        }
        for public in PUBLIC {
            assert!(operations.iter().any(|(name, _)| name == public), "{public} is gone");
        }
        assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    }

    /// What is declared is true: without a token, protected operations answer 401 and public ones don't.
    async fn what_is_declared_to_need_a_token_does(app: &App) {
        let document = app.get("/openapi.json").gives(200).await.json();
        for (name, _) in operations(&document) {
            let (method, path) = name.split_once(' ').unwrap();
            let id = "01a1fc2b-e248-76d5-ad9a-a8e9e35bb6d9";
            let path = ["{id}", "{userId}", "{invitationId}"].iter().fold(path.to_owned(), |path, name| path.replace(name, id));
            let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let answer = app.call(method, &path).body("application/json", "{}").send().await;
            assert_eq!(answer.status == 401, !PUBLIC.contains(&name.as_str()), "{name}: {}", answer.text());
        }
    }

    async fn the_front_page_is_swagger_ui(app: &App) {
        let page = app.get("/").gives(200).await;
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(page.text().contains("swagger-ui"), "{}", page.text());
        for file in ["/swagger-ui.css", "/swagger-ui-bundle.js", "/swagger-initializer.js"] {
            app.get(file).gives(200).await;
        }
        assert!(app.get("/swagger-initializer.js").gives(200).await.text().contains("/openapi.json"));
    }

    async fn security_txt_names_a_contact_and_an_end(app: &App) {
        let text = app.get("/.well-known/security.txt").gives(200).await.text();
        assert!(text.contains("Contact: mailto:") && text.contains("Expires: "), "{text}");
    }

    /// Whatever a newcomer calls themselves, it stays text in the mail and in the mailbox.
    async fn hostile_names_stay_text(app: &App) {
        let name = "<script>alert(1)</script><img src=x onerror=alert(2)>";
        let body = json!({ "email": "eve@example.com", "password": PASSWORD, "displayName": name });
        app.post("/api/v1/auth/register", &body).gives(202).await;
        let mail = app.mail("eve@example.com", VERIFY_SUBJECT).await;
        assert!(mail["text"].as_str().unwrap().contains(name), "{mail}");
        assert!(!mail["html"].as_str().unwrap().contains("<script>"), "{mail}");
        assert!(!mail["html"].as_str().unwrap().contains("<img src=x"), "{mail}");
        let page = app.get("/dev/mailbox").gives(200).await;
        assert!(page.text().contains("eve@example.com"));
        assert!(!page.text().contains("<script>") && !page.text().contains("<img src=x"), "{}", page.text());
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

profiles! {
    [default().with("MAIL__URL", "smtp://127.0.0.1:1")]

    /// A mail server that is away degrades the service, and there is no mailbox to look into.
    async fn without_captured_mail_there_is_no_mailbox(app: &App) {
        app.get("/dev/mailbox").refused(404, "not_found").await;
        app.get("/dev/mailbox/messages").refused(404, "not_found").await;
        let report = app.get("/health").gives(200).await.json();
        assert_eq!((&report["status"], &report["components"]["mail"]["status"]), (&json!("degraded"), &json!("down")));
        app.get("/health/ready").gives(200).await;
    }
}
