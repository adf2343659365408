//! Keys that programs present in the place of their owner.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, PASSWORD, Tokens, installations, profiles};
use crate::mfa::with_second_factor;

const ADA: &str = "ada@example.com";
const KEYS: &str = "/api/v1/api-keys";

async fn try_make(app: &Client, owner: &Tokens, scopes: &[&str]) -> Answer {
    let body = json!({ "name": "Nightly report", "scopes": scopes });
    app.post(KEYS, &body).bearer(&owner.access).send().await
}

/// The text of a new key, and what is shown of it.
async fn make(app: &Client, owner: &Tokens, scopes: &[&str]) -> (String, Value) {
    let answer = try_make(app, owner, scopes).await.is(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let data = answer.data();
    assert_eq!(answer.header("location"), format!("{KEYS}/{}", data["id"].as_str().unwrap()));
    (data["key"].as_str().unwrap().to_owned(), data)
}

async fn list(app: &Client, owner: &Tokens) -> Vec<Value> {
    app.get(KEYS).bearer(&owner.access).gives(200).await.data().as_array().unwrap().clone()
}

async fn revoke(app: &Client, bearer: &str, key: &Value) -> Answer {
    let path = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    app.call(Method::DELETE, &path).bearer(bearer).send().await
}

profiles! {
    [owned_clock()]

    async fn acts_for_its_owner_within_its_scopes(app: &App) {
        let ada = app.member(ADA).await;
        let (key, made) = make(app, &ada, &["profile:read"]).await;
        app.mail(ADA, "An API key was made for your account").await;
        assert!(key.len() == 52 && key.starts_with(made["prefix"].as_str().unwrap()), "{key}");
        assert_eq!(app.me(&key).await.is(200).data()["id"], ada.user);
        let listed = list(app, &ada).await;
        assert_eq!(listed.len(), 1);
        let shown = [&listed[0]["id"], &listed[0]["prefix"], &listed[0]["scopes"], &listed[0]["key"]];
        assert_eq!(shown, [&made["id"], &made["prefix"], &json!(["profile:read"]), &Value::Null]);
        let change = app.call(Method::PATCH, "/api/v1/users/me").bearer(&key);
        change.body("application/json", r#"{"displayName":"Eve"}"#).refused(403, "forbidden").await;
    }

    async fn what_was_never_made_is_refused(app: &App) {
        let ada = app.member(ADA).await;
        let (key, _) = make(app, &ada, &["profile:read"]).await;
        let cut = &key[..key.len() - 1];
        let other = format!("{}{}", cut, if key.ends_with('A') { 'B' } else { 'A' });
        let unknown = "msk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for wrong in [cut, &other, &key.to_uppercase(), "msk_", unknown, &format!("{key}=")] {
            app.me(wrong).await.refuses(401, "unauthenticated");
        }
    }

    /// A scope is something that its owner has when they make the key …
    async fn nobody_gives_what_they_have_not(app: &App) {
        let (ada, admin) = (app.member(ADA).await, app.admin().await);
        for scope in ["jobs:read", "*:*", "users:*", "nonsense", "Profile:read", ""] {
            let refused = try_make(app, &ada, &["profile:read", scope]).await;
            refused.refuses(422, "validation_failed").names("scopes.1", "scope");
        }
        for scope in ["credentials:write", "credentials:*"] {
            let refused = try_make(app, &ada, &[scope]).await;
            refused.refuses(422, "validation_failed").names("scopes.0", "scope");
        }
        try_make(app, &ada, &[]).await.refuses(422, "validation_failed").names("scopes", "length");
        make(app, &admin, &["jobs:read", "users:*", "*:*"]).await;
        let past = json!({ "name": " ", "scopes": ["profile:read"], "expiresAt": "2020-01-01T00:00:00Z" });
        let refused = app.post(KEYS, &past).bearer(&ada.access).send().await.refuses(422, "validation_failed");
        refused.names("name", "label").names("expiresAt", "range");
    }

    /// … and whenever the key is used.
    async fn a_taken_right_is_taken_from_its_keys(app: &App) {
        let second = app.second_operator(ADA).await;
        let (key, _) = make(app, &second, &["jobs:read", "profile:read"]).await;
        let jobs = async |status| app.get("/api/v1/jobs").bearer(&key).gives(status).await;
        jobs(200).await;
        let submit = app.post("/api/v1/jobs", &json!({ "kind": "diagnostics.echo", "payload": {} }));
        submit.bearer(&key).refused(403, "forbidden").await;
        let admin = app.admin().await;
        let path = format!("/api/v1/users/{}", second.user);
        app.call(Method::POST, &format!("{path}/lock")).bearer(&admin.access).gives(200).await;
        app.me(&key).await.refuses(401, "token_revoked");
        app.call(Method::POST, &format!("{path}/unlock")).bearer(&admin.access).gives(200).await;
        jobs(200).await;
    }

    /// Whatever a key may do, it does not touch how its owner logs in, nor makes others of its kind.
    async fn a_key_is_nobodys_proof(app: &App) {
        let admin = app.admin().await;
        let (key, made) = make(app, &admin, &["*:*"]).await;
        let sessions = app.get("/api/v1/auth/sessions").bearer(&admin.access).gives(200).await.data();
        let session = format!("/api/v1/auth/sessions/{}", sessions[0]["id"].as_str().unwrap());
        let passwords = json!({ "currentPassword": PASSWORD, "newPassword": "another battery staple" });
        for (method, path, body) in [
            (Method::POST, KEYS, json!({ "name": "more", "scopes": ["profile:read"] })),
            (Method::DELETE, &format!("{KEYS}/{}", made["id"].as_str().unwrap()), json!({})),
            (Method::POST, "/api/v1/auth/change-password", passwords),
            (Method::POST, "/api/v1/auth/change-email", json!({ "email": "eve@example.com" })),
            (Method::POST, "/api/v1/auth/reauthenticate", json!({ "password": PASSWORD })),
            (Method::POST, "/api/v1/auth/reauthenticate/passkey/begin", json!({})),
            (Method::POST, "/api/v1/auth/passkeys/register/begin", json!({})),
            (Method::POST, "/api/v1/auth/passkeys/register/finish", json!({ "credential": {} })),
            (Method::DELETE, &format!("/api/v1/auth/passkeys/{}", uuid::Uuid::nil()), json!({})),
            (Method::POST, "/api/v1/auth/mfa/totp/enroll", json!({})),
            (Method::POST, "/api/v1/auth/mfa/totp/confirm", json!({ "code": "287082" })),
            (Method::POST, "/api/v1/auth/mfa/totp/disable", json!({ "password": PASSWORD })),
            (Method::DELETE, &session, json!({})),
            (Method::POST, "/api/v1/auth/logout", json!({})),
            (Method::POST, "/api/v1/auth/logout-all", json!({})),
        ] {
            let call = app.call(method, path).bearer(&key).body("application/json", body.to_string());
            call.refused(403, "forbidden").await;
        }
        // All else it may.
        app.get("/api/v1/users").bearer(&key).gives(200).await;
        app.me(&admin.access).await.is(200);
    }

    async fn a_revoked_key_is_refused_at_once(app: &App) {
        let ada = app.member(ADA).await;
        let ((key, made), (other, _)) =
            (make(app, &ada, &["profile:read"]).await, make(app, &ada, &["profile:read"]).await);
        app.me(&key).await.is(200);
        let eve = app.member("eve@example.com").await;
        revoke(app, &eve.access, &made).await.refuses(404, "not_found");
        revoke(app, &ada.access, &made).await.is(204);
        app.me(&key).await.refuses(401, "token_revoked");
        app.me(&other).await.is(200);
        revoke(app, &ada.access, &made).await.refuses(404, "not_found");
        assert_eq!(list(app, &ada).await.len(), 1);
    }

    async fn a_key_ends_when_it_was_said_to(app: &App) {
        let ada = app.member(ADA).await;
        let end = chrono::DateTime::from_timestamp(app.now() + 60, 0).unwrap().to_rfc3339();
        let body = json!({ "name": "Short", "scopes": ["profile:read"], "expiresAt": end });
        let made = app.post(KEYS, &body).bearer(&ada.access).gives(201).await.data();
        let key = made["key"].as_str().unwrap();
        app.me(key).await.is(200);
        app.advance_seconds(60);
        app.me(key).await.refuses(401, "token_expired");
        assert_eq!(list(app, &ada).await.len(), 1);
        app.advance_days(31);
        let admin = app.admin().await;
        let purge = app.submit(&admin, "maintenance.purge", json!({})).await;
        let purged = app.job_is(&admin, &purge["id"], "succeeded").await;
        assert_eq!(purged["result"]["rows"]["apiKeys"], 1, "{purged}");
        assert_eq!(list(app, &app.login(ADA, PASSWORD).await).await, Vec::<Value>::new());
    }

    /// Without anybody's writing at each request.
    async fn its_last_use_is_known_to_the_minute(app: &App) {
        let ada = app.member(ADA).await;
        let (key, made) = make(app, &ada, &["profile:read"]).await;
        assert_eq!(made["lastUsedAt"], Value::Null);
        let last = async || list(app, &ada).await[0]["lastUsedAt"].clone();
        app.me(&key).await.is(200);
        let first = last().await;
        assert_ne!(first, Value::Null);
        app.advance_seconds(59);
        app.me(&key).await.is(200);
        assert_eq!(last().await, first);
        app.advance_seconds(2);
        app.me(&key).await.is(200);
        assert_ne!(last().await, first);
    }

    async fn the_trail_names_the_key(app: &App) {
        let admin = app.admin().await;
        let (key, made) = make(app, &admin, &["jobs:*"]).await;
        let body = json!({ "kind": "diagnostics.echo", "payload": {} });
        app.post("/api/v1/jobs", &body).bearer(&key).gives(202).await;
        let entries = app.audit(&admin, &format!("action=job.submit&actor={}", admin.user)).await;
        assert_eq!((&entries[0]["actorKind"], &entries[0]["apiKeyId"]), (&json!("api-key"), &made["id"]));
        let made = app.audit(&admin, "action=api-key.create").await;
        assert_eq!((&made[0]["actorKind"], &made[0]["apiKeyId"]), (&json!("user"), &Value::Null));
    }

    /// It goes where the session that made it could, within its scopes, and no longer than its owner.
    async fn a_key_speaks_for_one_tenant(app: &App) {
        let (ada, bob) = (app.member(ADA).await, app.member("bob@example.com").await);
        let (ours, other) = (app.found(&ada.access, "Ours").await, app.found(&ada.access, "Other").await);
        let speaking = Tokens { access: app.speaking_for(&ada.access, &ours).await, ..ada.clone() };
        let admin = app.role_id(&speaking.access, "admin").await;
        app.bring_in(&ada.access, &ours, "bob@example.com", &[&admin]).await;
        let bobs = Tokens { access: app.speaking_for(&bob.access, &ours).await, ..bob.clone() };
        let members = async |bearer: &str, tenant: &str| {
            app.get(&format!("/api/v1/tenants/{tenant}/members")).bearer(bearer).send().await
        };
        let (key, made) = make(app, &speaking, &["members:*"]).await;
        assert_eq!(made["tenantId"], ours.as_str());
        members(&key, &ours).await.is(200);
        members(&key, &other).await.refuses(404, "not_found");
        app.get(&format!("/api/v1/tenants/{ours}")).bearer(&key).refused(403, "forbidden").await;
        try_make(app, &bobs, &["tenants:delete"]).await.refuses(422, "validation_failed");
        let (of_bob, _) = make(app, &bobs, &["members:read"]).await;
        members(&of_bob, &ours).await.is(200);
        // Rights in a tenant are not those of a session that speaks for none.
        try_make(app, &ada, &["members:read"]).await.refuses(422, "validation_failed");
        let (of_none, made) = make(app, &ada, &["profile:read"]).await;
        assert_eq!(made["tenantId"], Value::Null);
        members(&of_none, &ours).await.refuses(403, "forbidden");

        let path = format!("/api/v1/tenants/{ours}/members/{}", bob.user);
        // Who takes an administrator's rights away must have them, and this key does not.
        app.call(Method::DELETE, &path).bearer(&key).refused(403, "forbidden").await;
        app.call(Method::DELETE, &path).bearer(&ada.access).gives(204).await;
        members(&of_bob, &ours).await.refuses(401, "token_revoked");
        // A second factor that is asked for later is asked of keys, too.
        let ada = with_second_factor(app, ADA, &ada).await;
        let ask = json!({ "requiresMfa": true }).to_string();
        let change = app.call(Method::PATCH, &format!("/api/v1/tenants/{ours}")).bearer(&ada.access);
        change.body("application/json", ask).gives(200).await;
        members(&key, &ours).await.refuses(403, "mfa_required");
        let ada = Tokens { access: app.speaking_for(&ada.access, &ours).await, ..ada };
        let (proven, _) = make(app, &ada, &["members:read"]).await;
        members(&proven, &ours).await.is(200);
    }

    async fn making_one_asks_for_a_fresh_proof(app: &App) {
        let ada = app.member(ADA).await;
        app.advance_seconds(10 * 60);
        try_make(app, &ada, &["profile:read"]).await.refuses(401, "reauthentication_required");
    }

    /// The same key sent by a person and by a program, or by two programs, is two.
    async fn each_key_repeats_itself_alone(app: &App) {
        let admin = app.admin().await;
        let ((one, _), (two, _)) = (make(app, &admin, &["jobs:*"]).await, make(app, &admin, &["jobs:*"]).await);
        let send = async |bearer: &str| {
            let body = json!({ "kind": "diagnostics.echo", "payload": {} });
            let call = app.post("/api/v1/jobs", &body).bearer(bearer).header("idempotency-key", "same");
            call.gives(202).await.data()["id"].clone()
        };
        let (person, first, second) = (send(&admin.access).await, send(&one).await, send(&two).await);
        assert!(person != first && first != second && person != second);
        assert_eq!(send(&one).await, first);
    }
}

installations! {
    [postgres mysql]

    async fn a_revoked_key_is_refused_on_every_replica(installation: &Installation) {
        let one_service = [("SERVER__PUBLIC_URL", "http://mainstay.test")];
        let [a, b] = [installation.api("a", &one_service).await, installation.api("b", &one_service).await];
        let admin = a.admin().await;
        for _ in 0..5 {
            let (key, made) = make(&a, &admin, &["profile:read"]).await;
            for replica in [&a, &b] {
                replica.me(&key).await.is(200);
            }
            revoke(&a, &admin.access, &made).await.is(204);
            for replica in [&b, &a] {
                replica.me(&key).await.refuses(401, "token_revoked");
            }
        }
        for replica in [a, b] {
            replica.stop().await;
        }
    }
}
