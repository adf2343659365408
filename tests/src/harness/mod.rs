//! Starts the application and speaks to it.
//!
//! `app` runs it in this process, `installation` as the programs that ship; `client` is a caller, `people` what
//! callers do; `postgres` gives databases.

mod app;
mod binaries;
mod client;
mod installation;
mod people;
mod postgres;
mod program;
mod server;
mod wait;

pub(crate) use app::{App, Setup, run};
pub(crate) use client::{Answer, Client};
pub(crate) use installation::{Installation, MASTER_KEY};
pub(crate) use people::{ADMIN, ADMIN_PASSWORD, PASSWORD, Tokens, VERIFY_SUBJECT};
pub(crate) use program::Program;
pub(crate) use server::PostgresServer;
pub(crate) use wait::{PATIENCE, eventually, holds};

/// Which technologies the application stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// SQLite, memory, files: always there.
    Embedded,
    /// PostgreSQL.
    Postgres,
}

/// Turns functions into one test per profile. `[owned_clock()]` in front says how the application is started: what
/// follows `Setup::`.
macro_rules! profiles {
    (@setup [$($setup:tt)*]) => { $crate::harness::Setup::$($setup)* };
    (@each $setup:tt $($(#[$about:meta])* async fn $name:ident($app:ident: &App) $body:block)*) => {$(
        $(#[$about])*
        async fn $name($app: &$crate::harness::App) $body

        mod $name {
            use $crate::harness::{Profile, profiles, run};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                run(Profile::Embedded, profiles!(@setup $setup), super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run(Profile::Postgres, profiles!(@setup $setup), super::$name).await;
            }
        }
    )*};
    ([$($setup:tt)*] $($functions:tt)*) => {
        $crate::harness::profiles! { @each [$($setup)*] $($functions)* }
    };
    ($($functions:tt)*) => {
        $crate::harness::profiles! { @each [default()] $($functions)* }
    };
}

/// The same for programs: the function gets an installation to start them in.
macro_rules! installations {
    ($($(#[$about:meta])* async fn $name:ident($installation:ident: &Installation) $body:block)*) => {$(
        $(#[$about])*
        async fn $name($installation: &$crate::harness::Installation) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                $crate::harness::Installation::with($crate::harness::Profile::Embedded, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::harness::Installation::with($crate::harness::Profile::Postgres, super::$name).await;
            }
        }
    )*};
}

pub(crate) use {installations, profiles};
