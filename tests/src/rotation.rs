//! Keys are replaced while everybody goes on working.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use application::Context;
use application::keys::{KeyState, Rotation};
use domain::KeyPurpose;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    App, Client, Installation, MASTER_KEY, PASSWORD, PATIENCE, Profile, Program, Tokens, eventually,
    installations, profiles,
};

/// The times of a test run over programs: the ring is read once a second, so keys are published for five.
const QUICK: (&str, &str) = ("SECURITY__KEYS_EVERY_SECONDS", "1");

async fn call_me_at(client: &Client, who: &Tokens, phone: &str) {
    let body = json!({ "phone": phone }).to_string();
    let call = client.call(Method::PATCH, "/api/v1/users/me").bearer(&who.access);
    call.body("application/json", body).gives(200).await;
}

async fn phone_of(client: &Client, who: &Tokens) -> Value {
    client.me(&who.access).await.is(200).data()["phone"].clone()
}

/// Waits until a job has put that many keys into a state, with the clock where it is.
async fn keys_are(app: &App, purpose: &str, expected: &[KeyState]) {
    eventually(&format!("{purpose} keys {expected:?}"), PATIENCE, async || {
        let keys = app.keys().list().await.unwrap();
        let states: Vec<_> = keys.iter().filter(|key| key.purpose == purpose).map(|key| key.state).collect();
        (states == expected).then_some(())
    })
    .await;
}

async fn renewals(app: &App, admin: &Tokens) -> usize {
    let entries = app.audit(admin, "action=key.renew").await;
    entries.iter().filter(|entry| entry["resourceId"] == "users.phone").count()
}

profiles! {
    [owned_clock()]

    async fn a_column_key_is_published_used_and_retired(app: &App) {
        let (ada, bob) = (app.member("ada@example.com").await, app.member("bob@example.com").await);
        call_me_at(app, &ada, "+14155550123").await;
        let context = Context::system("test", None);
        for purpose in [KeyPurpose::Column, KeyPurpose::BlindIndex] {
            let published = app.keys().rotate(&context, purpose).await.unwrap();
            assert!(matches!(published, Rotation::Published(key) if key.generation == 2), "{purpose:?}");
            // One at a time.
            let second = app.keys().rotate(&context, purpose).await.unwrap();
            assert!(matches!(second, Rotation::Underway(key) if key.generation == 2), "{purpose:?}");
        }
        keys_are(app, "column", &[KeyState::Active, KeyState::Published]).await;

        app.advance_seconds(300);
        keys_are(app, "column", &[KeyState::Superseded, KeyState::Active]).await;
        // One value under each key, and both can be read.
        call_me_at(app, &bob, "+14155550124").await;
        assert_eq!((phone_of(app, &ada).await, phone_of(app, &bob).await), (json!("+14155550123"), json!("+14155550124")));

        // Ada's is written anew by a job; the next one, which finds nothing left, retires the old keys.
        app.advance_seconds(301);
        let admin = app.admin().await;
        eventually("a renewal", PATIENCE, async || (renewals(app, &admin).await == 1).then_some(())).await;
        keys_are(app, "column", &[KeyState::Superseded, KeyState::Active]).await;
        app.advance_seconds(301);
        for purpose in ["column", "blind-index"] {
            keys_are(app, purpose, &[KeyState::Retired, KeyState::Active]).await;
        }
        let admin = app.admin().await;
        assert_eq!(renewals(app, &admin).await, 1, "Bob's was under the new key");
        assert_eq!(app.audit(&admin, "action=key.retire").await.len(), 2);
        let (ada, bob) = (app.refreshed(&ada).await, app.refreshed(&bob).await);
        assert_eq!((phone_of(app, &ada).await, phone_of(app, &bob).await), (json!("+14155550123"), json!("+14155550124")));
        // Neither the version nor the time of change have moved.
        assert_eq!(app.me(&ada.access).await.data()["version"], 3);
    }

    async fn a_signing_key_is_published_used_and_retired(app: &App) {
        let ada = app.member("ada@example.com").await;
        let keys = async || app.get("/.well-known/jwks.json").gives(200).await.json()["keys"].as_array().unwrap().len();
        app.keys().rotate(&Context::system("test", None), KeyPurpose::AccessToken).await.unwrap();
        assert_eq!(keys().await, 2);
        app.advance_seconds(299);
        let late = app.refreshed(&ada).await;
        app.advance_seconds(2);
        let next = app.refreshed(&late).await;
        // Until the last token that the old key has signed is over, it is accepted.
        app.me(&late.access).await.is(200);
        app.me(&next.access).await.is(200);
        app.advance_seconds(800);
        app.me(&late.access).await.is(200);
        keys_are(app, "access-token", &[KeyState::Superseded, KeyState::Active]).await;
        app.advance_seconds(400);
        keys_are(app, "access-token", &[KeyState::Retired, KeyState::Active]).await;
        eventually("the old key to be gone", PATIENCE, async || (keys().await == 1).then_some(())).await;
        let next = app.refreshed(&next).await;
        app.me(&next.access).await.is(200);
    }

    async fn the_derivation_key_does_not_rotate(app: &App) {
        let refused = app.keys().rotate(&Context::system("test", None), KeyPurpose::Derivation).await;
        assert_eq!(refused.unwrap_err().code(), "validation_failed");
    }
}

fn operator(installation: &Installation, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = installation.command("mainstay", &installation.data("api"), variables);
    let output = command.args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// Purpose, generation and state of each key, as the operator sees them.
fn listed(installation: &Installation) -> Vec<String> {
    let (_, list) = operator(installation, &["keys", "list"], &[QUICK]);
    let words = |line: &str| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    list.lines().map(words).collect()
}

installations! {
    /// A worker dies in the middle of writing values anew, while people go on changing theirs; another one ends it.
    async fn a_killed_rotation_is_resumed_and_overwrites_nothing(installation: &Installation) {
        let api = installation.api("api", &[QUICK, ("WORKER__EMBEDDED", "false")]).await;
        let mailer = installation.worker("mailer", &[QUICK, ("WORKER__QUEUES", "mail")]).await;
        let mut people = Vec::new();
        for number in 0..4 {
            let person = api.member(&format!("person{number}@example.com")).await;
            call_me_at(&api, &person, &format!("+1415555100{number}")).await;
            people.push(person);
        }
        let (done, text) = operator(installation, &["keys", "rotate", "--purpose", "column"], &[QUICK]);
        assert!(done, "{text}");
        let (done, text) = operator(installation, &["keys", "rotate"], &[QUICK]);
        assert!(!done && text.contains("column is being rotated already, to generation 2"), "{text}");

        let stop = Arc::new(AtomicBool::new(false));
        let busy = tokio::spawn(keep_calling(api.client(), people.split_off(3).remove(0), Arc::clone(&stop)));
        let variables = [QUICK, ("WORKER__QUEUES", "default")];
        for point in ["keys.after-stretch", "keys.before-finish"] {
            let mut command =
                installation.command("mainstay-worker", &installation.data("dying"), &variables);
            command.env("FAILPOINTS", format!("{point}=return"));
            let dying = Program::spawn(command);
            assert_ne!(dying.ended(Duration::from_secs(60)).await, 0, "{point}: {}", dying.output());
        }
        for (number, person) in people.iter().enumerate() {
            assert_eq!(phone_of(&api, person).await, json!(format!("+1415555100{number}")));
        }

        let worker = installation.worker("worker", &variables).await;
        eventually("the old key to be retired", Duration::from_secs(90), async || {
            listed(installation).contains(&"column 1 retired".to_owned()).then_some(())
        })
        .await;
        stop.store(true, Ordering::Relaxed);
        busy.await.unwrap();
        for (number, person) in people.iter().enumerate() {
            assert_eq!(phone_of(&api, person).await, json!(format!("+1415555100{number}")));
        }
        if installation.profile == Profile::Embedded {
            nothing_to_read(installation);
        }
        for program in [worker, mailer, api] {
            program.stop().await;
        }
    }

    /// The master key is a list while it changes: the first seals, all open.
    async fn the_master_key_is_replaced(installation: &Installation) {
        const NEW: &str = "aQ3Zk0o1xw8sW7n2yR5mT9uV4bC6dE8fG0hJ2kL4mN4=";
        let lists = [format!("{MASTER_KEY},{NEW}"), format!("{NEW},{MASTER_KEY}")];
        let api = installation.api("api", &[("SECURITY__MASTER_KEY", &lists[1])]).await;
        let ada = api.member("ada@example.com").await;
        call_me_at(&api, &ada, "+14155550123").await;
        // Sealed under the new one already, as it was made under it.
        let (done, text) = operator(installation, &["keys", "reseal"], &[("SECURITY__MASTER_KEY", &lists[1])]);
        assert!(done && text.starts_with("0 keys"), "{text}");
        let (done, text) = operator(installation, &["keys", "reseal"], &[("SECURITY__MASTER_KEY", &lists[0])]);
        assert!(done && text.starts_with("4 keys"), "{text}");
        let (done, text) = operator(installation, &["keys", "list"], &[("SECURITY__MASTER_KEY", NEW)]);
        assert!(!done && text.contains("was MAINSTAY_SECURITY__MASTER_KEY changed?"), "{text}");
        let (done, text) = operator(installation, &["keys", "reseal"], &[("SECURITY__MASTER_KEY", &lists[1])]);
        assert!(done && text.starts_with("4 keys"), "{text}");
        api.stop().await;
        let api = installation.api("api", &[("SECURITY__MASTER_KEY", NEW)]).await;
        let ada = api.login("ada@example.com", PASSWORD).await;
        assert_eq!(phone_of(&api, &ada).await, "+14155550123");
        api.stop().await;
    }
}

/// Changes a number again and again, and expects each time to find what was acknowledged.
async fn keep_calling(client: Client, who: Tokens, stop: Arc<AtomicBool>) {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let phone = format!("+1415556{number:04}");
        call_me_at(&client, &who, &phone).await;
        assert_eq!(phone_of(&client, &who).await, phone);
        number += 1;
    }
    assert!(number > 10, "only {number} changes");
}

/// No number is in any file of the database.
fn nothing_to_read(installation: &Installation) {
    let mut looked = 0;
    for file in std::fs::read_dir(installation.data("api")).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("mainstay.db")) {
            let bytes = std::fs::read(&path).unwrap();
            for secret in [&b"1415555100"[..], b"1415556"] {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
            }
            looked += bytes.len();
        }
    }
    assert!(looked > 10_000, "the database was not found");
}
