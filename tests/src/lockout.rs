//! Guessing passwords: five tries per identifier and network, then a pause.

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Answer, App, PASSWORD, profiles};

const EMAIL: &str = "ada@example.com";
const WRONG: &str = "a wrong password";

/// A login that a trusted proxy says comes from `ip`.
async fn login_from(app: &App, ip: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.post("/api/v1/auth/login", &body).header("x-forwarded-for", ip).send().await
}

async fn lock(app: &App, ip: &str, email: &str) {
    for _ in 0..5 {
        login_from(app, ip, email, WRONG).await.refuses(401, "invalid_credentials");
    }
}

profiles! {
    [owned_clock().with("SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]

    async fn the_fifth_wrong_password_locks(app: &App) {
        app.newcomer(EMAIL).await;
        lock(app, "203.0.113.7", EMAIL).await;
        let refusal = login_from(app, "203.0.113.7", EMAIL, WRONG).await.refuses(423, "account_locked");
        assert_eq!(refusal.header("retry-after"), "900");
        app.advance_seconds(60);
        let right = login_from(app, "203.0.113.7", EMAIL, PASSWORD).await.refuses(423, "account_locked");
        assert_eq!(right.header("retry-after"), "840");
        // However it is written, it is the same identifier.
        login_from(app, "203.0.113.7", " ADA@example.com", PASSWORD).await.refuses(423, "account_locked");
    }

    async fn unknown_identifiers_lock_alike(app: &App) {
        for email in ["nobody@example.com", "no address at all"] {
            lock(app, "203.0.113.7", email).await;
            let refusal = login_from(app, "203.0.113.7", email, WRONG).await.refuses(423, "account_locked");
            assert_eq!(refusal.header("retry-after"), "900");
        }
    }

    /// Nobody can lock out somebody else.
    async fn another_network_is_not_locked(app: &App) {
        app.newcomer(EMAIL).await;
        lock(app, "203.0.113.7", EMAIL).await;
        login_from(app, "203.0.113.250", EMAIL, PASSWORD).await.refuses(423, "account_locked");
        login_from(app, "198.51.100.1", EMAIL, PASSWORD).await.is(200);
        login_from(app, "203.0.113.7", EMAIL, PASSWORD).await.refuses(423, "account_locked");
        login_from(app, "203.0.113.7", "eve@example.com", WRONG).await.refuses(401, "invalid_credentials");
    }

    async fn the_lock_ends_with_its_window(app: &App) {
        app.newcomer(EMAIL).await;
        lock(app, "203.0.113.7", EMAIL).await;
        app.advance_seconds(15 * 60 - 1);
        let refusal = login_from(app, "203.0.113.7", EMAIL, PASSWORD).await.refuses(423, "account_locked");
        assert_eq!(refusal.header("retry-after"), "1");
        app.advance_seconds(1);
        login_from(app, "203.0.113.7", EMAIL, PASSWORD).await.is(200);
    }

    async fn a_login_forgets_the_failures_before_it(app: &App) {
        app.newcomer(EMAIL).await;
        for _ in 0..2 {
            for _ in 0..4 {
                login_from(app, "203.0.113.7", EMAIL, WRONG).await.refuses(401, "invalid_credentials");
            }
            login_from(app, "203.0.113.7", EMAIL, PASSWORD).await.is(200);
        }
    }

    /// At once or in a row: five guesses. Those beyond are answered alike, the right one too, or the odd answer
    /// out would give it away.
    async fn a_race_of_guesses_gets_no_more_tries_than_a_row(app: &App) {
        app.newcomer(EMAIL).await;
        let guesses = (0..60).map(|guess| {
            let password = if guess == 59 { PASSWORD.to_owned() } else { format!("wrong guess {guess}") };
            async move { login_from(app, "203.0.113.7", EMAIL, &password).await.status }
        });
        let answers = join_all(guesses).await;
        let tried = answers.iter().filter(|status| **status == 401).count();
        match answers[59] {
            423 => {
                assert_eq!(tried, 5, "{answers:?}");
                login_from(app, "203.0.113.7", EMAIL, PASSWORD).await.refuses(423, "account_locked");
            }
            // It was among the first, and made forgotten what had failed before its session was written: five beside it,
            // and five behind it.
            200 => assert!(tried <= 10, "{answers:?}"),
            other => panic!("the right password was answered {other}: {answers:?}"),
        }
        assert!(answers.iter().all(|status| [200, 401, 423].contains(status)), "{answers:?}");
    }
}

profiles! {
    [owned_clock()]

    /// Without a trusted proxy anybody could be from anywhere.
    async fn strangers_are_not_believed_where_they_come_from(app: &App) {
        for network in 0..5 {
            login_from(app, &format!("203.0.{network}.7"), EMAIL, WRONG).await.refuses(401, "invalid_credentials");
        }
        login_from(app, "198.51.100.1", EMAIL, WRONG).await.refuses(423, "account_locked");
    }
}
