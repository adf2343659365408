//! The same in a real browser, with what it gives and takes by itself.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ADA, denied, methods, origin, passkeys};
use crate::harness::{App, PASSWORD, Page, Tokens, profiles};
use crate::mfa::{STEP, protected};

/// Shown where the application itself answers, so that the browser takes it for one of its pages.
const PAGE: &str = include_str!("page.html");

async fn page(app: &App) -> Option<(Page, Value)> {
    let mut page = Page::start().await?;
    page.open(&format!("{}/passkeys-test", origin(app)), PAGE).await;
    let authenticator = page.add_authenticator().await;
    Some((page, authenticator))
}

/// Calls a function of the page; the data of the answer that it got.
async fn done(page: &mut Page, call: &str, status: u16) -> Value {
    let answer = page.evaluate(call).await.unwrap_or_else(|thrown| panic!("{call}: {thrown}"));
    assert_eq!(answer["status"], status, "{call}: {answer}");
    answer["body"]["data"].clone()
}

fn tokens(data: &Value) -> Tokens {
    let text = |name: &str| data[name].as_str().unwrap_or_else(|| panic!("{data}")).to_owned();
    Tokens {
        access: text("accessToken"),
        refresh: text("refreshToken"),
        session: text("sessionId"),
        user: data["user"]["id"].as_str().unwrap().to_owned(),
    }
}

/// Replaces the only credential of an authenticator by a copy that has signed so often.
async fn clone(page: &mut Page, authenticator: &Value, signed: u32) {
    let id = json!({ "authenticatorId": authenticator });
    let held = page.call("WebAuthn.getCredentials", id).await;
    let mut credential = held["credentials"][0].clone();
    let known = json!({ "authenticatorId": authenticator, "credentialId": credential["credentialId"] });
    page.call("WebAuthn.removeCredential", known).await;
    credential["signCount"] = signed.into();
    let copy = json!({ "authenticatorId": authenticator, "credential": credential });
    page.call("WebAuthn.addCredential", copy).await;
}

profiles! {
    [owned_clock()]

    async fn registers_and_logs_in(app: &App) {
        let Some((mut page, authenticator)) = page(app).await else { return };
        let ada = app.member(ADA).await;
        let register = format!("register({}, 'Laptop')", json!(ada.access));
        let made = done(&mut page, &register, 201).await;
        assert_eq!((&made["label"], &made["transports"]), (&json!("Laptop"), &json!(["internal"])));
        // The browser knows its own passkey again.
        let again = page.evaluate(&register).await.unwrap_err();
        assert!(again.starts_with("InvalidStateError"), "{again}");
        let inside = tokens(&done(&mut page, "login()", 200).await);
        assert_eq!(inside.user, ada.user);
        assert_eq!(methods(app, &inside.access).await, json!(["hwk", "user", "mfa"]));
        app.refreshed(&inside).await;
        assert_eq!(passkeys(app, &ada.access).await.len(), 1);

        // A copy that has signed less often, as one that was taken out of the authenticator.
        clone(&mut page, &authenticator, 0).await;
        done(&mut page, "login()", 401).await;
        assert_eq!(denied(app, "session.login-passkey").await, "passkey_cloned");
        app.mail(ADA, "There may be a copy of your passkey").await;
        clone(&mut page, &authenticator, 1000).await;
        done(&mut page, "login()", 200).await;
    }

    async fn is_a_second_factor_and_a_fresh_proof(app: &App) {
        let Some((mut page, authenticator)) = page(app).await else { return };
        let (ada, ..) = protected(app).await;
        done(&mut page, &format!("register({}, 'Laptop')", json!(ada.access)), 201).await;
        let challenge = app.try_login(ADA, PASSWORD).await.is(200).data();
        assert_eq!(challenge["methods"], json!(["totp", "recovery_code", "passkey"]));
        let call = format!("secondFactor({})", challenge["mfaToken"]);
        let inside = tokens(&done(&mut page, &call, 200).await);
        assert_eq!(methods(app, &inside.access).await, json!(["pwd", "hwk", "user", "mfa"]));

        app.advance(Duration::from_secs(10 * 60 + STEP));
        let register = format!("api('passkeys/register/begin', {{}}, {})", json!(inside.access));
        done(&mut page, &register, 401).await;
        done(&mut page, &format!("stepUp({})", json!(inside.access)), 200).await;
        done(&mut page, &register, 200).await;

        // Who can't unlock it gets nothing out of the browser.
        let locked = json!({ "authenticatorId": authenticator, "isUserVerified": false });
        page.call("WebAuthn.setUserVerified", locked).await;
        let refused = page.evaluate("login()").await.unwrap_err();
        assert!(refused.starts_with("NotAllowedError"), "{refused}");
    }
}
