//! The figure P4, a warm decision among 5 rules and among 100,005:
//! `cargo run --release -p mainstay-policy-casbin --example decide`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints a figure")]
#![allow(clippy::disallowed_methods, reason = "it measures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::{Permission, Permissions, Policy, PolicyRole, TenantScope};
use mainstay_policy_casbin::CasbinEngine;
use ports::PolicyEngine;

const ROUNDS: usize = 9;
const DECISIONS: u32 = 1_000_000;

fn role(id: i64, grants: impl Iterator<Item = String>) -> PolicyRole {
    let stored = grants.map(|grant| Permission::parse(&grant).unwrap()).collect();
    PolicyRole { id, system: None, stored, parents: Vec::new() }
}

/// A word of its own for each number.
fn word(number: usize) -> String {
    let letter = |place: u32| char::from(b'a' + u8::try_from(number / 26_usize.pow(place) % 26).unwrap());
    (0..4).map(letter).collect()
}

async fn granted(roles: Vec<PolicyRole>) -> Permissions {
    let ids: Vec<i64> = roles.iter().map(|role| role.id).collect();
    let policy = Policy { scope: TenantScope::Platform, roles };
    CasbinEngine.compile(&policy).await.unwrap().granted(&ids).unwrap().into_iter().collect()
}

/// One decision, the mean of many, half of them refusals.
fn measure(permissions: &Permissions) -> Duration {
    let begun = Instant::now();
    for _ in 0..DECISIONS / 2 {
        assert!(black_box(permissions).allow(black_box("jobs:write")));
        assert!(!black_box(permissions).allow(black_box("users:write")));
    }
    begun.elapsed() / DECISIONS
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let texts = ["files:read", "files:write", "jobs:read", "jobs:write", "audit:read"];
    let few = role(1, texts.into_iter().map(str::to_owned));
    let many = (2..=501).map(|id| {
        let first = usize::try_from(id).unwrap() * 200;
        role(id, (first..first + 200).map(|number| format!("{}:read", word(number))))
    });
    let large = granted(std::iter::once(few.clone()).chain(many).collect()).await;
    let small = granted(vec![few]).await;
    let mut figures = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        figures[0].push(measure(&small));
        figures[1].push(measure(&large));
    }
    let [few, many] = figures.map(|mut all| {
        all.sort_unstable();
        all[ROUNDS / 2]
    });
    println!("a decision among 5 rules: {few:?}, among 100,005: {many:?}");
}
