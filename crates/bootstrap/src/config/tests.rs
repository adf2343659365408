//! What an operator can observe of the configuration. Every test has its own
//! directory and its own environment; none sees the real one.

mod example;
mod layering;
mod naming;
mod oauth;
mod problems;
mod production;
mod redaction;
mod secret_files;
mod values;

use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{Config, Loaded, Problems, Schemes, Source};

/// 32 random bytes.
const MASTER_KEY: &str = "q0Zt8vJmN3xYh1sPfW6uLrD2kEoTgC9aBiVnXw5yRjM=";

/// A directory with configuration files, and an environment.
struct Place(Source);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("mainstay-config-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir: PathBuf = env::temp_dir().join(name);
        // What a killed run of the same process id left behind is not ours.
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        Self(Source { dir, env: BTreeMap::new() })
    }

    /// Production as it should be: nothing is refused.
    fn production() -> Self {
        Self::new()
            .set("MAINSTAY_ENVIRONMENT", "production")
            .set("MAINSTAY_SERVER__PUBLIC_URL", "https://api.acme.dev")
            .set("MAINSTAY_DATABASE__URL", "postgres://app:Zk3vTq9w@db/app")
            .set("MAINSTAY_MAIL__URL", "smtps://post:hT5rW1xq@mail.acme.dev")
            .set("MAINSTAY_SECURITY__MASTER_KEY", MASTER_KEY)
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.0.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.0.dir.join(name), text).unwrap();
        self
    }

    fn try_load(&self) -> Result<Loaded, Problems> {
        Config::load(&self.0, &schemes())
    }

    fn load(&self) -> Loaded {
        self.try_load().unwrap_or_else(|problems| panic!("refused:\n{problems}"))
    }

    fn config(&self) -> Config {
        self.load().config
    }

    /// The problems, one line each.
    fn problems(&self) -> Vec<String> {
        let problems = self.try_load().err().unwrap_or_default();
        problems.to_string().lines().map(str::to_owned).collect()
    }

    fn only_problem(&self) -> String {
        let problems = self.problems();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        problems[0].clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0.dir);
    }
}

fn schemes() -> Schemes {
    Schemes {
        database: vec!["sqlite", "postgres", "postgresql", "mysql", "mariadb"],
        cache: vec!["memory", "redis"],
        locks: vec!["database"],
        queue: vec!["database", "amqp"],
        broker: vec!["memory", "nats"],
        storage: vec!["file"],
        mail: vec!["capture", "smtp", "smtps"],
        oauth: vec!["oidc", "oidc+http", "github"],
    }
}

/// The value and the layer that `config show` gives.
fn shown(loaded: &Loaded, name: &str) -> (String, String) {
    let table = loaded.show();
    let (_, row) = table
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .find(|(variable, _)| variable.trim_end() == name)
        .unwrap_or_else(|| panic!("no {name} in\n{table}"));
    let (value, layer) = row.split_once("  ").unwrap();
    (value.trim().to_owned(), layer.trim().to_owned())
}
