//! Invitations to tenants: their mail, who becomes a member by them, and when they are worth nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, PASSWORD, PATIENCE, Tokens, eventually, profiles};
use crate::tenants::{ada_and_bob, claims};

const INVITED: &str = "You are invited";

impl Client {
    pub(crate) async fn invite(&self, access: &str, tenant: &str, email: &str, roles: &[&str]) -> Answer {
        let body = json!({ "email": email, "roles": roles });
        self.post(&format!("/api/v1/tenants/{tenant}/invitations"), &body).bearer(access).send().await
    }

    /// The token in the newest invitation.
    async fn invitation(&self, email: &str) -> String {
        self.invitation_after(email, 0).await
    }

    /// The token in the newest invitation, once there are more than so many.
    async fn invitation_after(&self, email: &str, earlier: usize) -> String {
        let text = eventually(&format!("an invitation to {email}"), PATIENCE, async || {
            let invitations = self.invitations_to(email).await;
            (invitations.len() > earlier).then(|| invitations[0].clone())
        })
        .await;
        let (_, token) = text.split_once("?token=").unwrap();
        token.split_whitespace().next().unwrap().to_owned()
    }

    async fn invitations_to(&self, email: &str) -> Vec<String> {
        let mails = self.mails(email).await.into_iter().filter(|mail| mail["subject"] == INVITED);
        mails.map(|mail| mail["text"].as_str().unwrap().to_owned()).collect()
    }

    async fn accept(&self, body: &Value) -> Answer {
        self.post("/api/v1/invitations/accept", body).send().await
    }

    /// Makes somebody who has an account a member with these roles.
    pub(crate) async fn bring_in(&self, access: &str, tenant: &str, email: &str, roles: &[&str]) {
        let earlier = self.invitations_to(email).await.len();
        self.invite(access, tenant, email, roles).await.is(201);
        let token = self.invitation_after(email, earlier).await;
        self.accept(&json!({ "token": token })).await.is(200);
    }
}

profiles! {
    /// Whoever reads the mail has proven the address: they need no account before.
    async fn an_invitation_makes_a_member_and_if_need_be_an_account(app: &App) {
        let (ada, _) = ada_and_bob(app).await;
        let tenant = app.found(&ada.access, "Acme").await;
        let speaking = app.speaking_for(&ada.access, &tenant).await;
        let member = app.role_id(&speaking, "member").await;
        app.invite(&ada.access, &tenant, "bob@example.com", &[&member]).await.is(201);
        app.invite(&ada.access, &tenant, "ada@example.com", &[]).await.refuses(409, "conflict");
        let waiting = app.in_tenant(&ada.access, &tenant, "/invitations").await.is(200).data();
        assert_eq!(waiting[0]["email"], "bob@example.com");
        assert!(!waiting.to_string().contains("token"), "{waiting}");
        let token = app.invitation("bob@example.com").await;
        app.get(&format!("/accept-invitation?token={token}")).gives(200).await;
        let accepted = app.accept(&json!({ "token": token })).await.is(200).data();
        assert_eq!(accepted["tenantId"], tenant.as_str());
        app.accept(&json!({ "token": token })).await.refuses(422, "token_invalid");

        app.invite(&ada.access, &tenant, "cyd@example.com", &[]).await.is(201);
        let token = app.invitation("cyd@example.com").await;
        app.accept(&json!({ "token": token })).await.refuses(422, "validation_failed").names("password", "required");
        app.accept(&json!({ "token": token, "password": "short" })).await.refuses(422, "validation_failed");
        let body = json!({ "token": token, "password": PASSWORD, "displayName": "Cyd" });
        app.accept(&body).await.is(200);
        let login = json!({ "email": "cyd@example.com", "password": PASSWORD, "tenantId": tenant });
        let cyd = Tokens::of(&app.post("/api/v1/auth/login", &login).gives(200).await);
        assert_eq!(claims(&cyd.access)["tid"], tenant.as_str());
        let people = app.members(&ada.access, &tenant).await;
        let roles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(people, [
            ("ada@example.com".to_owned(), roles(&["owner"])),
            ("bob@example.com".to_owned(), roles(&["member"])),
            ("cyd@example.com".to_owned(), roles(&[])),
        ]);
    }

    /// A squatter's password is worth nothing once the owner of the address has proven it.
    async fn an_invitation_takes_an_unproven_account_over(app: &App) {
        let ada = app.member("ada@example.com").await;
        let tenant = app.found(&ada.access, "Acme").await;
        app.register("cyd@example.com", "the squatter's choice").await.is(202);
        app.invite(&ada.access, &tenant, "cyd@example.com", &[]).await.is(201);
        let token = app.invitation("cyd@example.com").await;
        app.accept(&json!({ "token": token })).await.refuses(422, "validation_failed").names("password", "required");
        app.accept(&json!({ "token": token, "password": PASSWORD })).await.is(200);
        app.try_login("cyd@example.com", "the squatter's choice").await.refuses(401, "invalid_credentials");
        app.login("cyd@example.com", PASSWORD).await;
    }

    async fn an_invitation_taken_back_is_worth_nothing(app: &App) {
        let ada = app.member("ada@example.com").await;
        let tenant = app.found(&ada.access, "Acme").await;
        let made = app.invite(&ada.access, &tenant, "bob@example.com", &[]).await.is(201);
        let token = app.invitation("bob@example.com").await;
        let path = made.header("location").to_owned();
        app.call(Method::DELETE, &path).bearer(&ada.access).gives(204).await;
        app.call(Method::DELETE, &path).bearer(&ada.access).refused(404, "not_found").await;
        app.accept(&json!({ "token": token, "password": PASSWORD })).await.refuses(422, "token_invalid");
        for nonsense in ["", "x", &"A".repeat(43)] {
            app.accept(&json!({ "token": nonsense })).await.refuses(422, "token_invalid");
        }
    }

    /// The page that the link opens posts what was typed.
    async fn the_page_of_an_invitation_accepts_it(app: &App) {
        let ada = app.member("ada@example.com").await;
        let tenant = app.found(&ada.access, "<b>Acme</b>").await;
        app.invite(&ada.access, &tenant, "bob@example.com", &[]).await.is(201);
        let mail = app.mail("bob@example.com", INVITED).await;
        assert!(!mail["html"].as_str().unwrap().contains("<b>Acme"), "{mail}");
        let token = app.invitation("bob@example.com").await;
        let page = app.get(&format!("/accept-invitation?token={token}")).gives(200).await;
        assert!(page.text().contains(&token), "{}", page.text());
        let post = async |body: String| {
            let call = app.call(Method::POST, "/accept-invitation");
            call.body("application/x-www-form-urlencoded", body).send().await
        };
        post(format!("token={token}&password=")).await.is(422);
        post(format!("token={token}&password=correct+horse+battery")).await.is(200);
        post(format!("token={token}&password=correct+horse+battery")).await.is(422);
        app.login("bob@example.com", PASSWORD).await;
    }
}

profiles! {
    [owned_clock()]

    async fn an_invitation_ends_after_seven_days(app: &App) {
        let ada = app.member("ada@example.com").await;
        let tenant = app.found(&ada.access, "Acme").await;
        app.invite(&ada.access, &tenant, "bob@example.com", &[]).await.is(201);
        let token = app.invitation("bob@example.com").await;
        app.advance_days(8);
        app.accept(&json!({ "token": token, "password": PASSWORD })).await.refuses(422, "token_invalid");
    }
}
