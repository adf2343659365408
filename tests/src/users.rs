//! Accounts, as platform administrators see them: the resource that has everything a resource can have.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, App, PASSWORD, Tokens, VERIFY_SUBJECT, profiles};

const USERS: &str = "/api/v1/users";

async fn made(app: &App, admin: &Tokens, email: &str, name: Option<&str>) -> Value {
    let body = json!({ "email": email, "displayName": name });
    app.post(USERS, &body).bearer(&admin.access).gives(201).await.data()
}

fn path(user: &Value) -> String {
    format!("{USERS}/{}", user["id"].as_str().unwrap())
}

async fn get(app: &App, admin: &Tokens, path: &str) -> Answer {
    app.get(path).bearer(&admin.access).send().await
}

async fn act(app: &App, admin: &Tokens, user: &Value, action: &str) -> Answer {
    app.call(Method::POST, &format!("{}/{action}", path(user))).bearer(&admin.access).send().await
}

async fn delete(app: &App, admin: &Tokens, user: &Value) -> Answer {
    app.call(Method::DELETE, &path(user)).bearer(&admin.access).send().await
}

/// The account behind a token, as administrators see it.
async fn account(app: &App, admin: &Tokens, tokens: &Tokens) -> Value {
    get(app, admin, &format!("{USERS}/{}", tokens.user)).await.is(200).data()
}

async fn emails(app: &App, admin: &Tokens, query: &str) -> Vec<String> {
    let rows = get(app, admin, &format!("{USERS}?limit=100&{query}")).await.is(200).data();
    rows.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
}

profiles! {
    async fn an_administrator_makes_an_account(app: &App) {
        let admin = app.admin().await;
        let body = json!({ "email": " Ada@Example.com ", "displayName": "Ada" });
        let answer = app.post(USERS, &body).bearer(&admin.access).gives(201).await;
        let ada = answer.data();
        assert_eq!((&ada["email"], &ada["displayName"]), (&json!("ada@example.com"), &json!("Ada")));
        assert_eq!((&ada["status"], &ada["emailVerified"]), (&json!("active"), &json!(false)));
        assert_eq!(answer.header("location"), path(&ada));
        assert_eq!((answer.header("etag"), answer.header("cache-control")), ("\"v1\"", "private, no-cache"));
        assert_eq!(get(app, &admin, &path(&ada)).await.is(200).data(), ada);
        app.post(USERS, &body).bearer(&admin.access).refused(409, "conflict").await;
        let bad = json!({ "email": "nobody", "displayName": "\u{7}" });
        let refused = app.post(USERS, &bad).bearer(&admin.access).refused(422, "validation_failed").await;
        refused.names("email", "email").names("displayName", "length");

        // The person proves the address, and chooses a password by registering: nobody else could know it.
        app.mail("ada@example.com", VERIFY_SUBJECT).await;
        app.register("ada@example.com", PASSWORD).await.is(202);
        let token = app.mail_token_of("ada@example.com", 2).await;
        app.verify(&token).await.is(200);
        assert_eq!(app.login("ada@example.com", PASSWORD).await.user, ada["id"].as_str().unwrap());

        let with_password = json!({ "email": "bob@example.com", "password": PASSWORD });
        app.post(USERS, &with_password).bearer(&admin.access).gives(201).await;
        let token = app.mail_token("bob@example.com").await;
        app.verify(&token).await.is(200);
        app.login("bob@example.com", PASSWORD).await;
        let weak = json!({ "email": "eve@example.com", "password": "short" });
        app.post(USERS, &weak).bearer(&admin.access).refused(422, "validation_failed").await.names("password", "password");
    }

    /// What has changed since it was read is not changed, deleted, closed or restored.
    async fn a_stale_version_changes_nothing(app: &App) {
        let admin = app.admin().await;
        let ada = made(app, &admin, "ada@example.com", Some("Ada")).await;
        let call = async |method: Method, path: String, tag: &str| {
            let call = app.call(method, &path).bearer(&admin.access).header("if-match", tag);
            call.body("application/json", json!({ "displayName": "Late" }).to_string()).send().await
        };
        let rename = json!({ "displayName": "Countess" });
        let renamed = app.call(Method::PATCH, &path(&ada)).bearer(&admin.access).header("if-match", "\"v1\"");
        let renamed = renamed.body("application/json", rename.to_string()).gives(200).await;
        assert_eq!((renamed.header("etag"), &renamed.data()["displayName"]), ("\"v2\"", &json!("Countess")));
        for action in ["lock", "unlock"] {
            call(Method::POST, format!("{}/{action}", path(&ada)), "\"v1\"").await.refuses(412, "precondition_failed");
        }
        for method in [Method::PATCH, Method::DELETE] {
            call(method, path(&ada), "\"v1\"").await.refuses(412, "precondition_failed");
        }
        assert_eq!(get(app, &admin, &path(&ada)).await.is(200).data(), renamed.data());
        call(Method::DELETE, path(&ada), "\"v2\"").await.is(204);
        call(Method::POST, format!("{}/restore", path(&ada)), "\"v2\"").await.refuses(412, "precondition_failed");
        let back = call(Method::POST, format!("{}/restore", path(&ada)), "\"v3\"").await.is(200);
        assert_eq!((back.header("etag"), &back.data()["displayName"]), ("\"v4\"", &json!("Countess")));
        let unchanged = app.get(&path(&ada)).bearer(&admin.access).header("if-none-match", "\"v4\"").gives(304).await;
        assert_eq!(unchanged.header("etag"), "\"v4\"");
    }

    async fn a_deleted_account_is_shut_at_once_and_comes_back(app: &App) {
        let admin = app.admin().await;
        let ada = app.member("ada@example.com").await;
        let other = app.login("ada@example.com", PASSWORD).await;
        let user = account(app, &admin, &ada).await;
        delete(app, &admin, &user).await.is(204);
        for tokens in [&ada, &other] {
            app.me(&tokens.access).await.refuses(401, "token_revoked");
            app.refresh(&tokens.refresh).await.is(401);
        }
        app.try_login("ada@example.com", PASSWORD).await.refuses(401, "invalid_credentials");
        for gone in [get(app, &admin, &path(&user)).await, delete(app, &admin, &user).await, act(app, &admin, &user, "lock").await] {
            gone.refuses(404, "not_found");
        }
        assert!(!emails(app, &admin, "").await.contains(&"ada@example.com".to_owned()));
        let deleted = get(app, &admin, &format!("{USERS}?filter[deleted]=true")).await.is(200).data();
        assert_eq!((&deleted[0]["id"], deleted.as_array().unwrap().len()), (&user["id"], 1));
        assert!(deleted[0]["deletedAt"].is_string());

        let back = act(app, &admin, &user, "restore").await.is(200).data();
        assert_eq!((&back["id"], &back["email"], &back["deletedAt"]), (&user["id"], &user["email"], &Value::Null));
        app.me(&ada.access).await.refuses(401, "token_revoked");
        assert_eq!(app.login("ada@example.com", PASSWORD).await.user, ada.user);
        act(app, &admin, &user, "restore").await.refuses(404, "not_found");
        let actions: Vec<Value> = app.audit(&admin, "resource=user").await.iter().map(|entry| entry["action"].clone()).collect();
        assert!(actions.contains(&json!("user.delete")) && actions.contains(&json!("user.restore")), "{actions:?}");
    }

    async fn a_freed_address_belongs_to_whoever_took_it(app: &App) {
        let admin = app.admin().await;
        let first = made(app, &admin, "ada@example.com", None).await;
        delete(app, &admin, &first).await.is(204);
        let heir = made(app, &admin, "ada@example.com", None).await;
        assert_ne!(heir["id"], first["id"]);
        act(app, &admin, &first, "restore").await.refuses(409, "conflict");
        delete(app, &admin, &heir).await.is(204);
        act(app, &admin, &first, "restore").await.is(200);
        assert_eq!(emails(app, &admin, "q=ada").await, ["ada@example.com"]);
    }

    async fn a_closed_account_is_shut_until_it_is_opened(app: &App) {
        let admin = app.admin().await;
        let ada = app.member("ada@example.com").await;
        let user = account(app, &admin, &ada).await;
        let locked = act(app, &admin, &user, "lock").await.is(200);
        assert_eq!(locked.data()["status"], "locked");
        assert_eq!(act(app, &admin, &user, "lock").await.is(200).data(), locked.data());
        app.me(&ada.access).await.refuses(401, "token_revoked");
        app.refresh(&ada.refresh).await.is(401);
        app.try_login("ada@example.com", PASSWORD).await.refuses(401, "invalid_credentials");
        assert_eq!(emails(app, &admin, "filter[status]=locked").await, ["ada@example.com"]);
        assert_eq!(act(app, &admin, &user, "unlock").await.is(200).data()["status"], "active");
        app.me(&ada.access).await.refuses(401, "token_revoked");
        app.login("ada@example.com", PASSWORD).await;
    }

    /// Nobody shuts themselves out, nor the platform's last owner.
    async fn the_last_owner_stays(app: &App) {
        let admin = app.admin().await;
        let own = account(app, &admin, &admin).await;
        delete(app, &admin, &own).await.refuses(409, "conflict");
        act(app, &admin, &own, "lock").await.refuses(409, "conflict");
        app.me(&admin.access).await.is(200);
    }

    async fn accounts_are_for_the_platforms_roles(app: &App) {
        let admin = app.admin().await;
        let member = app.member("ada@example.com").await;
        let user = account(app, &admin, &member).await;
        // Somebody else's: what is their own, they see.
        let other = account(app, &admin, &admin).await;
        let calls = [
            (Method::GET, USERS.to_owned()),
            (Method::POST, USERS.to_owned()),
            (Method::GET, path(&other)),
            (Method::PATCH, path(&other)),
            (Method::DELETE, path(&other)),
            (Method::POST, format!("{}/restore", path(&other))),
            (Method::POST, format!("{}/lock", path(&other))),
            (Method::POST, format!("{}/unlock", path(&other))),
        ];
        for (method, path) in calls {
            let call = || app.call(method.clone(), &path).body("application/json", "{\"email\":\"a@example.com\"}");
            call().refused(401, "unauthenticated").await;
            let body = if method == Method::PATCH { "{}" } else { "{\"email\":\"a@example.com\"}" };
            let call = app.call(method.clone(), &path).body("application/json", body);
            call.bearer(&member.access).refused(403, "forbidden").await;
        }
        assert_eq!(account(app, &admin, &member).await, user);
        for id in ["nonsense", "42", "%00", "01a1fc2b-e248-76d5-ad9a-a8e9e35bb6d9"] {
            get(app, &admin, &format!("{USERS}/{id}")).await.refuses(404, "not_found");
        }
        app.call(Method::PUT, "/api/v1/users/me").bearer(&admin.access).refused(405, "method_not_allowed").await;
    }

    async fn accounts_are_filtered_and_searched(app: &App) {
        let admin = app.admin().await;
        for (email, name) in [
            ("jurgen@example.com", Some("Zoë")),
            ("mueller@example.com", Some("Jürgen Müller")),
            ("zed@example.com", None),
            ("100%@example.com", Some("_under")),
        ] {
            made(app, &admin, email, name).await;
        }
        for (query, expected) in [
            ("q=J%C3%BCrg&sort=email", vec!["jurgen@example.com", "mueller@example.com"]),
            ("q=JURGEN%20mul", vec!["mueller@example.com"]),
            ("q=ZO", vec!["jurgen@example.com"]),
            ("q=z&sort=-email", vec!["zed@example.com", "jurgen@example.com"]),
            ("q=100%25", vec!["100%@example.com"]),
            ("q=%25", vec![]),
            ("q=_", vec!["100%@example.com"]),
            ("q=muller", vec![]),
            ("q=%00", vec!["100%@example.com", "admin@mainstay.local", "jurgen@example.com", "mueller@example.com", "zed@example.com"]),
            ("filter[emailVerified]=true", vec!["admin@mainstay.local"]),
            ("filter[emailVerified]=false&q=z&sort=displayName", vec!["zed@example.com", "jurgen@example.com"]),
            ("filter[status]=locked", vec![]),
            ("filter[deleted]=true", vec![]),
        ] {
            let mut found = emails(app, &admin, query).await;
            if !query.contains("sort") {
                found.sort();
            }
            assert_eq!(found, expected, "{query}");
        }
        let page = get(app, &admin, &format!("{USERS}?limit=2&page=2&sort=email")).await.is(200).json();
        assert_eq!(page["meta"], json!({ "page": 2, "limit": 2, "total": 5, "totalPages": 3 }));
        assert_eq!((&page["data"][0]["email"], page["data"].as_array().unwrap().len()), (&json!("jurgen@example.com"), 2));
        for bad in ["filter[status]=lost", "filter[colour]=red", "filter[deleted]=maybe", "sort=phone", "sort=createdAt,email", "page=101&limit=100"] {
            get(app, &admin, &format!("{USERS}?{bad}")).await.refuses(422, "validation_failed");
        }
        get(app, &admin, &format!("{USERS}?q=a&q=b")).await.refuses(400, "malformed_request");
    }

    /// Whoever walks a list while others write sees each row that stays exactly once, in order, even when the row the
    /// walk stands at goes.
    async fn a_walk_meets_each_row_that_stays_once(app: &App) {
        let admin = app.admin().await;
        for number in 0..9 {
            let name = (number % 3 > 0).then(|| format!("Stays {}", number % 2));
            made(app, &admin, &format!("s{number}@stays.example"), name.as_deref()).await;
        }
        for order in ["-createdAt", "createdAt", "email", "-email", "displayName", "-displayName", "-createdAt,email", "createdAt,-email"] {
            walk(app, &admin, order).await;
        }
    }
}

async fn walk(app: &App, admin: &Tokens, order: &str) {
    let whole = emails(app, admin, &format!("sort={order}")).await;
    let tag: String = order.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let (mut seen, mut cursor, mut victim) = (Vec::new(), String::new(), None);
    for round in 0.. {
        let page = get(app, admin, &format!("{USERS}?limit=2&sort={order}{cursor}")).await.is(200).json();
        let rows = page["data"].as_array().unwrap().clone();
        seen.extend(rows.iter().map(|user| user["email"].as_str().unwrap().to_owned()));
        // One comes in front of or behind the walk, one goes, at best the one the walk stands at.
        if let Some(user) = rows.last().filter(|user| user["email"].as_str().unwrap().starts_with("m-")) {
            delete(app, admin, user).await.is(204);
        } else if let Some(user) = victim.take() {
            delete(app, admin, &user).await;
        }
        let name = format!("Stays {round}");
        victim = Some(made(app, admin, &format!("m-{tag}-{round}@comes.example"), Some(&name)).await);
        match page["meta"]["nextCursor"].as_str() {
            Some(next) if round < 60 => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    let stayed = |email: &&String| !email.starts_with("m-");
    let (met, expected): (Vec<_>, Vec<_>) =
        (seen.iter().filter(stayed).collect(), whole.iter().filter(stayed).collect());
    assert_eq!(met, expected, "{order}: {seen:?}");
    for left in
        get(app, admin, &format!("{USERS}?limit=100&q=m-{tag}")).await.is(200).data().as_array().unwrap()
    {
        delete(app, admin, left).await.is(204);
    }
}

profiles! {
    [owned_clock().with("RETENTION__DELETED_USERS_DAYS", "30")]

    async fn what_is_deleted_for_long_is_purged(app: &App) {
        let admin = app.admin().await;
        let ada = app.member("ada@example.com").await;
        let user = account(app, &admin, &ada).await;
        delete(app, &admin, &user).await.is(204);
        app.advance_days(29);
        let admin = app.admin().await;
        let bob = made(app, &admin, "bob@example.com", None).await;
        delete(app, &admin, &bob).await.is(204);
        purge(app, &admin).await;
        assert_eq!(emails(app, &admin, "filter[deleted]=true").await, ["bob@example.com", "ada@example.com"]);
        app.advance_days(2);
        let admin = app.admin().await;
        purge(app, &admin).await;
        assert_eq!(emails(app, &admin, "filter[deleted]=true").await, ["bob@example.com"]);
        act(app, &admin, &user, "restore").await.refuses(404, "not_found");
        assert_eq!(app.audit(&admin, "action=user.purge").await.len(), 1);
    }
}

async fn purge(app: &App, admin: &Tokens) {
    let job = app.submit(admin, "maintenance.purge", json!({})).await;
    app.job_is(admin, &job["id"], "succeeded").await;
}
