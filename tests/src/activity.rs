//! When and how much an account is used.

use crate::harness::{App, PASSWORD, PATIENCE, Tokens, eventually, profiles};

const EMAIL: &str = "ada@example.com";

async fn activity(app: &App, tokens: &Tokens) -> serde_json::Value {
    app.get("/api/v1/users/me/activity").bearer(&tokens.access).gives(200).await.data()
}

profiles! {
    [owned_clock()]

    async fn an_account_shows_its_sessions(app: &App) {
        app.get("/api/v1/users/me/activity").refused(401, "unauthenticated").await;
        let first = app.member(EMAIL).await;
        let seen = activity(app, &first).await;
        assert_eq!(seen["activeSessions"], 1);
        assert!(seen["registeredAt"].is_string(), "{seen}");
        let logged_in = seen["lastActiveAt"].clone();

        app.advance_seconds(60);
        let second = app.login(EMAIL, PASSWORD).await;
        let seen = activity(app, &first).await;
        assert_eq!(seen["activeSessions"], 2);
        assert!(seen["lastActiveAt"].as_str() > logged_in.as_str(), "{seen}");

        app.logout(&second.access).await.is(204);
        assert_eq!(activity(app, &first).await["activeSessions"], 1);

        // What nobody continues ends by itself.
        app.advance_days(29);
        let third = app.login(EMAIL, PASSWORD).await;
        assert_eq!(activity(app, &third).await["activeSessions"], 2);
        app.advance_days(2);
        let third = Tokens::of(&app.refresh(&third.refresh).await.is(200));
        assert_eq!(activity(app, &third).await["activeSessions"], 1);
    }

    /// The hourly job takes expired tokens away, and nothing else: what goes on can be gone on with.
    async fn expired_tokens_are_purged_and_sessions_go_on(app: &App) {
        let mut tokens = app.member(EMAIL).await;
        let first = tokens.refresh.clone();
        for _ in 0..2 {
            app.advance_days(20);
            tokens = Tokens::of(&app.refresh(&tokens.refresh).await.is(200));
        }
        let admin = app.admin().await;
        eventually("a purge that has found a refresh token", PATIENCE, async || {
            let jobs = app.get("/api/v1/jobs?kind=maintenance.purge").bearer(&admin.access).gives(200).await.data();
            let jobs = jobs.as_array().unwrap();
            // Upkeep begins within a minute of its time.
            if jobs.iter().any(|job| job["status"] == "scheduled") {
                app.advance_seconds(60);
            }
            jobs.iter().any(|job| job["result"]["rows"]["refreshTokens"] == 1).then_some(())
        })
        .await;
        // It was spent and has long expired; nobody is thrown out for it any more.
        app.refresh(&first).await.is(401);
        app.refresh(&tokens.refresh).await.is(200);
    }
}
