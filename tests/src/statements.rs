//! What an operator learns about statements: the slow ones from our log, what each is for from the server.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Installation, PATIENCE, Profile, Program, installations};

/// Makes every change of an account slow, for longer than [`SLOW`].
const POSTGRES: [&str; 2] = [
    "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END'",
    "CREATE TRIGGER dawdle BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION dawdle()",
];
const MYSQL: [&str; 1] = ["CREATE TRIGGER dawdle BEFORE UPDATE ON users FOR EACH ROW DO SLEEP(0.1)"];
const SLOW: &str = "80";

async fn dawdle(installation: &Installation) {
    let statements = match installation.profile {
        Profile::Postgres => POSTGRES.as_slice(),
        _ => MYSQL.as_slice(),
    };
    for statement in statements {
        installation.sql(statement).await;
    }
}

async fn ended(api: &Program) {
    api.terminate();
    assert_eq!(api.ended(PATIENCE).await, 0);
}

/// The lines about slow statements of a request.
fn slow_lines(output: &str, request: &str) -> Vec<Value> {
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let slow = |line: &Value| line["requestId"] == request && line["level"] == "WARN";
    lines.filter(slow).collect()
}

installations! {
    [postgres mysql]

    async fn slow_ones_are_logged_with_the_request_and_without_values(installation: &Installation) {
        let api = installation.api("api", &[("DATABASE__SLOW_QUERY_MS", SLOW), ("DATABASE__SQL_COMMENTS", "true")]).await;
        let admin = api.admin().await;
        let made = api.post("/api/v1/users", &json!({ "email": "ada@example.com" })).bearer(&admin.access);
        let ada = made.gives(201).await.data()["id"].as_str().unwrap().to_owned();
        dawdle(installation).await;
        let change = api.call(Method::PATCH, &format!("/api/v1/users/{ada}")).bearer(&admin.access);
        let body = json!({ "displayName": "Countess Lovelace" }).to_string();
        change.header("x-request-id", "dawdling").body("application/json", body).gives(200).await;
        ended(&api).await;

        let output = api.output();
        let lines = slow_lines(&output, "dawdling");
        let [line] = lines.as_slice() else { panic!("{lines:?} in {output}") };
        assert!(line["elapsed_secs"].as_f64().unwrap() >= 0.1, "{line}");
        assert_eq!(line["userId"], admin.user.as_str(), "{line}");
        let text = line.to_string();
        assert!(text.contains("UPDATE") && !text.contains("Lovelace") && !text.contains(&ada), "{text}");
        let sql = line["db.statement"].as_str().unwrap();
        let remark = " /*route='%2Fapi%2Fv1%2Fusers%2F%7Bid%7D',use_case='users.change'*/";
        assert!(sql.trim_end().ends_with(remark), "{sql}");
        assert!(!sql.contains("dawdling"), "an id makes a prepared statement of its own: {sql}");
    }

    async fn nobody_is_told_anything_otherwise(installation: &Installation) {
        let api = installation.api("api", &[("DATABASE__SLOW_QUERY_MS", "0")]).await;
        let ada = api.member("ada@example.com").await;
        dawdle(installation).await;
        let change = api.call(Method::PATCH, "/api/v1/users/me").bearer(&ada.access);
        let body = json!({ "displayName": "Ada" }).to_string();
        change.body("application/json", body).gives(200).await;
        ended(&api).await;
        assert!(!api.output().contains("slow statement"), "{}", api.output());
    }
}
