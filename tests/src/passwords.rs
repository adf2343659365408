//! Passwords that are forgotten or changed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, PASSWORD, PATIENCE, eventually, profiles};

const ADA: &str = "ada@example.com";
const NEW: &str = "a sentence is a fine password";
const LINK: &str = "Choose a new password";

async fn forget(app: &Client, email: &str) -> Answer {
    app.post("/api/v1/auth/forgot-password", &json!({ "email": email })).send().await
}

async fn reset(app: &Client, token: &str, password: &str) -> Answer {
    app.post("/api/v1/auth/reset-password", &json!({ "token": token, "password": password })).send().await
}

async fn change(app: &Client, access: &str, current: &str, new: &str) -> Answer {
    let body = json!({ "currentPassword": current, "newPassword": new });
    app.post("/api/v1/auth/change-password", &body).bearer(access).send().await
}

/// What the newest of so many mails with this subject links to.
async fn token_in(app: &Client, email: &str, subject: &str, mails: usize) -> String {
    let text = eventually(&format!("{mails} mails {subject:?}"), PATIENCE, async || {
        let found: Vec<Value> =
            app.mails(email).await.into_iter().filter(|mail| mail["subject"] == subject).collect();
        (found.len() >= mails).then(|| found[0]["text"].as_str().unwrap().to_owned())
    })
    .await;
    text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

profiles! {
    async fn a_forgotten_one_is_replaced(app: &App) {
        let before = app.member(ADA).await;
        forget(app, ADA).await.is(202);
        let token = token_in(app, ADA, LINK, 1).await;
        // What is not acceptable does not spend the link.
        for unacceptable in ["short", "ada@example.com", "aaaaaaaaaaaa"] {
            reset(app, &token, unacceptable).await.refuses(422, "validation_failed").names("password", "password");
        }
        app.me(&before.access).await.is(200);
        reset(app, &token, NEW).await.is(200);
        app.me(&before.access).await.refuses(401, "token_revoked");
        app.refresh(&before.refresh).await.refuses(401, "token_revoked");
        app.try_login(ADA, PASSWORD).await.refuses(401, "invalid_credentials");
        app.login(ADA, NEW).await;
        reset(app, &token, NEW).await.refuses(422, "token_invalid");
        reset(app, "nonsense", NEW).await.refuses(422, "token_invalid");
        app.mail(ADA, "Your password was changed").await;
    }

    /// One of many links is enough, and the others are worth nothing from then on.
    async fn one_reset_spends_all_links(app: &App) {
        app.newcomer(ADA).await;
        forget(app, ADA).await.is(202);
        let first = token_in(app, ADA, LINK, 1).await;
        forget(app, ADA).await.is(202);
        let second = token_in(app, ADA, LINK, 2).await;
        reset(app, &second, NEW).await.is(200);
        reset(app, &first, PASSWORD).await.refuses(422, "token_invalid");
        app.login(ADA, NEW).await;
    }

    /// A token of one purpose is worth nothing for another.
    async fn links_are_not_exchangeable(app: &App) {
        app.register(ADA, PASSWORD).await.is(202);
        let verifying = app.mail_token(ADA).await;
        reset(app, &verifying, NEW).await.refuses(422, "token_invalid");
        forget(app, ADA).await.is(202);
        let resetting = token_in(app, ADA, LINK, 1).await;
        app.verify(&resetting).await.refuses(422, "token_invalid");
        // Whoever reads the mail has proven the address.
        reset(app, &resetting, NEW).await.is(200);
        app.login(ADA, NEW).await;
    }

    /// Nothing tells a known address from an unknown one, and nobody is written to who has no account.
    async fn forgetting_tells_nothing(app: &App) {
        app.newcomer(ADA).await;
        let answer = async |email: &str| {
            let answer = forget(app, email).await.is(202);
            let (mut body, mut names) = (answer.json(), Vec::new());
            body["requestId"].take();
            names.extend(answer.headers.keys().map(ToString::to_string));
            names.sort();
            (body, names)
        };
        assert_eq!(answer(ADA).await, answer("nobody@example.com").await);
        token_in(app, ADA, LINK, 1).await;
        assert!(app.mails("nobody@example.com").await.is_empty());
        forget(app, "no address").await.refuses(422, "validation_failed").names("email", "email");
    }

    async fn the_built_in_page_resets(app: &App) {
        app.newcomer(ADA).await;
        forget(app, ADA).await.is(202);
        let token = token_in(app, ADA, LINK, 1).await;
        let page = app.get(&format!("/reset-password?token={token}")).gives(200).await;
        assert!(page.text().contains("type=\"password\"") && page.text().contains(&token), "{}", page.text());
        let post = async |password: &str| {
            let form = format!("token={token}&password={}", password.replace(' ', "+"));
            let call = app.call(Method::POST, "/reset-password");
            call.body("application/x-www-form-urlencoded", form).send().await
        };
        let again = post("short").await.is(422);
        assert!(again.text().contains("too short") && again.text().contains(&token), "{}", again.text());
        post(NEW).await.is(200);
        app.login(ADA, NEW).await;
        assert!(post(NEW).await.is(422).text().contains("not valid any more"));
    }

    async fn changing_ends_the_other_sessions(app: &App) {
        let other = app.member(ADA).await;
        let here = app.login(ADA, PASSWORD).await;
        change(app, &here.access, "a wrong password", NEW).await.refuses(401, "invalid_credentials");
        change(app, &here.access, PASSWORD, "short").await.refuses(422, "validation_failed").names("newPassword", "password");
        app.me(&other.access).await.is(200);
        change(app, &here.access, PASSWORD, NEW).await.is(204);
        app.me(&here.access).await.is(200);
        app.me(&other.access).await.refuses(401, "token_revoked");
        app.try_login(ADA, PASSWORD).await.refuses(401, "invalid_credentials");
        app.login(ADA, NEW).await;
        app.mail(ADA, "Your password was changed").await;
        let admin = app.admin().await;
        let trail = app.audit(&admin, "action=password.change").await;
        let outcomes: Vec<_> = trail.iter().map(|entry| entry["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["success", "denied"]);
    }

    /// Of many clicks on one link one counts.
    async fn a_race_of_resets_has_one_winner(app: &App) {
        app.newcomer(ADA).await;
        forget(app, ADA).await.is(202);
        let token = token_in(app, ADA, LINK, 1).await;
        let passwords: Vec<String> = (0..10).map(|number| format!("password number {number} of ten")).collect();
        let calls = passwords.iter().map(|password| reset(app, &token, password));
        let answers = futures_util::future::join_all(calls).await;
        let won: Vec<usize> = (0..10).filter(|number| answers[*number].status == 200).collect();
        assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        app.login(ADA, &passwords[won[0]]).await;
    }
}

profiles! {
    [owned_clock()]

    async fn a_link_works_for_half_an_hour(app: &App) {
        for email in [ADA, "eve@example.com"] {
            app.newcomer(email).await;
            forget(app, email).await.is(202);
        }
        let (ada, eve) = (token_in(app, ADA, LINK, 1).await, token_in(app, "eve@example.com", LINK, 1).await);
        app.advance_seconds(30 * 60 - 1);
        reset(app, &ada, NEW).await.is(200);
        app.advance_seconds(1);
        reset(app, &eve, NEW).await.refuses(422, "token_invalid");
    }

    /// Whoever has locked an account by guessing has not locked out who reads its mail.
    async fn a_reset_opens_the_lock_for_who_did_it(app: &App) {
        app.newcomer(ADA).await;
        for _ in 0..5 {
            app.try_login(ADA, "a wrong password").await.refuses(401, "invalid_credentials");
        }
        app.try_login(ADA, PASSWORD).await.refuses(423, "account_locked");
        forget(app, ADA).await.is(202);
        reset(app, &token_in(app, ADA, LINK, 1).await, NEW).await.is(200);
        app.login(ADA, NEW).await;
    }
}

profiles! {
    [default().with("AUTH__PASSWORD_MIN_LENGTH", "15")]

    async fn the_least_length_is_a_setting(app: &App) {
        app.register(ADA, "fourteen chars").await.refuses(422, "validation_failed").names("password", "password");
        app.register(ADA, "fifteen chars !").await.is(202);
    }
}

profiles! {
    /// Wherever a password is chosen.
    async fn common_ones_are_refused(app: &App) {
        let ada = app.member(ADA).await;
        let refused = |answer: Answer, field: &str| {
            let answer = answer.refuses(422, "validation_failed").names(field, "password");
            assert!(answer.text().contains("most common"), "{}", answer.text());
        };
        for common in ["baseball", "Football1!", "1234567890"] {
            refused(app.register("bob@example.com", common).await, "password");
            refused(change(app, &ada.access, PASSWORD, common).await, "newPassword");
            let body = json!({ "email": "eve@example.com", "password": common });
            refused(app.post("/api/v1/users", &body).bearer(&app.admin().await.access).send().await, "password");
        }
        forget(app, ADA).await.is(202);
        let token = token_in(app, ADA, LINK, 1).await;
        refused(reset(app, &token, "baseball").await, "password");
        reset(app, &token, NEW).await.is(200);
    }
}

profiles! {
    [default().with("AUTH__PASSWORD_HISTORY", "2")]

    async fn the_last_ones_do_not_come_again(app: &App) {
        let third = "and a third sentence";
        let ada = app.member(ADA).await;
        change(app, &ada.access, PASSWORD, PASSWORD).await.refuses(422, "validation_failed").names("newPassword", "reused");
        change(app, &ada.access, PASSWORD, NEW).await.is(204);
        change(app, &ada.access, NEW, PASSWORD).await.refuses(422, "validation_failed").names("newPassword", "reused");
        forget(app, ADA).await.is(202);
        let token = token_in(app, ADA, LINK, 1).await;
        reset(app, &token, PASSWORD).await.refuses(422, "validation_failed").names("password", "reused");
        reset(app, &token, third).await.is(200);
        let ada = app.login(ADA, third).await;
        change(app, &ada.access, third, PASSWORD).await.is(204);
    }
}

profiles! {
    [default()
        .with("AUTH__PASSWORD_MIN_LENGTH", "15")
        .with("SECURITY__PASSWORD_PEPPER", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")]

    async fn peppered_and_longer_ones_work_alike(app: &App) {
        app.register(ADA, "fourteen chars").await.refuses(422, "validation_failed").names("password", "password");
        let ada = app.member(ADA).await;
        app.try_login(ADA, "correct horse batterz").await.refuses(401, "invalid_credentials");
        change(app, &ada.access, PASSWORD, NEW).await.is(204);
        app.login(ADA, NEW).await;
    }
}
