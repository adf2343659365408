//! A database, a data directory and the variables of programs that are started on them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::temp::TempDir;

use super::Profile;
use super::app::{BASICS, corner};
use super::binaries;
use super::databases::TestDatabase;
use super::program::Program;

/// 32 bytes, for programs that share a database but no directory.
pub(crate) const MASTER_KEY: &str = "VdE9WvSvQmRr2b3n0cXo4u1J8k5tYhLqZ6gA7sPwNfM=";

/// Where programs are started.
pub(crate) struct Installation {
    pub(crate) profile: Profile,
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

impl Installation {
    /// Runs one test over a profile. A missing server skips it, loudly.
    pub(crate) async fn with(profile: Profile, case: impl AsyncFn(&Self)) {
        let Some(database) = TestDatabase::of(profile).await else { return };
        let Ok(corner) = corner(profile) else { return };
        let mut installation = Self::on(profile, None);
        for (name, value) in database.variables() {
            installation.set(name, &value);
        }
        if let Some(corner) = &corner {
            installation.set("CACHE__URL", &corner.url());
        }
        case(&installation).await;
    }

    /// On a database that exists.
    pub(crate) fn on(profile: Profile, database_url: Option<&str>) -> Self {
        let mut variables = BTreeMap::new();
        variables.extend(BASICS.map(|(name, value)| (name.to_owned(), value.to_owned())));
        variables.insert("SECURITY__MASTER_KEY".to_owned(), MASTER_KEY.to_owned());
        variables.extend(database_url.map(|url| ("DATABASE__URL".to_owned(), url.to_owned())));
        Self { profile, folder: TempDir::new(), variables }
    }

    /// The same with one more variable, without its prefix.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Where its database is, for whoever may do anything with it.
    pub(crate) fn database_url(&self) -> String {
        let file = || format!("sqlite://{}", self.data("api").join("mainstay.db").display());
        let known =
            ["DATABASE__OWNER_URL", "DATABASE__URL"].into_iter().find_map(|name| self.variables.get(name));
        known.cloned().unwrap_or_else(file)
    }

    /// The directory of one program. On SQLite all share one, because the database lies in it.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        let path = match self.profile {
            Profile::Embedded => self.folder.path().join("data"),
            Profile::Postgres | Profile::Mysql => self.folder.path().join(name),
        };
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// Starts an API and waits until it listens.
    pub(crate) async fn api(&self, name: &str, variables: &[(&str, &str)]) -> Program {
        let data = self.data(name);
        let address_file = data.join("api.addr");
        // One that was killed has left its own.
        let _ = std::fs::remove_file(&address_file);
        Program::spawn(self.command("mainstay-api", &data, variables)).listening(address_file).await
    }

    /// Starts an API that ends, or fails otherwise, at these points (`crates/bootstrap/src/fail_points.rs`), and
    /// waits until it listens.
    pub(crate) async fn failing_api(&self, name: &str, points: &str, variables: &[(&str, &str)]) -> Program {
        let data = self.data(name);
        let address_file = data.join("api.addr");
        let mut command = self.command("mainstay-api", &data, variables);
        command.env("FAILPOINTS", points);
        Program::spawn(command).listening(address_file).await
    }

    /// Starts a worker and waits until it works.
    pub(crate) async fn worker(&self, name: &str, variables: &[(&str, &str)]) -> Program {
        let worker = self.start("mainstay-worker", name, variables);
        worker.says("worker started").await;
        worker
    }

    /// Starts any program.
    pub(crate) fn start(&self, program: &str, name: &str, variables: &[(&str, &str)]) -> Program {
        Program::spawn(self.command(program, &self.data(name), variables))
    }

    /// Only the variables given here count, not those of whoever runs the tests.
    pub(crate) fn command(&self, program: &str, data: &Path, variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(binaries::path(program));
        command
            .env_clear()
            .current_dir(data)
            .env("MAINSTAY_DATA_DIR", data)
            .env("MAINSTAY_LOG__FORMAT", "json");
        command.envs(self.variables.iter().map(|(name, value)| (format!("MAINSTAY_{name}"), value)));
        // Fail points have no prefix: they are no configuration.
        let prefix =
            |name: &str| if name == "FAILPOINTS" { name.to_owned() } else { format!("MAINSTAY_{name}") };
        command.envs(variables.iter().map(|(name, value)| (prefix(name), value)));
        command
    }
}
