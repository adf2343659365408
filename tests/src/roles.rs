//! Roles: what they grant, from when on, and what nobody can do with them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, App, Client, Tokens, profiles};

impl Client {
    async fn make_role(&self, access: &str, body: &Value) -> Answer {
        self.post("/api/v1/roles", body).bearer(access).send().await
    }

    /// A role of the platform, or of the tenant that the token speaks for.
    pub(crate) async fn role(&self, access: &str, name: &str, permissions: &[&str]) -> String {
        let body = json!({ "name": name, "permissions": permissions });
        self.make_role(access, &body).await.is(201).data()["id"].as_str().unwrap().to_owned()
    }

    async fn change_role(&self, access: &str, role: &str, body: &Value) -> Answer {
        let call = self.call(Method::PATCH, &format!("/api/v1/roles/{role}"));
        call.body("application/json", body.to_string()).bearer(access).send().await
    }

    async fn delete_role(&self, access: &str, role: &str) -> Answer {
        self.call(Method::DELETE, &format!("/api/v1/roles/{role}")).bearer(access).send().await
    }

    pub(crate) async fn assign(&self, access: &str, user: &str, roles: &[&str]) -> Answer {
        let call = self.call(Method::PUT, &format!("/api/v1/users/{user}/roles"));
        call.body("application/json", json!({ "roles": roles }).to_string()).bearer(access).send().await
    }

    async fn users(&self, access: &str) -> Answer {
        self.get("/api/v1/users").bearer(access).send().await
    }
}

async fn admin_and_bob(app: &App) -> (Tokens, Tokens) {
    (app.admin().await, app.member("bob@example.com").await)
}

profiles! {
    /// With the same token, on the very next request.
    async fn a_change_takes_effect_on_the_next_request(app: &App) {
        let (admin, bob) = admin_and_bob(app).await;
        app.users(&bob.access).await.refuses(403, "forbidden");
        let role = app.role(&admin.access, "support", &["users:read"]).await;
        app.users(&bob.access).await.refuses(403, "forbidden");
        app.assign(&admin.access, &bob.user, &[&role]).await.is(200);
        app.users(&bob.access).await.is(200);
        app.change_role(&admin.access, &role, &json!({ "permissions": ["jobs:read"] })).await.is(200);
        app.users(&bob.access).await.refuses(403, "forbidden");
        app.get("/api/v1/jobs").bearer(&bob.access).gives(200).await;
        app.delete_role(&admin.access, &role).await.is(204);
        app.get("/api/v1/jobs").bearer(&bob.access).refused(403, "forbidden").await;
        let path = format!("/api/v1/users/{}/roles", bob.user);
        assert_eq!(app.get(&path).bearer(&admin.access).gives(200).await.data(), json!([]));
    }

    async fn roles_inherit(app: &App) {
        let (admin, bob) = admin_and_bob(app).await;
        let base = app.role(&admin.access, "base", &["users:read"]).await;
        let body = json!({ "name": "middle", "inherits": [base] });
        let middle = app.make_role(&admin.access, &body).await.is(201).data();
        assert_eq!(middle["inherits"][0]["name"], "base");
        let middle = middle["id"].as_str().unwrap();
        let top = json!({ "name": "top", "permissions": ["audit:*"], "inherits": [middle] });
        let top = app.make_role(&admin.access, &top).await.is(201).data()["id"].as_str().unwrap().to_owned();
        app.assign(&admin.access, &bob.user, &[&top]).await.is(200);
        app.users(&bob.access).await.is(200);
        app.get("/api/v1/audit").bearer(&bob.access).gives(200).await;
        // In a circle, or of itself, nothing inherits.
        for heir in [&top, middle, &base] {
            let circle = app.change_role(&admin.access, &base, &json!({ "inherits": [heir] })).await;
            circle.refuses(422, "validation_failed").names("inherits", "circle");
        }
        app.change_role(&admin.access, middle, &json!({ "inherits": [] })).await.is(200);
        app.users(&bob.access).await.refuses(403, "forbidden");
    }

    /// Neither by a permission, nor by a parent, nor by handing a role to oneself.
    async fn nobody_gives_what_they_have_not(app: &App) {
        let (admin, bob) = admin_and_bob(app).await;
        let keeper = app.role(&admin.access, "keeper", &["roles:*", "users:*"]).await;
        let strong = app.role(&admin.access, "strong", &["audit:read"]).await;
        let owner = app.role_id(&admin.access, "owner").await;
        app.assign(&admin.access, &bob.user, &[&keeper]).await.is(200);
        for body in [
            json!({ "name": "a", "permissions": ["audit:read"] }),
            json!({ "name": "b", "permissions": ["*:read"] }),
            json!({ "name": "c", "inherits": [strong] }),
            json!({ "name": "d", "inherits": [owner] }),
        ] {
            app.make_role(&bob.access, &body).await.refuses(403, "forbidden");
        }
        for role in [&strong, &owner] {
            app.assign(&bob.access, &bob.user, &[&keeper, role]).await.refuses(403, "forbidden");
        }
        app.change_role(&bob.access, &keeper, &json!({ "permissions": ["jobs:*"] })).await.refuses(403, "forbidden");
        // Nor takes it from somebody.
        app.assign(&bob.access, &admin.user, &[]).await.refuses(403, "forbidden");
        app.role(&bob.access, "fine", &["users:read", "roles:read:own"]).await;
    }

    async fn what_can_not_be_is_refused(app: &App) {
        let admin = app.admin().await;
        let owner = app.role_id(&admin.access, "owner").await;
        app.change_role(&admin.access, &owner, &json!({ "name": "king" })).await.refuses(409, "conflict");
        app.delete_role(&admin.access, &owner).await.refuses(409, "conflict");
        app.assign(&admin.access, &admin.user, &[]).await.refuses(409, "conflict");
        app.role(&admin.access, "support", &["users:read"]).await;
        app.make_role(&admin.access, &json!({ "name": "support" })).await.refuses(409, "conflict");
        let nobody = "0198c5c0-7b6e-7000-8000-000000000000";
        for (body, field) in [
            (json!({ "name": "x", "permissions": ["users:read", "ships:sail"] }), "permissions.1"),
            (json!({ "name": "x", "permissions": ["nonsense"] }), "permissions.0"),
            (json!({ "name": " " }), "name"),
            (json!({ "name": "x", "inherits": [nobody] }), "inherits"),
        ] {
            let refused = app.make_role(&admin.access, &body).await.refuses(422, "validation_failed");
            assert_eq!(refused.json()["errors"][0]["field"], field, "{}", refused.text());
        }
        app.change_role(&admin.access, nobody, &json!({ "name": "x" })).await.refuses(404, "not_found");
        let role = app.role(&admin.access, "versioned", &[]).await;
        let call = app.call(Method::PATCH, &format!("/api/v1/roles/{role}")).header("if-match", "\"v7\"");
        let call = call.body("application/json", r#"{"name":"other"}"#).bearer(&admin.access);
        call.refused(412, "precondition_failed").await;
    }

    /// One tenant's roles are nobody else's, and the platform's are not the tenant's.
    async fn roles_belong_to_their_scope(app: &App) {
        let (admin, bob) = admin_and_bob(app).await;
        let ada = app.member("ada@example.com").await;
        let (one, two) = (app.found(&ada.access, "One").await, app.found(&bob.access, "Two").await);
        let (adas, bobs) = (app.speaking_for(&ada.access, &one).await, app.speaking_for(&bob.access, &two).await);
        let role = app.role(&adas, "support", &["members:read"]).await;
        app.role(&bobs, "support", &["members:read"]).await;
        let path = format!("/api/v1/roles/{role}");
        app.get(&path).bearer(&adas).gives(200).await;
        for other in [&bobs, &admin.access] {
            app.get(&path).bearer(other).refused(404, "not_found").await;
            app.change_role(other, &role, &json!({ "name": "mine" })).await.refuses(404, "not_found");
            app.delete_role(other, &role).await.refuses(404, "not_found");
            app.make_role(other, &json!({ "name": "heir", "inherits": [role] })).await.refuses(422, "validation_failed");
        }
        app.assign(&admin.access, &bob.user, &[&role]).await.refuses(422, "validation_failed");
        // A tenant's role says nothing about the platform: not even its owner's.
        app.users(&adas).await.refuses(403, "forbidden");
        let body = json!({ "name": "spy", "permissions": ["users:read"] });
        app.make_role(&adas, &body).await.refuses(422, "validation_failed").names("permissions.0", "permission");
        app.get("/api/v1/roles").bearer(&ada.access).refused(403, "forbidden").await;
    }

    /// What belongs to its holder needs no role.
    async fn ones_own_account_is_ones_own(app: &App) {
        let (admin, bob) = admin_and_bob(app).await;
        let path = |user: &str| format!("/api/v1/users/{user}");
        app.get(&path(&bob.user)).bearer(&bob.access).gives(200).await;
        app.get(&path(&admin.user)).bearer(&bob.access).refused(403, "forbidden").await;
        let change = async |user: &str| {
            let call = app.call(Method::PATCH, &path(user)).body("application/json", r#"{"displayName":"Bob"}"#);
            call.bearer(&bob.access).send().await
        };
        change(&bob.user).await.is(200);
        change(&admin.user).await.refuses(403, "forbidden");
        app.call(Method::DELETE, &path(&bob.user)).bearer(&bob.access).refused(403, "forbidden").await;
    }

    async fn permissions_are_listed(app: &App) {
        let (admin, bob) = admin_and_bob(app).await;
        let all = app.get("/api/v1/permissions").bearer(&admin.access).gives(200).await.data();
        let names: Vec<&str> = all.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"users:read") && names.contains(&"members:write"), "{names:?}");
        app.get("/api/v1/permissions").bearer(&bob.access).refused(403, "forbidden").await;
    }
}
