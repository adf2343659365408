//! From a first registration to a dead token.

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, Tokens, VERIFY_SUBJECT, profiles};

profiles! {
    async fn from_registration_to_logout(app: &App) {
        let email = "ada@example.com";
        let body = json!({ "email": " Ada@Example.com ", "password": PASSWORD, "displayName": "Ada" });
        app.post("/api/v1/auth/register", &body).gives(202).await;
        let mail = app.mail(email, VERIFY_SUBJECT).await;
        assert!(mail["text"].as_str().unwrap().contains(&format!("{}/verify-email?token=", app.base())), "{mail}");
        app.verify(&app.mail_token(email).await).await.is(200);

        let answer = app.try_login(email, PASSWORD).await.is(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        let data = answer.data();
        assert_eq!(data["tokenType"], "Bearer");
        assert_eq!(data["expiresIn"], 900);
        assert_eq!(data["refreshExpiresIn"], 30 * 24 * 60 * 60);
        let tokens = Tokens::of(&answer);

        let me = app.me(&tokens.access).await.is(200);
        assert_eq!(me.header("cache-control"), "private, no-cache");
        let me = me.data();
        assert_eq!(me["email"], email);
        assert_eq!(me["displayName"], "Ada");
        assert_eq!(me["emailVerified"], true);
        assert_eq!(me["id"], tokens.user.as_str());
        assert!(me.get("password").is_none() && me.get("passwordHash").is_none(), "{me}");

        let renewed = Tokens::of(&app.refresh(&tokens.refresh).await.is(200));
        assert_eq!(renewed.session, tokens.session);
        assert_ne!(renewed.refresh, tokens.refresh);
        app.me(&renewed.access).await.is(200);

        let goodbye = app.logout(&renewed.access).await.is(204);
        assert!(goodbye.bytes.is_empty());
        for token in [&tokens.access, &renewed.access] {
            app.me(token).await.refuses(401, "token_revoked");
        }
        app.refresh(&renewed.refresh).await.refuses(401, "token_revoked");
    }

    async fn logging_out_ends_one_session_only(app: &App) {
        let first = app.member("ada@example.com").await;
        let second = app.login("ada@example.com", PASSWORD).await;
        app.logout(&first.access).await.is(204);
        app.me(&first.access).await.refuses(401, "token_revoked");
        app.me(&second.access).await.is(200);
    }

    /// The page that the link in the mail opens. Mail scanners follow links, so a GET must not spend the token.
    async fn the_built_in_page_verifies(app: &App) {
        app.register("ada@example.com", PASSWORD).await.is(202);
        let token = app.mail_token("ada@example.com").await;
        let link = format!("/verify-email?token={token}");
        for _ in 0..3 {
            let page = app.get(&link).gives(200).await;
            assert!(page.header("content-type").starts_with("text/html"));
            assert!(page.text().contains(&token), "the form has to post the token");
            assert!(page.header("content-security-policy").contains("form-action 'self'"));
        }
        app.try_login("ada@example.com", PASSWORD).await.refuses(403, "email_not_verified");

        let form = format!("token={token}");
        let click = async || {
            app.call(Method::POST, "/verify-email").body("application/x-www-form-urlencoded", form.clone()).send().await
        };
        let page = click().await.is(200);
        assert!(page.text().contains("verified"));
        app.login("ada@example.com", PASSWORD).await;
        click().await.is(422);
    }

    async fn what_stands_in_a_link_is_escaped(app: &App) {
        let page = app.get("/verify-email?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").gives(200).await;
        assert!(!page.text().contains("<script>"), "{}", page.text());
    }

    /// Who has not proven the address does not own it: the newest registration counts.
    async fn registering_anew_replaces_password_and_link(app: &App) {
        let email = "ada@example.com";
        app.register(email, "the first password").await.is(202);
        let old = app.mail_token(email).await;
        app.register(email, "the second password").await.is(202);
        let new = app.mail_token_of(email, 2).await;
        assert_ne!(old, new);
        app.verify(&old).await.refuses(422, "token_invalid");
        app.verify(&new).await.is(200);
        app.try_login(email, "the first password").await.refuses(401, "invalid_credentials");
        app.login(email, "the second password").await;
    }

    /// The answer does not tell whether an address is known; a mail to its owner does.
    async fn a_known_address_is_answered_like_a_new_one(app: &App) {
        app.newcomer("ada@example.com").await;
        let anonymous = async |email: &str| {
            let answer = app.register(email, "another password").await.is(202);
            let mut body = answer.json();
            body["requestId"].take();
            let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            (body, names)
        };
        assert_eq!(anonymous("ada@example.com").await, anonymous("eve@example.com").await);
        app.mail("ada@example.com", "You already have an account").await;
        app.login("ada@example.com", PASSWORD).await;
        app.try_login("ada@example.com", "another password").await.refuses(401, "invalid_credentials");
    }

    async fn an_unproven_address_is_only_told_to_whom_knows_the_password(app: &App) {
        app.register("ada@example.com", PASSWORD).await.is(202);
        app.try_login("ada@example.com", PASSWORD).await.refuses(403, "email_not_verified");
        let wrong = app.try_login("ada@example.com", "a wrong password").await.refuses(401, "invalid_credentials");
        let unknown = app.try_login("eve@example.com", "a wrong password").await;
        let (mut wrong, mut unknown) = (wrong.json(), unknown.refuses(401, "invalid_credentials").json());
        wrong["requestId"].take();
        unknown["requestId"].take();
        assert_eq!(wrong, unknown);
    }

    async fn a_link_works_once(app: &App) {
        app.register("ada@example.com", PASSWORD).await.is(202);
        let token = app.mail_token("ada@example.com").await;
        app.verify(&token).await.is(200);
        app.verify(&token).await.refuses(422, "token_invalid");
        app.verify("nonsense").await.refuses(422, "token_invalid");
    }

    async fn unacceptable_newcomers_are_told_every_field(app: &App) {
        let body = json!({ "email": "ada@example.com", "password": "short", "displayName": "a\nb" });
        let answer = app.post("/api/v1/auth/register", &body).refused(422, "validation_failed").await;
        answer.names("displayName", "length").names("password", "password");
        for password in ["short", "ada@example.com", "aaaaaaaaaaaa", "mainstay1"] {
            app.register("ada@example.com", password).await.refuses(422, "validation_failed");
        }
        let answer = app.register("no address", PASSWORD).await.refuses(422, "validation_failed");
        answer.names("email", "email");
    }
}

profiles! {
    [owned_clock()]

    async fn a_link_works_for_a_day(app: &App) {
        app.register("ada@example.com", PASSWORD).await.is(202);
        app.register("eve@example.com", PASSWORD).await.is(202);
        let (ada, eve) = (app.mail_token("ada@example.com").await, app.mail_token("eve@example.com").await);
        app.advance_seconds(24 * 60 * 60 - 1);
        app.verify(&ada).await.is(200);
        app.advance_seconds(2);
        app.verify(&eve).await.refuses(422, "token_invalid");
    }
}
