//! What the log must never hold, and what it must.

use serde_json::{Value, json};

use crate::harness::{ADMIN, ADMIN_PASSWORD, MASTER_KEY, PASSWORD, Program, Tokens, installations};

const EMAIL: &str = "ada@example.com";
const WRONG: &str = "wrong-but-still-somebodys-password";

/// Goes the whole way, with failures on it; all secrets that were met.
async fn journey(api: &Program) -> Vec<(&'static str, String)> {
    api.register(EMAIL, PASSWORD).await.is(202);
    let mail_token = api.mail_token(EMAIL).await;
    api.get(&format!("/verify-email?token={mail_token}")).gives(200).await;
    api.verify(&mail_token).await.is(200);
    api.verify(&mail_token).await.is(422);
    api.try_login(EMAIL, WRONG).await.is(401);
    let tokens = api.login(EMAIL, PASSWORD).await;
    api.me(&tokens.access).await.is(200);
    let renewed = Tokens::of(&api.refresh(&tokens.refresh).await.is(200));
    api.logout(&renewed.access).await.is(204);
    api.refresh(&renewed.refresh).await.is(401);
    let admin = api.admin().await;
    let body = json!({ "email": EMAIL, "password": PASSWORD, "unknown": true });
    api.post("/api/v1/auth/login", &body).gives(422).await;
    let job = api.submit(&admin, "diagnostics.panic", json!({})).await;
    api.job_is(&admin, &job["id"], "dead").await;
    vec![
        ("password", PASSWORD.to_owned()),
        ("wrong password", WRONG.to_owned()),
        ("mail token", mail_token),
        ("access token", tokens.access),
        ("renewed access token", renewed.access),
        ("refresh token", tokens.refresh),
        ("renewed refresh token", renewed.refresh),
        ("administrator's access token", admin.access),
        ("administrator's password", ADMIN_PASSWORD.to_owned()),
        ("master key", MASTER_KEY.to_owned()),
        ("address", EMAIL.to_owned()),
    ]
}

installations! {
    async fn the_log_holds_no_secret(installation: &Installation) {
        let api = installation.api("api", &[("LOG__LEVEL", "info,mainstay=trace")]).await;
        let secrets = journey(&api).await;
        api.terminate();
        assert_eq!(api.ended(crate::harness::PATIENCE).await, 0);
        let output = api.output();
        assert!(output.lines().count() > 20, "this log is too short to prove anything:\n{output}");
        for (name, secret) in secrets {
            assert!(!output.contains(&secret), "the {name} is in the log:\n{output}");
        }
        assert!(!output.contains(ADMIN) || output.matches(ADMIN).count() <= 2, "the welcome names it, nobody else");
    }

    /// Every line is one JSON object; a request's line names what to look for.
    async fn json_lines_name_the_request(installation: &Installation) {
        let api = installation.api("api", &[]).await;
        let admin = api.admin().await;
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let call = api.get("/api/v1/users/me").bearer(&admin.access).header("x-request-id", "find-me");
        call.header("traceparent", &format!("00-{trace}-b7ad6b7169203331-01")).gives(200).await;
        api.says("find-me").await;
        let output = api.output();
        let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of_request: Vec<_> = lines.filter(|line| line["requestId"] == "find-me").collect();
        assert_eq!(of_request.len(), 1, "{of_request:?}");
        let line = &of_request[0];
        assert_eq!(line["traceId"], trace, "{line}");
        assert_eq!(line["userId"], admin.user.as_str(), "{line}");
        assert_eq!(line["action"], "/api/v1/users/me", "{line}");
        assert_eq!((&line["method"], &line["status"]), (&json!("GET"), &json!(200)), "{line}");
        assert!(line["durationMs"].is_u64(), "{line}");
        api.stop().await;
    }
}
