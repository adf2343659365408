//! Starts the application and speaks to it.
//!
//! `app` runs it in this process, `installation` as the programs that ship, `operator` as the operator's command;
//! `client` is a caller, `browser` one that follows redirects, `chromium` a real one, `people` what callers do; `databases`
//! gives databases, `server` whole servers.

mod app;
mod binaries;
mod browser;
mod chromium;
mod client;
mod contents;
mod databases;
mod empty;
mod installation;
mod operator;
mod people;
mod program;
mod server;
mod sql;
mod wait;

pub(crate) use app::{App, Setup, run};
pub(crate) use browser::{Browser, Place};
pub(crate) use chromium::Page;
pub(crate) use client::{Answer, Call, Client};
pub(crate) use contents::{Contents, contents};
pub(crate) use databases::migrate;
pub(crate) use empty::Empty;
pub(crate) use installation::{Installation, MASTER_KEY};
pub(crate) use operator::{Said, Vault, listed, operate, operator};
pub(crate) use people::{ADMIN, ADMIN_PASSWORD, PASSWORD, Tokens, VERIFY_SUBJECT};
pub(crate) use program::{Program, promised};
pub(crate) use server::{DatabaseServer, Identity};
pub(crate) use wait::{PATIENCE, eventually, holds};

/// Which technologies the application stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// SQLite, memory, files: always there.
    Embedded,
    /// PostgreSQL and Redis.
    Postgres,
    /// MySQL or MariaDB, and Redis.
    Mysql,
}

impl Profile {
    /// As tests are called.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "embedded" => Self::Embedded,
            "postgres" => Self::Postgres,
            "mysql" => Self::Mysql,
            other => panic!("no profile is called {other}"),
        }
    }
}

/// Turns functions into one test per profile. `[owned_clock()]` in front says how the application is started: what
/// follows `Setup::`.
macro_rules! profiles {
    (@setup [$($setup:tt)*]) => { $crate::harness::Setup::$($setup)* };
    (@tests $name:ident $setup:tt $($profile:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $profile() {
            run(Profile::named(stringify!($profile)), profiles!(@setup $setup), super::$name).await;
        }
    )+};
    (@each $setup:tt $($(#[$about:meta])* async fn $name:ident($app:ident: &App) $body:block)*) => {$(
        $(#[$about])*
        async fn $name($app: &$crate::harness::App) $body

        mod $name {
            use $crate::harness::{Profile, profiles, run};

            profiles! { @tests $name $setup embedded postgres mysql }
        }
    )*};
    ([$($setup:tt)*] $($functions:tt)*) => {
        $crate::harness::profiles! { @each [$($setup)*] $($functions)* }
    };
    ($($functions:tt)*) => {
        $crate::harness::profiles! { @each [default()] $($functions)* }
    };
}

/// The same for programs: the function gets an installation to start them in. `[postgres mysql]` in front names the
/// only profiles.
macro_rules! installations {
    (@tests $name:ident [$($profile:ident)+]) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $profile() {
            Installation::with(Profile::named(stringify!($profile)), super::$name).await;
        }
    )+};
    (@each $profiles:tt
     $($(#[$about:meta])* async fn $name:ident($installation:ident: &Installation) $body:block)*) => {$(
        $(#[$about])*
        async fn $name($installation: &$crate::harness::Installation) $body

        mod $name {
            use $crate::harness::{Installation, Profile, installations};

            installations! { @tests $name $profiles }
        }
    )*};
    ([$($profile:ident)+] $($functions:tt)*) => {
        $crate::harness::installations! { @each [$($profile)+] $($functions)* }
    };
    ($($functions:tt)*) => {
        $crate::harness::installations! { @each [embedded postgres mysql] $($functions)* }
    };
}

pub(crate) use {installations, profiles};
