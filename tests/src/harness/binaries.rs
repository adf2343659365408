//! The programs that ship, built once per run into the target directory this test was built in, or found where
//! `MAINSTAY_TEST_PROGRAMS` says: a long run is not disturbed by later builds then.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The path of a program, built if it is out of date, unless programs were given.
pub(super) fn path(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| given().unwrap_or_else(build)).join(name)
}

#[allow(clippy::disallowed_methods, reason = "a switch of the test run, not configuration of the program")]
fn given() -> Option<PathBuf> {
    std::env::var_os("MAINSTAY_TEST_PROGRAMS").map(PathBuf::from)
}

fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // <target>/<profile>/deps/<test>
    let profile = test.ancestors().nth(2).unwrap().to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "-p", "mainstay-api", "-p", "mainstay-worker", "-p", "mainstay-cli"]);
    cargo.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).status().unwrap();
    assert!(built.success(), "the programs do not build");
    profile
}
