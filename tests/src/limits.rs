//! Who calls too often is told to come back later: by address on every identity route, by identifier where a secret is
//! tried, by address of the mail where one would be sent.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, PASSWORD, PATIENCE, eventually, profiles};

const ADA: &str = "ada@example.com";
const WRONG: &str = "a wrong password";

async fn login_from(app: &Client, ip: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.post("/api/v1/auth/login", &body).header("x-forwarded-for", ip).send().await
}

/// Method and path of every identity route, and what its description says of 429.
async fn identity_routes(app: &Client) -> Vec<(Method, String, Value)> {
    let document = app.get("/openapi.json").gives(200).await.json();
    let paths = document["paths"].as_object().unwrap().iter();
    let identity = paths.filter(|(path, _)| path.starts_with("/api/v1/auth/"));
    let routes = identity.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            (method, path.clone(), operation["responses"]["429"].clone())
        })
    });
    routes.collect()
}

/// An entry of each forget that was asked for about ada, or about nobody.
async fn told(app: &Client, action: &str, user: &str) -> usize {
    let admin = app.admin().await;
    let entries = app.audit(&admin, &format!("action={action}")).await;
    entries.iter().filter(|entry| entry["resourceId"] == user).count()
}

profiles! {
    [default()
        .with("SERVER__TRUSTED_PROXIES", "127.0.0.0/8")
        .with("RATE_LIMIT__SECRETS_PER_MINUTE", "2")
        .with("RATE_LIMIT__SESSIONS_PER_MINUTE", "2")
        .with("RATE_LIMIT__MAILS_PER_MINUTE", "2")]

    /// Before anything else is looked at, and as the description says.
    async fn every_identity_route_is_limited_by_address(app: &App) {
        let mut routes = identity_routes(app).await;
        assert!(routes.len() > 15, "{routes:?}");
        for (_, path, described) in &routes {
            assert!(described["headers"]["Retry-After"].is_object(), "{path}: {described}");
        }
        for page in ["/verify-email", "/reset-password"] {
            routes.push((Method::POST, page.to_owned(), Value::Null));
        }
        for (number, (method, path, _)) in routes.into_iter().enumerate() {
            let path = path.replace("{id}", "01a1fc2b-e248-76d5-ad9a-a8e9e35bb6d9");
            let call = async || {
                let call = app.call(method.clone(), &path).header("x-forwarded-for", &format!("203.0.113.{number}"));
                call.body("application/json", "{}").send().await
            };
            for left in [1, 0] {
                let answer = call().await;
                assert_ne!(answer.status, 429, "{path}");
                assert!(answer.header("ratelimit-policy").ends_with(";q=2;w=60"), "{path}: {:?}", answer.headers);
                assert!(answer.header("ratelimit").contains(&format!(";r={left};t=")), "{path}: {:?}", answer.headers);
            }
            let refusal = call().await.refuses(429, "rate_limited");
            let wait: u32 = refusal.header("retry-after").parse().unwrap();
            assert!((1..=30).contains(&wait), "{path}: {wait}");
            assert!(refusal.header("ratelimit").contains(";r=0;t="), "{path}: {:?}", refusal.headers);
        }
    }

    /// Whoever has an IPv6 network can take any address in it. What a client itself writes into the header counts for
    /// nothing: only what the proxy has added behind it.
    async fn a_household_is_one_and_a_forged_hop_is_nobody(app: &App) {
        let call = async |forwarded: &str| app.post("/api/v1/auth/refresh", &json!({ "refreshToken": "x" }))
            .header("x-forwarded-for", forwarded).send().await.status;
        assert_eq!(call("2001:db8:1:1::1").await, 401);
        assert_eq!(call("2001:db8:1:1:ffff::2").await, 401);
        assert_eq!(call("2001:db8:1:1::3").await, 429);
        assert_eq!(call("2001:db8:1:2::1").await, 401);
        for forged in ["198.51.100.1, 203.0.113.9", "198.51.100.2, 203.0.113.9"] {
            assert_eq!(call(forged).await, 401);
        }
        assert_eq!(call("198.51.100.3, 203.0.113.9").await, 429);
        assert_eq!(call("198.51.100.1").await, 401);
    }

    /// Routes that are not limited say nothing of limits.
    async fn other_routes_are_not_limited(app: &App) {
        for _ in 0..4 {
            let answer = app.get("/api/v1/users/me").refused(401, "unauthenticated").await;
            assert_eq!(answer.header("ratelimit"), "");
        }
    }
}

profiles! {
    [default().with("RATE_LIMIT__SESSIONS_PER_MINUTE", "2")]

    /// Without a proxy that is believed, nobody is somebody else by saying so.
    async fn strangers_are_not_believed_where_they_come_from(app: &App) {
        let call = async |ip: &str| app.post("/api/v1/auth/refresh", &json!({ "refreshToken": "x" }))
            .header("x-forwarded-for", ip).send().await;
        call("203.0.113.1").await.is(401);
        call("203.0.113.2").await.is(401);
        call("203.0.113.3").await.refuses(429, "rate_limited");
    }
}

profiles! {
    [default().with("RATE_LIMIT__ENABLED", "false").with("RATE_LIMIT__SESSIONS_PER_MINUTE", "1")
        .with("RATE_LIMIT__GUESSES_PER_HOUR", "1").with("RATE_LIMIT__MAILS_PER_HOUR", "1")]

    /// For load tests. The lock stays.
    async fn switched_off_nothing_is_limited(app: &App) {
        for _ in 0..3 {
            let answer = app.post("/api/v1/auth/refresh", &json!({ "refreshToken": "x" })).send().await.is(401);
            assert_eq!(answer.header("ratelimit"), "");
        }
        let ada = app.member(ADA).await;
        for _ in 0..3 {
            app.post("/api/v1/auth/forgot-password", &json!({ "email": ADA })).gives(202).await;
        }
        assert_eq!(told(app, "password.forget", &ada.user).await, 3);
        for _ in 0..5 {
            app.try_login(ADA, WRONG).await.refuses(401, "invalid_credentials");
        }
        app.try_login(ADA, PASSWORD).await.refuses(423, "account_locked");
    }
}

profiles! {
    [default().with("CACHE__URL", "redis://127.0.0.1:1").with("RATE_LIMIT__SESSIONS_PER_MINUTE", "2")]

    /// Limits count per process then; nothing fails.
    async fn without_its_cache_a_process_counts_alone(app: &App) {
        for status in [401, 401, 429] {
            app.post("/api/v1/auth/refresh", &json!({ "refreshToken": "x" })).send().await.is(status);
        }
        app.member(ADA).await;
    }
}

profiles! {
    [default().with("SERVER__TRUSTED_PROXIES", "127.0.0.0/8").with("RATE_LIMIT__GUESSES_PER_HOUR", "6")]

    /// Attempts from many networks are slowed down. Its person goes on from where they are known, and elsewhere with
    /// the mail that resets the password: nobody can lock out somebody else.
    async fn many_networks_share_one_budget_of_guesses(app: &App) {
        app.newcomer(ADA).await;
        login_from(app, "198.51.100.1", ADA, PASSWORD).await.is(200);
        for network in 1..=6 {
            login_from(app, &format!("203.0.{network}.1"), ADA, WRONG).await.refuses(401, "invalid_credentials");
        }
        let refusal = login_from(app, "203.0.7.1", ADA, WRONG).await.refuses(429, "rate_limited");
        let wait: u32 = refusal.header("retry-after").parse().unwrap();
        assert!((1..=600).contains(&wait), "{wait}");
        // It says nothing about the password.
        login_from(app, "203.0.8.1", ADA, PASSWORD).await.refuses(429, "rate_limited");

        let home = login_from(app, "198.51.100.77", ADA, PASSWORD).await.is(200).data();
        let access = home["accessToken"].as_str().unwrap();
        let again = json!({ "password": PASSWORD });
        let again = app.post("/api/v1/auth/reauthenticate", &again).bearer(access);
        again.header("x-forwarded-for", "198.51.100.77").gives(200).await;
        let elsewhere = json!({ "password": PASSWORD });
        let elsewhere = app.post("/api/v1/auth/reauthenticate", &elsewhere).bearer(access);
        elsewhere.header("x-forwarded-for", "203.0.8.1").refused(429, "rate_limited").await;

        app.post("/api/v1/auth/forgot-password", &json!({ "email": ADA })).gives(202).await;
        let mail = app.mail(ADA, "Choose a new password").await;
        let token = mail["text"].as_str().unwrap().split_once("?token=").unwrap().1;
        let body = json!({ "token": token.split_whitespace().next().unwrap(), "password": "another sentence" });
        app.post("/api/v1/auth/reset-password", &body).header("x-forwarded-for", "203.0.9.1").gives(200).await;
        login_from(app, "203.0.9.1", ADA, "another sentence").await.is(200);
    }

    /// However many it tries at once, it uses up no more than it could try in a row.
    async fn one_network_does_not_use_it_up(app: &App) {
        app.newcomer(ADA).await;
        let guesses = (0..40).map(|_| login_from(app, "203.0.1.1", ADA, WRONG));
        join_all(guesses).await;
        login_from(app, "203.0.2.1", ADA, WRONG).await.refuses(401, "invalid_credentials");
        login_from(app, "203.0.3.1", ADA, PASSWORD).await.refuses(429, "rate_limited");
    }

    /// From many networks at once or in a row: as many guesses. Those beyond are answered alike, the right one too.
    async fn a_race_from_many_networks_gets_no_more_tries(app: &App) {
        app.newcomer(ADA).await;
        let guesses = (0..40).map(|network| {
            let password = if network == 39 { PASSWORD } else { WRONG };
            async move { login_from(app, &format!("203.0.{network}.1"), ADA, password).await.status }
        });
        let answers = join_all(guesses).await;
        let tried = answers.iter().filter(|status| **status == 401).count();
        assert!(tried <= 6, "{answers:?}");
        assert!(answers.iter().all(|status| [200, 401, 429].contains(status)), "{answers:?}");
        assert!(answers[39] == 200 || tried == 6, "{answers:?}");
    }

    /// Known or not, an identifier is slowed down after as many tries.
    async fn unknown_identifiers_are_slowed_alike(app: &App) {
        for network in 1..=6 {
            login_from(app, &format!("203.0.{network}.1"), "nobody@example.com", WRONG)
                .await
                .refuses(401, "invalid_credentials");
        }
        login_from(app, "203.0.7.1", "nobody@example.com", WRONG).await.refuses(429, "rate_limited");
        login_from(app, "203.0.1.1", "nobody@example.com", WRONG).await.refuses(429, "rate_limited");
        login_from(app, "203.0.7.1", "somebody.else@example.com", WRONG).await.refuses(401, "invalid_credentials");
    }
}

profiles! {
    [default().with("RATE_LIMIT__MAILS_PER_HOUR", "2")]

    /// Whoever asks, and however often, the answer is the same.
    async fn an_address_gets_a_few_mails_of_a_kind(app: &App) {
        let ada = app.member(ADA).await;
        for email in [ADA, "nobody@example.com"] {
            let mut answers = Vec::new();
            for _ in 0..4 {
                let asked = app.post("/api/v1/auth/forgot-password", &json!({ "email": email })).gives(202).await;
                answers.push(asked.json()["message"].clone());
            }
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        }
        assert_eq!(told(app, "password.forget", &ada.user).await, 2);
        // Another kind has its own measure; registering has been counted once before.
        for _ in 0..3 {
            app.register(ADA, PASSWORD).await.is(202);
        }
        assert_eq!(told(app, "user.register", &ada.user).await, 2);
        app.mail(ADA, "You already have an account").await;
    }

    /// The last mail that was sent stays the one whose link works.
    async fn who_gets_no_mail_is_not_replaced(app: &App) {
        for _ in 0..4 {
            app.register(ADA, PASSWORD).await.is(202);
        }
        let token = app.mail_token_of(ADA, 2).await;
        app.verify(&token).await.is(200);
        app.login(ADA, PASSWORD).await;
    }

    /// A stranger's address is as protected from those who are logged in.
    async fn a_wished_for_address_is_not_flooded(app: &App) {
        let (ada, wish) = (app.member(ADA).await, json!({ "email": "victim@example.com" }));
        for _ in 0..4 {
            app.post("/api/v1/auth/change-email", &wish).bearer(&ada.access).gives(202).await;
        }
        let sent = async || app.mails("victim@example.com").await.len();
        eventually("two mails", PATIENCE, async || (sent().await == 2).then_some(())).await;
        let changes = app.audit(&app.admin().await, "action=user.change-email").await;
        assert_eq!(changes.len(), 4);
        assert_eq!(app.me(&ada.access).await.data()["version"], 4, "two of them changed nothing");
    }
}
