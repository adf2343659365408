//! Tenants: founding them, belonging to them, and being kept out.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, App, Client, PASSWORD, Tokens, profiles};
use crate::mfa::with_second_factor;

/// What a caller does in a tenant.
impl Client {
    pub(crate) async fn found(&self, access: &str, name: &str) -> String {
        let made = self.post("/api/v1/tenants", &json!({ "name": name })).bearer(access).gives(201).await;
        made.data()["id"].as_str().unwrap().to_owned()
    }

    /// The ids of a tenant's roles by name, through a token that speaks for it.
    pub(crate) async fn role_id(&self, access: &str, name: &str) -> String {
        let roles = self.get("/api/v1/roles?limit=100").bearer(access).gives(200).await.data();
        let role = roles.as_array().unwrap().iter().find(|role| role["name"] == name);
        role.unwrap_or_else(|| panic!("no {name} in {roles}"))["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn switch(&self, access: &str, tenant: &str) -> Answer {
        let body = json!({ "tenantId": tenant });
        self.post("/api/v1/auth/switch-tenant", &body).bearer(access).send().await
    }

    /// A token of theirs that speaks for the tenant.
    pub(crate) async fn speaking_for(&self, access: &str, tenant: &str) -> String {
        self.switch(access, tenant).await.is(200).data()["accessToken"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn in_tenant(&self, access: &str, tenant: &str, path: &str) -> Answer {
        self.get(&format!("/api/v1/tenants/{tenant}{path}")).bearer(access).send().await
    }

    pub(crate) async fn members(&self, access: &str, tenant: &str) -> Vec<(String, Vec<String>)> {
        let members = self.in_tenant(access, tenant, "/members").await.is(200).data();
        let name = |role: &Value| role["name"].as_str().unwrap().to_owned();
        let member = |member: &Value| {
            let roles = member["roles"].as_array().unwrap().iter().map(name).collect();
            (member["email"].as_str().unwrap().to_owned(), roles)
        };
        members.as_array().unwrap().iter().map(member).collect()
    }

    async fn give_roles(&self, access: &str, tenant: &str, user: &str, roles: &[&str]) -> Answer {
        let path = format!("/api/v1/tenants/{tenant}/members/{user}");
        let body = json!({ "roles": roles }).to_string();
        self.call(Method::PATCH, &path).body("application/json", body).bearer(access).send().await
    }

    async fn remove_member(&self, access: &str, tenant: &str, user: &str) -> Answer {
        let path = format!("/api/v1/tenants/{tenant}/members/{user}");
        self.call(Method::DELETE, &path).bearer(access).send().await
    }

    async fn change_tenant(&self, access: &str, tenant: &str, body: &Value) -> Answer {
        let call = self.call(Method::PATCH, &format!("/api/v1/tenants/{tenant}"));
        call.body("application/json", body.to_string()).bearer(access).send().await
    }
}

/// The claims of a token, unchecked.
pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine;
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

pub(crate) async fn ada_and_bob(app: &App) -> (Tokens, Tokens) {
    (app.member("ada@example.com").await, app.member("bob@example.com").await)
}

profiles! {
    async fn whoever_founds_a_tenant_owns_it(app: &App) {
        let (ada, bob) = ada_and_bob(app).await;
        let body = json!({ "name": "Müller & Söhne" });
        let made = app.post("/api/v1/tenants", &body).bearer(&ada.access).gives(201).await;
        let tenant = made.data()["id"].as_str().unwrap().to_owned();
        assert_eq!(made.header("location"), format!("/api/v1/tenants/{tenant}"));
        assert!(made.data()["slug"].as_str().unwrap().starts_with("muller-sohne-"), "{}", made.text());
        assert_eq!(app.members(&ada.access, &tenant).await, [("ada@example.com".to_owned(), vec!["owner".to_owned()])]);
        let mine = app.get("/api/v1/tenants").bearer(&ada.access).gives(200).await.data();
        assert_eq!(mine[0]["id"], tenant.as_str());

        // To everybody else it does not exist.
        assert_eq!(app.get("/api/v1/tenants").bearer(&bob.access).gives(200).await.data(), json!([]));
        for path in ["", "/members", "/invitations"] {
            app.in_tenant(&bob.access, &tenant, path).await.refuses(404, "not_found");
        }
        app.switch(&bob.access, &tenant).await.refuses(404, "not_found");
        app.get("/api/v1/tenants?filter[all]=true").bearer(&bob.access).refused(403, "forbidden").await;
        let login = json!({ "email": "bob@example.com", "password": PASSWORD, "tenantId": tenant });
        app.post("/api/v1/auth/login", &login).refused(401, "invalid_credentials").await;
    }

    async fn a_tenant_changes_at_its_version(app: &App) {
        let ada = app.member("ada@example.com").await;
        let tenant = app.found(&ada.access, "One").await;
        app.found(&ada.access, "Two").await;
        let changed = json!({ "name": "Uno", "slug": "uno", "settings": { "colour": "blue" } });
        let answer = app.change_tenant(&ada.access, &tenant, &changed).await.is(200);
        assert_eq!(answer.header("etag"), "\"v2\"");
        assert_eq!(answer.data()["settings"], json!({ "colour": "blue" }));
        let read = app.in_tenant(&ada.access, &tenant, "").await.is(200).data();
        assert_eq!((&read["name"], &read["slug"]), (&json!("Uno"), &json!("uno")));
        let path = format!("/api/v1/tenants/{tenant}");
        let stale = app.call(Method::PATCH, &path).body("application/json", r#"{"name":"Eins"}"#);
        stale.header("if-match", "\"v1\"").bearer(&ada.access).refused(412, "precondition_failed").await;
        let taken = json!({ "name": "Three", "slug": "uno" });
        app.post("/api/v1/tenants", &taken).bearer(&ada.access).refused(409, "conflict").await;
        for (body, field) in [
            (json!({ "slug": "Not A Slug" }), "slug"),
            (json!({ "name": " " }), "name"),
            (json!({ "settings": { "x": "y".repeat(9000) } }), "settings"),
        ] {
            let refused = app.change_tenant(&ada.access, &tenant, &body).await;
            assert_eq!(refused.refuses(422, "validation_failed").json()["errors"][0]["field"], field);
        }
    }

    /// A token that speaks for one tenant is worth nothing in another, even of the same person.
    async fn a_token_speaks_for_one_tenant(app: &App) {
        let ada = app.member("ada@example.com").await;
        let (one, two) = (app.found(&ada.access, "One").await, app.found(&ada.access, "Two").await);
        let for_one = app.speaking_for(&ada.access, &one).await;
        assert_eq!(claims(&for_one)["tid"], one.as_str());
        assert_eq!(claims(&for_one)["sid"], claims(&ada.access)["sid"]);
        app.in_tenant(&for_one, &one, "/members").await.is(200);
        app.in_tenant(&for_one, &two, "/members").await.refuses(404, "not_found");
        // One that speaks for none reaches all of them.
        app.in_tenant(&ada.access, &two, "/members").await.is(200);
        // The session remembers what it speaks for.
        let next = app.refreshed(&ada).await;
        assert_eq!(claims(&next.access)["tid"], one.as_str());
        let none = app.post("/api/v1/auth/switch-tenant", &json!({ "tenantId": null })).bearer(&next.access);
        let none = none.gives(200).await.data()["accessToken"].as_str().unwrap().to_owned();
        assert!(claims(&none).get("tid").is_none());
    }

    async fn a_removed_member_is_out_on_the_next_request(app: &App) {
        let (ada, bob) = ada_and_bob(app).await;
        let tenant = app.found(&ada.access, "Acme").await;
        let speaking = app.speaking_for(&ada.access, &tenant).await;
        let member = app.role_id(&speaking, "member").await;
        app.bring_in(&ada.access, &tenant, "bob@example.com", &[&member]).await;
        let bobs = app.speaking_for(&bob.access, &tenant).await;
        app.in_tenant(&bobs, &tenant, "/members").await.is(200);
        app.remove_member(&bobs, &tenant, &ada.user).await.refuses(403, "forbidden");
        app.remove_member(&ada.access, &tenant, &bob.user).await.is(204);
        app.in_tenant(&bobs, &tenant, "/members").await.refuses(401, "token_revoked");
        app.in_tenant(&bob.access, &tenant, "/members").await.refuses(404, "not_found");
        // The person is still there, and their session speaks for no tenant any more.
        let next = app.refreshed(&bob).await;
        assert!(claims(&next.access).get("tid").is_none());
        app.me(&next.access).await.is(200);
    }

    async fn members_leave_but_for_the_last_owner(app: &App) {
        let (ada, bob) = ada_and_bob(app).await;
        let tenant = app.found(&ada.access, "Acme").await;
        let speaking = app.speaking_for(&ada.access, &tenant).await;
        let (owner, member) = (app.role_id(&speaking, "owner").await, app.role_id(&speaking, "member").await);
        app.bring_in(&ada.access, &tenant, "bob@example.com", &[&member]).await;
        app.remove_member(&ada.access, &tenant, &ada.user).await.refuses(409, "conflict");
        app.give_roles(&ada.access, &tenant, &ada.user, &[&member]).await.refuses(409, "conflict");
        app.remove_member(&bob.access, &tenant, &bob.user).await.is(204);
        app.bring_in(&ada.access, &tenant, "bob@example.com", &[&owner]).await;
        app.remove_member(&ada.access, &tenant, &ada.user).await.is(204);
        app.in_tenant(&ada.access, &tenant, "").await.refuses(404, "not_found");
        app.remove_member(&bob.access, &tenant, &bob.user).await.refuses(409, "conflict");
    }

    /// Of two owners who leave at the same time one stays.
    async fn two_owners_do_not_leave_together(app: &App) {
        let (ada, bob) = ada_and_bob(app).await;
        let tenant = app.found(&ada.access, "Acme").await;
        let speaking = app.speaking_for(&ada.access, &tenant).await;
        let owner = app.role_id(&speaking, "owner").await;
        app.bring_in(&ada.access, &tenant, "bob@example.com", &[&owner]).await;
        let leaving = [(&ada.access, &ada.user), (&bob.access, &bob.user)]
            .map(|(access, user)| app.remove_member(access, &tenant, user));
        let statuses = futures_util::future::join_all(leaving).await;
        let mut statuses: Vec<u16> = statuses.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
    }

    /// An administrator of a tenant gives what they have, and takes it only from those who have no more.
    async fn nobody_gives_or_takes_what_they_have_not(app: &App) {
        let (ada, bob) = ada_and_bob(app).await;
        let tenant = app.found(&ada.access, "Acme").await;
        let speaking = app.speaking_for(&ada.access, &tenant).await;
        let role = async |name| app.role_id(&speaking, name).await;
        let (owner, admin, member) = (role("owner").await, role("admin").await, role("member").await);
        app.bring_in(&ada.access, &tenant, "bob@example.com", &[&admin]).await;
        app.invite(&bob.access, &tenant, "eve@example.com", &[&owner]).await.refuses(403, "forbidden");
        app.give_roles(&bob.access, &tenant, &bob.user, &[&owner]).await.refuses(403, "forbidden");
        app.give_roles(&bob.access, &tenant, &ada.user, &[&member]).await.refuses(403, "forbidden");
        app.remove_member(&bob.access, &tenant, &ada.user).await.refuses(403, "forbidden");
        app.give_roles(&bob.access, &tenant, &bob.user, &[&admin, &member]).await.is(200);
        let unknown = "0198c5c0-7b6e-7000-8000-000000000000";
        let answer = app.give_roles(&ada.access, &tenant, &bob.user, &[unknown]).await;
        answer.refuses(422, "validation_failed").names("roles", "unknown");
    }

    async fn a_suspended_tenant_keeps_its_members_out(app: &App) {
        let ada = app.member("ada@example.com").await;
        let admin = app.admin().await;
        let tenant = app.found(&ada.access, "Acme").await;
        let speaking = app.speaking_for(&ada.access, &tenant).await;
        let act = async |access: &str, verb: &str| {
            let path = format!("/api/v1/tenants/{tenant}/{verb}");
            app.call(Method::POST, &path).bearer(access).send().await
        };
        act(&ada.access, "suspend").await.refuses(403, "forbidden");
        app.in_tenant(&speaking, &tenant, "").await.is(200);
        assert_eq!(act(&admin.access, "suspend").await.is(200).data()["status"], "suspended");
        app.in_tenant(&speaking, &tenant, "").await.refuses(401, "token_revoked");
        app.in_tenant(&ada.access, &tenant, "").await.refuses(404, "not_found");
        app.switch(&ada.access, &tenant).await.refuses(404, "not_found");
        app.in_tenant(&admin.access, &tenant, "").await.is(200);
        act(&admin.access, "resume").await.is(200);
        app.in_tenant(&speaking, &tenant, "").await.is(200);
    }

    /// Whoever administers the platform sees and helps, without being a member.
    async fn the_platform_reaches_into_tenants(app: &App) {
        let ada = app.member("ada@example.com").await;
        let admin = app.admin().await;
        let tenant = app.found(&ada.access, "Acme").await;
        assert_eq!(app.members(&admin.access, &tenant).await.len(), 1);
        let all = app.get("/api/v1/tenants?filter[all]=true").bearer(&admin.access).gives(200).await.data();
        assert!(all.as_array().unwrap().iter().any(|found| found["id"] == tenant.as_str()), "{all}");
        app.change_tenant(&admin.access, &tenant, &json!({ "name": "Helped" })).await.is(200);
        app.switch(&admin.access, &tenant).await.refuses(404, "not_found");
        app.in_tenant(&admin.access, "0198c5c0-7b6e-7000-8000-000000000000", "").await.refuses(404, "not_found");
        app.in_tenant(&admin.access, "nonsense", "").await.refuses(404, "not_found");
    }

    /// The cursor of one tenant's list is worth nothing in another's.
    async fn cursors_stay_in_their_tenant(app: &App) {
        let (ada, _) = ada_and_bob(app).await;
        let (one, two) = (app.found(&ada.access, "One").await, app.found(&ada.access, "Two").await);
        app.bring_in(&ada.access, &one, "bob@example.com", &[]).await;
        let page = app.in_tenant(&ada.access, &one, "/members?limit=1").await.is(200).json();
        let cursor = page["meta"]["nextCursor"].as_str().unwrap();
        let next = app.in_tenant(&ada.access, &one, &format!("/members?limit=1&cursor={cursor}")).await.is(200);
        assert_eq!(next.data()[0]["email"], "bob@example.com");
        let elsewhere = app.in_tenant(&ada.access, &two, &format!("/members?limit=1&cursor={cursor}")).await;
        elsewhere.refuses(422, "validation_failed").names("cursor", "cursor");
    }
}

profiles! {
    [owned_clock()]

    /// Deleting is for whoever has just proven who they are; then the tenant is gone for all.
    async fn a_tenant_is_deleted_by_whoever_proves_who_they_are(app: &App) {
        let ada = app.member("ada@example.com").await;
        let tenant = app.found(&ada.access, "Acme").await;
        let speaking = app.speaking_for(&ada.access, &tenant).await;
        app.advance_seconds(11 * 60);
        let delete = async || {
            let call = app.call(Method::DELETE, &format!("/api/v1/tenants/{tenant}"));
            call.bearer(&speaking).send().await
        };
        delete().await.refuses(401, "reauthentication_required");
        let body = json!({ "password": PASSWORD });
        app.post("/api/v1/auth/reauthenticate", &body).bearer(&ada.access).gives(200).await;
        delete().await.is(204);
        delete().await.refuses(401, "token_revoked");
        app.in_tenant(&ada.access, &tenant, "").await.refuses(404, "not_found");
    }

    /// Where a second factor is asked for, a session without one gets nowhere.
    async fn a_tenant_may_ask_for_a_second_factor(app: &App) {
        let (ada, bob) = ada_and_bob(app).await;
        let tenant = app.found(&ada.access, "Acme").await;
        let speaking = app.speaking_for(&ada.access, &tenant).await;
        let member = app.role_id(&speaking, "member").await;
        app.bring_in(&ada.access, &tenant, "bob@example.com", &[&member]).await;
        let bobs = app.speaking_for(&bob.access, &tenant).await;
        app.in_tenant(&bobs, &tenant, "").await.is(200);
        let ask = json!({ "requiresMfa": true });
        app.change_tenant(&ada.access, &tenant, &ask).await.refuses(403, "mfa_required");

        let ada = with_second_factor(app, "ada@example.com", &ada).await;
        app.change_tenant(&ada.access, &tenant, &ask).await.is(200);
        app.in_tenant(&ada.access, &tenant, "").await.is(200);
        app.in_tenant(&bobs, &tenant, "").await.refuses(403, "mfa_required");
        app.in_tenant(&bob.access, &tenant, "").await.refuses(403, "mfa_required");
        app.switch(&bob.access, &tenant).await.refuses(403, "mfa_required");
        let login = json!({ "email": "bob@example.com", "password": PASSWORD, "tenantId": tenant });
        app.post("/api/v1/auth/login", &login).refused(403, "mfa_required").await;
        // Elsewhere he goes on, and with a second factor he is in.
        let next = app.refreshed(&bob).await;
        assert!(claims(&next.access).get("tid").is_none());
        let bob = with_second_factor(app, "bob@example.com", &next).await;
        app.in_tenant(&bob.access, &tenant, "").await.is(200);
    }
}

profiles! {
    [default().with("TENANCY__MODE", "single")]

    /// Everybody belongs to the one tenant there is, and nothing is to be seen of it.
    async fn in_single_mode_there_are_no_tenants_to_be_seen(app: &App) {
        let ada = app.member("ada@example.com").await;
        assert!(claims(&ada.access)["tid"].is_string());
        for path in ["/api/v1/tenants", "/api/v1/tenants/0198c5c0-7b6e-7000-8000-000000000000/members", "/accept-invitation"] {
            app.get(path).bearer(&ada.access).refused(404, "not_found").await;
        }
        let accept = app.post("/api/v1/invitations/accept", &json!({ "token": "x" }));
        accept.refused(404, "not_found").await;
        let document = app.get("/openapi.json").gives(200).await.json();
        assert!(document["paths"].as_object().unwrap().keys().all(|path| !path.contains("tenants/")));
        let admin = app.admin().await;
        let roles = app.get("/api/v1/roles").bearer(&admin.access).gives(200).await.data();
        assert_eq!(roles.as_array().unwrap().len(), 3);
    }
}
