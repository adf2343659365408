//! Addresses of accounts: proven again, and changed.

use serde_json::json;

use crate::harness::{Answer, Client, PASSWORD, VERIFY_SUBJECT, profiles};

const ADA: &str = "ada@example.com";
const WANTED: &str = "lovelace@example.com";
const CONFIRM: &str = "Confirm your new e-mail address";
const WARNING: &str = "Your e-mail address is about to change";

async fn wish(app: &Client, access: &str, email: &str) -> Answer {
    app.post("/api/v1/auth/change-email", &json!({ "email": email })).bearer(access).send().await
}

async fn resend(app: &Client, email: &str) -> Answer {
    app.post("/api/v1/auth/resend-verification", &json!({ "email": email })).send().await
}

async fn proof(app: &Client, email: &str) -> String {
    let mail = app.mail(email, CONFIRM).await;
    let (_, token) = mail["text"].as_str().unwrap().split_once("?token=").unwrap();
    token.split_whitespace().next().unwrap().to_owned()
}

profiles! {
    async fn a_new_one_counts_once_it_is_proven(app: &App) {
        let ada = app.member(ADA).await;
        wish(app, &ada.access, WANTED).await.is(202);
        app.mail(ADA, WARNING).await;
        let token = proof(app, WANTED).await;
        app.login(ADA, PASSWORD).await;
        app.try_login(WANTED, PASSWORD).await.refuses(401, "invalid_credentials");
        app.verify(&token).await.is(200);
        assert_eq!(app.me(&ada.access).await.is(200).data()["email"], WANTED);
        app.login(WANTED, PASSWORD).await;
        app.try_login(ADA, PASSWORD).await.refuses(401, "invalid_credentials");
        app.verify(&token).await.refuses(422, "token_invalid");
        // The former address is free.
        app.register(ADA, PASSWORD).await.is(202);
        app.verify(&app.mail_token_of(ADA, 2).await).await.is(200);
    }

    /// The newest wish counts: a link to an address that is no longer wanted does nothing.
    async fn the_newest_wish_counts(app: &App) {
        let ada = app.member(ADA).await;
        wish(app, &ada.access, "mistyped@example.com").await.is(202);
        let old = proof(app, "mistyped@example.com").await;
        wish(app, &ada.access, WANTED).await.is(202);
        let new = proof(app, WANTED).await;
        app.verify(&old).await.refuses(422, "token_invalid");
        app.verify(&new).await.is(200);
        app.login(WANTED, PASSWORD).await;
    }

    /// The answer to the wish tells nothing; whoever reads the mail may know.
    async fn a_taken_one_is_not_given_twice(app: &App) {
        let ada = app.member(ADA).await;
        app.newcomer(WANTED).await;
        wish(app, &ada.access, WANTED).await.is(202);
        app.verify(&proof(app, WANTED).await).await.refuses(409, "conflict");
        assert_eq!(app.me(&ada.access).await.data()["email"], ADA);
    }

    async fn what_is_no_other_address_is_refused(app: &App) {
        let ada = app.member(ADA).await;
        for (email, code) in [("no address", "email"), ("ADA@example.com", "unchanged")] {
            wish(app, &ada.access, email).await.refuses(422, "validation_failed").names("email", code);
        }
    }

    async fn another_mail_can_be_asked_for(app: &App) {
        app.register(ADA, PASSWORD).await.is(202);
        let first = app.mail_token(ADA).await;
        let known = resend(app, ADA).await.is(202);
        let second = app.mail_token_of(ADA, 2).await;
        assert_ne!(first, second);
        app.verify(&first).await.is(200);
        app.verify(&second).await.refuses(422, "token_invalid");
        // Proven or unknown: the same answer, and no mail.
        for email in [ADA, "nobody@example.com"] {
            let answer = resend(app, email).await.is(202);
            assert_eq!(answer.json()["message"], known.json()["message"]);
        }
        app.mail(ADA, VERIFY_SUBJECT).await;
        assert_eq!(app.mails(ADA).await.len(), 2);
        assert!(app.mails("nobody@example.com").await.is_empty());
    }
}
