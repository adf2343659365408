//! A demo of any size, loaded twice.

use serde_json::json;

use crate::harness::{ADMIN, ADMIN_PASSWORD, Client, Installation, Tokens, installations};

const PASSWORD: &str = "mainstay demo people";
/// Outlives releases, like all that the demo is made of.
const FIRST: &str = "chidi.singh.0@s1.demo.example";

/// Runs the command, and gives what it wrote by seeder.
fn seed(installation: &Installation, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = installation.command("mainstay", &installation.data("api"), variables);
    let output = command.arg("seed").args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), text)
}

fn written(text: &str) -> Vec<(String, u64)> {
    let of_line = |line: &str| {
        let mut words = line.split_whitespace();
        let (name, count) = (words.next()?, words.next()?.parse().ok()?);
        (words.next()? == "written").then(|| (name.to_owned(), count))
    };
    text.lines().filter_map(of_line).collect()
}

fn counts(of: [u64; 4]) -> Vec<(String, u64)> {
    ["platform", "tenants", "people", "activity"].map(str::to_owned).into_iter().zip(of).collect()
}

async fn login(client: &Client, email: &str, password: &str) -> Tokens {
    client.login(email, password).await
}

installations! {
    async fn a_second_run_adds_what_is_missing(installation: &Installation) {
        let (done, text) = seed(installation, &["--users", "150"], &[]);
        assert!(done, "{text}");
        assert_eq!(written(&text), counts([1, 2, 150, 150]), "{text}");
        assert!(text.contains(PASSWORD), "{text}");
        let (_, again) = seed(installation, &["--users", "150"], &[]);
        assert_eq!(written(&again), counts([0, 0, 0, 0]), "{again}");
        let (_, more) = seed(installation, &["--users", "2300"], &[]);
        assert_eq!(written(&more), counts([0, 21, 2150, 2150]), "{more}");
        let (_, others) = seed(installation, &["--only", "people", "--users", "10", "--seed", "2"], &[]);
        assert_eq!(written(&others), counts([0, 1, 10, 0])[..3], "{others}");

        let api = installation.api("api", &[]).await;
        let owner = login(&api, FIRST, PASSWORD).await;
        let me = api.me(&owner.access).await.is(200).data();
        assert_eq!((&me["phone"], &me["emailVerified"]), (&json!("+999000100000000"), &json!(true)));
        let admin = login(&api, ADMIN, ADMIN_PASSWORD).await;
        let entries = api.audit(&admin, "action=seed.load").await;
        assert_eq!(entries[0]["resourceId"], "people 0-9 of seed 2");
        assert_eq!(entries[0]["actor"], "seed");
        api.stop().await;
    }

    async fn production_gets_no_demo(installation: &Installation) {
        for only in ["tenants", "people", "activity"] {
            let production = [
                ("ENVIRONMENT", "production"),
                ("SERVER__PUBLIC_URL", "https://mainstay.example"),
                ("MAIL__URL", "smtp://127.0.0.1:1"),
                ("BOOTSTRAP__ADMIN_PASSWORD", "Zk3vTq9w7Hn2pLx4"),
                // The owner of the other profiles' databases is refused for reasons of its own.
                ("DATABASE__URL", "sqlite://production.db"),
                ("DATABASE__OWNER_URL", "sqlite://production.db"),
            ];
            let (done, text) = seed(installation, &["--only", only], &production);
            assert!(!done && text.contains("production does not get it"), "{text}");
        }
        let (done, text) = seed(installation, &["--only", "everything"], &[]);
        assert!(!done && text.contains("everything is none of platform, tenants, people, activity"), "{text}");
    }
}
