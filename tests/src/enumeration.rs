//! Whether an address has an account, an answer does not tell: neither by what it says, nor by what it takes. Times can't
//! be compared here; what they come from can: the statements that are run until the answer is given.

use serde_json::{Value, json};

use crate::harness::{Answer, Installation, PASSWORD, Program, installations};

/// One account in each state that an answer could tell of, and one that is none.
const KINDS: [&str; 5] = ["unknown", "unproven", "proven", "locked", "passwordless"];
/// Registration comes last: it makes an account of the unknown address.
const ROUTES: [&str; 4] = ["login", "forgot-password", "resend-verification", "register"];

async fn accounts(api: &Program) {
    api.register("unproven@example.com", PASSWORD).await.is(202);
    api.newcomer("proven@example.com").await;
    api.newcomer("locked@example.com").await;
    let admin = api.admin().await;
    let locked = api.get("/api/v1/users?q=locked@").bearer(&admin.access).gives(200).await.data();
    let lock = format!("/api/v1/users/{}/lock", locked[0]["id"].as_str().unwrap());
    api.post(&lock, &json!({})).bearer(&admin.access).gives(200).await;
    let passwordless = json!({ "email": "passwordless@example.com" });
    api.post("/api/v1/users", &passwordless).bearer(&admin.access).gives(201).await;
}

async fn ask(api: &Program, route: &str, kind: &str) -> Answer {
    let email = format!("{kind}@example.com");
    let body = match route {
        "login" => json!({ "email": email, "password": "wrong battery staple" }),
        "register" => json!({ "email": email, "password": PASSWORD, "displayName": "Ada" }),
        _ => json!({ "email": email }),
    };
    let call = api.post(&format!("/api/v1/auth/{route}"), &body);
    call.header("x-request-id", &format!("{route}-{kind}")).send().await
}

/// What a caller sees, but for what is different each time.
fn seen(answer: &Answer) -> (u16, Vec<String>, Value) {
    let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort();
    let mut body = answer.json();
    body["requestId"].take();
    (answer.status, names, body)
}

/// What was run for a request, in its order, without values.
fn statements(output: &str, request: &str) -> Vec<String> {
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let run = lines.filter(|line| line["requestId"] == request && line["sql"].is_string());
    run.map(|line| line["sql"].as_str().unwrap().to_owned()).collect()
}

async fn tells_nothing(installation: &Installation, variables: &[(&str, &str)]) {
    let mut settings = vec![("RATE_LIMIT__ENABLED", "false"), ("LOG__LEVEL", "info,mainstay_db=trace")];
    settings.extend(variables);
    let api = installation.api("api", &settings).await;
    accounts(&api).await;
    for route in ROUTES {
        let unknown = seen(&ask(&api, route, KINDS[0]).await);
        for kind in &KINDS[1..] {
            assert_eq!(seen(&ask(&api, route, kind).await), unknown, "{route}, {kind}");
        }
    }
    let output = api.output();
    api.stop().await;
    for route in ROUTES {
        let unknown = statements(&output, &format!("{route}-{}", KINDS[0]));
        assert!(unknown.len() >= 3, "these are not all: {unknown:#?}");
        for kind in &KINDS[1..] {
            assert_eq!(statements(&output, &format!("{route}-{kind}")), unknown, "{route}, {kind}");
        }
    }
}

installations! {
    async fn who_is_known_costs_no_other_statement(installation: &Installation) {
        tells_nothing(installation, &[]).await;
    }

    async fn nor_where_everybody_is_a_member(installation: &Installation) {
        tells_nothing(installation, &[("TENANCY__MODE", "single")]).await;
    }
}
