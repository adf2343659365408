//! Logging in from somewhere new is told by mail.

use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, PATIENCE, eventually, profiles};

const ADA: &str = "ada@example.com";
const SUBJECT: &str = "A new device has logged in to your account";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0";
const NEWER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1";

async fn login(app: &Client, ip: &str, agent: &str) {
    let body = json!({ "email": ADA, "password": PASSWORD });
    let call = app.post("/api/v1/auth/login", &body).header("x-forwarded-for", ip);
    call.header("user-agent", agent).gives(200).await;
}

/// The mails about new devices, once there are so many, oldest first.
async fn warnings(app: &Client, count: usize) -> Vec<String> {
    eventually(&format!("{count} warnings"), PATIENCE, async || {
        let mails = app.mails(ADA).await;
        let text = |mail: &Value| mail["text"].as_str().unwrap().to_owned();
        let mut warnings: Vec<_> = mails.iter().filter(|mail| mail["subject"] == SUBJECT).map(text).collect();
        warnings.reverse();
        (warnings.len() >= count).then_some(warnings)
    })
    .await
}

profiles! {
    [owned_clock().with("SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]

    /// The first login is no news, nor is a newer version, nor a neighbouring address.
    async fn each_new_one_is_told_once(app: &App) {
        app.newcomer(ADA).await;
        login(app, "203.0.113.7", FIREFOX).await;
        login(app, "203.0.113.99", NEWER).await;
        login(app, "203.0.113.7", SAFARI).await;
        login(app, "198.51.100.7", FIREFOX).await;
        login(app, "203.0.113.7", SAFARI).await;
        login(app, "2001:db8:1::7", FIREFOX).await;
        let warnings = warnings(app, 3).await;
        let told = ["Safari on iPhone, network 203.0.113.0/24", "Firefox on Linux, network 198.51.100.0/24",
            "Firefox on Linux, network 2001:db8:1::/48"];
        assert_eq!(warnings.len(), 3, "{warnings:?}");
        for device in told {
            assert_eq!(warnings.iter().filter(|text| text.contains(device)).count(), 1, "{device}: {warnings:?}");
        }
    }

    /// After ninety days nobody remembers it.
    async fn one_that_was_not_used_for_long_is_new(app: &App) {
        app.newcomer(ADA).await;
        login(app, "203.0.113.7", FIREFOX).await;
        app.advance_days(60);
        login(app, "203.0.113.7", SAFARI).await;
        app.advance_days(60);
        login(app, "203.0.113.7", FIREFOX).await;
        login(app, "203.0.113.7", SAFARI).await;
        let warnings = warnings(app, 2).await;
        assert!(warnings.len() == 2 && warnings.iter().any(|text| text.contains("Firefox")), "{warnings:?}");
    }
}
