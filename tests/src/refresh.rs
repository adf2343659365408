//! Rotation of refresh tokens, and what happens when one comes twice.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Tokens, profiles};

const EMAIL: &str = "ada@example.com";

profiles! {
    [owned_clock()]

    /// A double click or a lost answer logs nobody out.
    async fn a_repeat_within_ten_seconds_gets_the_same_successor(app: &App) {
        let tokens = app.member(EMAIL).await;
        let first = Tokens::of(&app.refresh(&tokens.refresh).await.is(200));
        app.advance_seconds(9);
        let again = Tokens::of(&app.refresh(&tokens.refresh).await.is(200));
        assert_eq!(again.refresh, first.refresh);
        assert_ne!(again.access, first.access, "the access token is a fresh one");
        for access in [&tokens.access, &first.access, &again.access] {
            app.me(access).await.is(200);
        }
    }

    async fn a_repeat_after_the_successor_was_used_harms_nobody(app: &App) {
        let tokens = app.member(EMAIL).await;
        let second = Tokens::of(&app.refresh(&tokens.refresh).await.is(200));
        let third = Tokens::of(&app.refresh(&second.refresh).await.is(200));
        app.refresh(&tokens.refresh).await.refuses(409, "refresh_superseded");
        app.me(&third.access).await.is(200);
        app.refresh(&third.refresh).await.is(200);
    }

    /// A spent token that comes late is a stolen one: the family ends, for the thief and for the owner.
    async fn a_late_repeat_ends_the_family(app: &App) {
        let admin = app.admin().await;
        let tokens = app.member(EMAIL).await;
        let other = app.login(EMAIL, crate::harness::PASSWORD).await;
        let successor = Tokens::of(&app.refresh(&tokens.refresh).await.is(200));
        app.advance_seconds(10);

        let refusal = app.refresh(&tokens.refresh).await.refuses(401, "token_revoked");
        assert_eq!(refusal.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        for access in [&tokens.access, &successor.access] {
            app.me(access).await.refuses(401, "token_revoked");
        }
        app.refresh(&successor.refresh).await.refuses(401, "token_revoked");
        app.me(&other.access).await.is(200);

        app.mail(EMAIL, "We ended one of your sessions").await;
        let entries = app.audit(&admin, "action=session.refresh").await;
        let denied: Vec<_> = entries.iter().filter(|entry| entry["outcome"] == "denied").collect();
        assert_eq!(denied.len(), 1, "{entries:?}");
        assert_eq!(denied[0]["resourceId"], tokens.session.as_str());
        assert_eq!(denied[0]["actor"], tokens.user.as_str());
        assert_eq!(denied[0]["reason"], "token_revoked");
        assert_eq!(denied[0]["requestId"], refusal.header("x-request-id"));
    }

    async fn a_hundred_at_once_get_one_successor(app: &App) {
        let tokens = app.member(EMAIL).await;
        let answers = join_all((0..100).map(|_| app.refresh(&tokens.refresh))).await;
        let successors: BTreeSet<String> = answers.into_iter().map(|answer| Tokens::of(&answer.is(200)).refresh).collect();
        assert_eq!(successors.len(), 1);
        let next = successors.into_iter().next().unwrap();
        let next = Tokens::of(&app.refresh(&next).await.is(200));
        app.me(&next.access).await.is(200);
    }

    async fn an_unused_session_ends_after_thirty_days(app: &App) {
        let tokens = app.member(EMAIL).await;
        app.advance_days(29);
        let used = Tokens::of(&app.refresh(&tokens.refresh).await.is(200));
        app.advance_days(29);
        let used = Tokens::of(&app.refresh(&used.refresh).await.is(200));
        app.advance_days(30);
        app.refresh(&used.refresh).await.refuses(401, "token_expired");
    }

    async fn every_session_ends_after_ninety_days(app: &App) {
        let mut tokens = app.member(EMAIL).await;
        for _ in 0..4 {
            app.advance_days(22);
            tokens = Tokens::of(&app.refresh(&tokens.refresh).await.is(200));
        }
        // On day 88 what is left is two days, and no answer promises more.
        app.advance_days(1);
        let answer = app.refresh(&tokens.refresh).await.is(200);
        assert_eq!(answer.data()["refreshExpiresIn"], 24 * 60 * 60);
        let last = Tokens::of(&answer);
        app.advance_days(1);
        app.refresh(&last.refresh).await.refuses(401, "token_expired");
        app.me(&last.access).await.refuses(401, "token_expired");
    }

    async fn whose_access_token_has_expired_logs_out_by_refresh_token(app: &App) {
        let tokens = app.member(EMAIL).await;
        app.advance_seconds(16 * 60);
        app.logout(&tokens.access).await.refuses(401, "token_expired");
        let body = json!({ "refreshToken": tokens.refresh });
        app.post("/api/v1/auth/logout", &body).bearer(&tokens.access).gives(204).await;
        app.refresh(&tokens.refresh).await.refuses(401, "token_revoked");
        app.post("/api/v1/auth/logout", &body).gives(204).await;
    }

    async fn what_was_never_a_refresh_token_is_refused(app: &App) {
        let tokens = app.member(EMAIL).await;
        let never_ours = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for token in ["", "nonsense", never_ours, &tokens.access] {
            app.refresh(token).await.refuses(401, "unauthenticated");
        }
        app.call(Method::POST, "/api/v1/auth/logout").refused(401, "unauthenticated").await;
        app.me(&tokens.access).await.is(200);
    }
}

profiles! {
    [owned_clock().with("AUTH__REFRESH_REUSE_GRACE_SECONDS", "0")]

    /// Without the grace a repeat is a reuse at once.
    async fn the_grace_can_be_switched_off(app: &App) {
        let tokens = app.member(EMAIL).await;
        app.refresh(&tokens.refresh).await.is(200);
        app.refresh(&tokens.refresh).await.refuses(401, "token_revoked");
        app.me(&tokens.access).await.refuses(401, "token_revoked");
        app.mail(EMAIL, "We ended one of your sessions").await;
    }
}
