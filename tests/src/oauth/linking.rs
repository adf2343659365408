//! Whose account somebody gets into who comes from elsewhere.

use reqwest::Method;
use serde_json::json;

use super::{agree, begin_link, identities, link, login_as, sent_on};
use crate::harness::{Browser, PASSWORD, profiles};

const ADA: &str = "ada@example.com";
const LINKED: &str = "There is another way to log in to your account";

fn linked() -> (String, String) {
    ("linked".to_owned(), "acme".to_owned())
}

fn error(code: &str) -> (String, String) {
    ("error".to_owned(), code.to_owned())
}

profiles! {
    [oauth()]

    /// Both sides have proven the address.
    async fn a_proven_address_leads_to_its_account(app: &App) {
        let ada = app.member(ADA).await;
        let inside = login_as(app, ADA).await;
        assert_eq!(inside.user, ada.user);
        app.mail(ADA, LINKED).await;
        // Nothing was taken from who was there.
        app.me(&ada.access).await.is(200);
        app.login(ADA, PASSWORD).await;
        // From now on the account counts, not the address.
        assert_eq!(login_as(app, ADA).await.user, ada.user);
        assert_eq!(app.mails(ADA).await.iter().filter(|mail| mail["subject"] == LINKED).count(), 1);
    }

    /// Somebody registers another person's address and waits for them to come.
    async fn a_squatter_is_left_with_nothing(app: &App) {
        app.register(ADA, PASSWORD).await.is(202);
        let squatted = app.mail_token(ADA).await;
        app.post("/api/v1/auth/forgot-password", &json!({ "email": ADA })).gives(202).await;
        let reset = app.mail(ADA, "Choose a new password").await;
        let (_, token) = reset["text"].as_str().unwrap().split_once("?token=").unwrap();
        let token = token.split_whitespace().next().unwrap().to_owned();

        let ada = login_as(app, ADA).await;
        let me = app.me(&ada.access).await.is(200).data();
        assert_eq!((&me["displayName"], &me["emailVerified"]), (&json!("Ada of Acme"), &json!(true)), "{me}");
        app.try_login(ADA, PASSWORD).await.refuses(401, "invalid_credentials");
        app.verify(&squatted).await.refuses(422, "token_invalid");
        let body = json!({ "token": token, "password": PASSWORD });
        app.post("/api/v1/auth/reset-password", &body).refused(422, "token_invalid").await;
        // Registering again changes nothing any more.
        app.register(ADA, "another password").await.is(202);
        app.try_login(ADA, "another password").await.refuses(401, "invalid_credentials");
        assert_eq!(login_as(app, ADA).await.user, ada.user);
    }

    async fn who_is_logged_in_links_what_they_like(app: &App) {
        let ada = app.member(ADA).await;
        assert_eq!(link(app, &ada.access, "unproven|work@example.com").await, linked());
        let listed = identities(app, &ada.access).await;
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!(listed[0]["email"], "work@example.com");
        app.mail(ADA, LINKED).await;
        assert_eq!(login_as(app, "unproven|work@example.com").await.user, ada.user);
        // Again is no harm.
        assert_eq!(link(app, &ada.access, "unproven|work@example.com").await, linked());
        assert_eq!(identities(app, &ada.access).await.len(), 1);
        assert_eq!(link(app, &ada.access, "second@example.com").await, linked());
        assert_eq!(identities(app, &ada.access).await.len(), 2);
    }

    async fn linking_asks_for_a_fresh_proof(app: &App) {
        let ada = app.member(ADA).await;
        app.advance_seconds(10 * 60);
        let call = app.post("/api/v1/auth/oauth/acme/link", &json!({ "redirectUri": super::REDIRECT }));
        call.bearer(&ada.access).refused(401, "reauthentication_required").await;
    }

    /// Somebody begins to link with their own session, and has another person's browser go to the provider: that
    /// person's account there would open the wrong account here.
    async fn nobody_is_made_to_link(app: &App) {
        let eve = app.member("eve@example.com").await;
        let (eves, adas) = (Browser::new(), Browser::new());
        let at = begin_link(app, &eve.access, &eves, "acme").await;
        let back = agree(&adas, at, ADA).await;
        assert_eq!(sent_on(app, &adas, &back).await, error("state_invalid"));
        assert!(identities(app, &eve.access).await.is_empty());
        // Nor does a login of somebody else end as a link of whoever is logged in.
        super::depart(app, &adas, "acme", "").await;
        assert_eq!(sent_on(app, &adas, &back).await, error("state_invalid"));
    }

    async fn a_session_that_has_ended_links_nothing(app: &App) {
        let ada = app.member(ADA).await;
        let browser = Browser::new();
        let at = begin_link(app, &ada.access, &browser, "acme").await;
        app.logout(&ada.access).await.is(204);
        let back = agree(&browser, at, ADA).await;
        assert_eq!(sent_on(app, &browser, &back).await, error("session_ended"));
        let again = app.login(ADA, PASSWORD).await;
        assert!(identities(app, &again.access).await.is_empty());
    }

    async fn an_account_elsewhere_opens_one_account(app: &App) {
        let ada = login_as(app, ADA).await;
        let bob = app.member("bob@example.com").await;
        assert_eq!(link(app, &bob.access, ADA).await, error("identity_taken"));
        assert!(identities(app, &bob.access).await.is_empty());
        assert_eq!(login_as(app, ADA).await.user, ada.user);
        // Once its owner is gone, it is free, as the address is.
        let admin = app.admin().await;
        let path = format!("/api/v1/users/{}", ada.user);
        app.call(Method::DELETE, &path).bearer(&admin.access).gives(204).await;
        assert_eq!(link(app, &bob.access, ADA).await, linked());
        assert_eq!(login_as(app, ADA).await.user, bob.user);
    }
}
