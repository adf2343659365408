//! Passkeys: by an authenticator in software, which can lie, and by a real browser.

mod browser;
mod logging_in;
mod proving;
mod registering;

use serde_json::{Value, json};
use testkit::authenticator::Authenticator;

use crate::harness::{Answer, App, Client, Tokens};

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";

/// Where browsers find the application: they bind no passkey to an address.
fn origin(app: &Client) -> String {
    app.base().replace("127.0.0.1", "localhost")
}

/// The options of a call that begins something.
async fn begin(app: &Client, path: &str, access: Option<&str>, body: &Value) -> Value {
    let call = app.post(&format!("/api/v1/auth/{path}/begin"), body);
    let call = match access {
        Some(access) => call.bearer(access),
        None => call,
    };
    let answer = call.gives(200).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.data()["publicKey"].clone()
}

async fn begin_registration(app: &Client, access: &str) -> Value {
    begin(app, "passkeys/register", Some(access), &json!({})).await
}

async fn finish_registration(app: &Client, access: &str, credential: &Value) -> Answer {
    let body = json!({ "label": "Telephone", "credential": credential });
    app.post("/api/v1/auth/passkeys/register/finish", &body).bearer(access).send().await
}

async fn begin_login(app: &Client) -> Value {
    begin(app, "passkeys/login", None, &json!({})).await
}

async fn finish_login(app: &Client, credential: &Value) -> Answer {
    app.post("/api/v1/auth/passkeys/login/finish", &json!({ "credential": credential })).send().await
}

async fn login(app: &Client, authenticator: &mut Authenticator) -> Answer {
    let options = begin_login(app).await;
    finish_login(app, &authenticator.get(&options)).await
}

/// Registers an authenticator, changed before that, and gives it with the id of the passkey.
pub(crate) async fn registered(
    app: &Client,
    access: &str,
    change: impl FnOnce(&mut Authenticator),
) -> (Authenticator, String) {
    let mut authenticator = Authenticator::new(&origin(app));
    change(&mut authenticator);
    let credential = authenticator.create(&begin_registration(app, access).await);
    let data = finish_registration(app, access, &credential).await.is(201).data();
    (authenticator, data["id"].as_str().unwrap().to_owned())
}

/// Somebody with a passkey.
async fn owner(app: &App, email: &str) -> (Tokens, Authenticator, String) {
    let somebody = app.member(email).await;
    let (authenticator, id) = registered(app, &somebody.access, |_| {}).await;
    (somebody, authenticator, id)
}

async fn passkeys(app: &Client, access: &str) -> Vec<Value> {
    let answer = app.get("/api/v1/auth/passkeys").bearer(access).gives(200).await;
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    answer.data().as_array().unwrap().clone()
}

pub(crate) async fn remove(app: &Client, access: &str, id: &str) -> Answer {
    let path = format!("/api/v1/auth/passkeys/{id}");
    app.call(reqwest::Method::DELETE, &path).bearer(access).send().await
}

/// How the person behind a session proved who they are.
async fn methods(app: &Client, access: &str) -> Value {
    let sessions = app.get("/api/v1/auth/sessions").bearer(access).gives(200).await.data();
    let current = sessions.as_array().unwrap().iter().find(|session| session["current"] == true).cloned();
    current.unwrap_or_else(|| panic!("{sessions}"))["methods"].clone()
}

/// The last reason why an action was denied.
async fn denied(app: &App, action: &str) -> Value {
    let admin = app.admin().await;
    let entries = app.audit(&admin, &format!("action={action}")).await;
    entries
        .iter()
        .find(|entry| entry["outcome"] == "denied")
        .map_or(Value::Null, |entry| entry["reason"].clone())
}
