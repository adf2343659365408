//! What callers do: register, read their mail, log in.

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::wait::{PATIENCE, eventually};

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const ADMIN: &str = "admin@mainstay.local";
pub(crate) const ADMIN_PASSWORD: &str = "administrators keep secrets";
pub(crate) const VERIFY_SUBJECT: &str = "Verify your e-mail address";

/// What a login gave.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) session: String,
    pub(crate) user: String,
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Self {
        let data = answer.data();
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{data}")).to_owned();
        Self {
            access: text(&data["accessToken"]),
            refresh: text(&data["refreshToken"]),
            session: text(&data["sessionId"]),
            user: text(&data["user"]["id"]),
        }
    }
}

impl Client {
    pub(crate) async fn register(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/register", &json!({ "email": email, "password": password })).send().await
    }

    /// Captured mails to an address, newest first.
    pub(crate) async fn mails(&self, email: &str) -> Vec<Value> {
        let all = self.get("/dev/mailbox/messages").gives(200).await.data();
        let to = |mail: &Value| mail["to"] == email;
        all.as_array().unwrap().iter().filter(|mail| to(mail)).cloned().collect()
    }

    /// Waits for a mail by its subject.
    pub(crate) async fn mail(&self, email: &str, subject: &str) -> Value {
        let what = format!("a mail {subject:?} to {email}");
        eventually(&what, PATIENCE, async || {
            self.mails(email).await.into_iter().find(|mail| mail["subject"] == subject)
        })
        .await
    }

    /// The token of the newest verification mail, once so many have come.
    pub(crate) async fn mail_token_of(&self, email: &str, mails: usize) -> String {
        let what = format!("{mails} verification mails to {email}");
        let text = eventually(&what, PATIENCE, async || {
            let verifying: Vec<Value> = self
                .mails(email)
                .await
                .into_iter()
                .filter(|mail| mail["subject"] == VERIFY_SUBJECT)
                .collect();
            (verifying.len() >= mails).then(|| verifying[0]["text"].as_str().unwrap().to_owned())
        })
        .await;
        let (_, token) = text.split_once("?token=").unwrap_or_else(|| panic!("no link in {text}"));
        token.split_whitespace().next().unwrap().to_owned()
    }

    pub(crate) async fn mail_token(&self, email: &str) -> String {
        self.mail_token_of(email, 1).await
    }

    pub(crate) async fn verify(&self, token: &str) -> Answer {
        self.post("/api/v1/auth/verify-email", &json!({ "token": token })).send().await
    }

    pub(crate) async fn try_login(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login", &json!({ "email": email, "password": password })).send().await
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Tokens {
        Tokens::of(&self.try_login(email, password).await.is(200))
    }

    /// Registers and verifies.
    pub(crate) async fn newcomer(&self, email: &str) {
        self.register(email, PASSWORD).await.is(202);
        let token = self.mail_token(email).await;
        self.verify(&token).await.is(200);
    }

    /// Registers, verifies and logs in.
    pub(crate) async fn member(&self, email: &str) -> Tokens {
        self.newcomer(email).await;
        self.login(email, PASSWORD).await
    }

    pub(crate) async fn admin(&self) -> Tokens {
        self.login(ADMIN, ADMIN_PASSWORD).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post("/api/v1/auth/refresh", &json!({ "refreshToken": token })).send().await
    }

    /// The next pair of a session.
    pub(crate) async fn refreshed(&self, tokens: &Tokens) -> Tokens {
        Tokens::of(&self.refresh(&tokens.refresh).await.is(200))
    }

    pub(crate) async fn me(&self, access: &str) -> Answer {
        self.get("/api/v1/users/me").bearer(access).send().await
    }

    pub(crate) async fn logout(&self, access: &str) -> Answer {
        self.call(reqwest::Method::POST, "/api/v1/auth/logout").bearer(access).send().await
    }

    /// Entries of the audit trail, newest first.
    pub(crate) async fn audit(&self, admin: &Tokens, query: &str) -> Vec<Value> {
        let answer =
            self.get(&format!("/api/v1/audit?limit=100&{query}")).bearer(&admin.access).gives(200).await;
        answer.data().as_array().unwrap().clone()
    }

    pub(crate) async fn submit(&self, admin: &Tokens, kind: &str, payload: Value) -> Value {
        let body = json!({ "kind": kind, "payload": payload });
        self.post("/api/v1/jobs", &body).bearer(&admin.access).gives(202).await.data()
    }

    pub(crate) async fn job(&self, admin: &Tokens, id: &Value) -> Value {
        let path = format!("/api/v1/jobs/{}", id.as_str().unwrap());
        self.get(&path).bearer(&admin.access).gives(200).await.data()
    }

    /// Waits until a job has this status.
    pub(crate) async fn job_is(&self, admin: &Tokens, id: &Value, status: &str) -> Value {
        eventually(&format!("job {id} {status}"), PATIENCE, async || {
            Some(self.job(admin, id).await).filter(|job| job["status"] == status)
        })
        .await
    }
}
