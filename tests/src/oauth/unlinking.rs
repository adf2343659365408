//! Taking an account elsewhere away.

use reqwest::Method;
use serde_json::Value;

use super::{PUBLIC, error_of, identities, link, login_as};
use crate::harness::{Answer, App, Browser, profiles};
use crate::passkeys::{registered, remove};

const ADA: &str = "ada@example.com";

async fn unlink(app: &App, access: &str, identity: &Value) -> Answer {
    let path = format!("/api/v1/auth/identities/{}", identity["id"].as_str().unwrap());
    app.call(Method::DELETE, &path).bearer(access).send().await
}

profiles! {
    [oauth()]

    async fn what_is_unlinked_opens_nothing_and_ends_other_sessions(app: &App) {
        let ada = app.member(ADA).await;
        link(app, &ada.access, "unproven|work@example.com").await;
        let elsewhere = login_as(app, "unproven|work@example.com").await;
        let linked = identities(app, &ada.access).await;
        unlink(app, &ada.access, &linked[0]).await.is(204);
        app.me(&elsewhere.access).await.refuses(401, "token_revoked");
        app.me(&ada.access).await.is(200);
        app.mail(ADA, "A way to log in to your account was taken away").await;
        assert_eq!(error_of(app, &Browser::new(), "unproven|work@example.com").await, "email_not_verified");
        unlink(app, &ada.access, &linked[0]).await.refuses(404, "not_found");
    }

    async fn the_last_way_to_log_in_stays(app: &App) {
        let ada = login_as(app, ADA).await;
        let only = identities(app, &ada.access).await;
        unlink(app, &ada.access, &only[0]).await.refuses(409, "conflict");
        link(app, &ada.access, "work@example.com").await;
        let both = identities(app, &ada.access).await;
        // At the same time: each is the other's last.
        let (one, other) = tokio::join!(
            unlink(app, &ada.access, &both[0]),
            unlink(app, &ada.access, &both[1])
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
        assert_eq!(identities(app, &ada.access).await.len(), 1);
    }

    /// A passkey is a way in as well; the last of both stays.
    async fn a_passkey_is_another_way_in(app: &App) {
        let ada = login_as(app, ADA).await;
        let public = PUBLIC.replace("127.0.0.1", "localhost");
        let (_, passkey) = registered(app, &ada.access, |authenticator| authenticator.origin = public).await;
        let only = identities(app, &ada.access).await;
        let (one, other) =
            tokio::join!(unlink(app, &ada.access, &only[0]), remove(app, &ada.access, &passkey));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
    }

    async fn it_is_the_owners_and_asks_for_a_fresh_proof(app: &App) {
        let (ada, eve) = (app.member(ADA).await, app.member("eve@example.com").await);
        link(app, &ada.access, "work@example.com").await;
        let linked = identities(app, &ada.access).await;
        unlink(app, &eve.access, &linked[0]).await.refuses(404, "not_found");
        app.advance_seconds(10 * 60);
        unlink(app, &ada.access, &linked[0]).await.refuses(401, "reauthentication_required");
        assert_eq!(identities(app, &ada.access).await.len(), 1);
    }
}
