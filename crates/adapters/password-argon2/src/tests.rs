//! Hashes, verdicts, and the bounds of the pool.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::poll;
use ports::{Kind, PasswordHasher, Verdict};
use secrecy::{SecretBox, SecretString};
use testkit::fakes::SeededRandom;

use crate::{Argon2Hasher, Settings};

const WEAK: Settings =
    Settings { memory_kib: 64, iterations: 1, parallelism: 1, threads: 2, max_waiting: 200 };
/// Takes far longer than a test looks at it.
const ENDLESS: Settings =
    Settings { memory_kib: 1024, iterations: 1_000_000, parallelism: 1, threads: 1, max_waiting: 1 };

fn hasher(settings: Settings) -> Argon2Hasher {
    peppered(settings, &[])
}

fn peppered(settings: Settings, peppers: &[u8]) -> Argon2Hasher {
    let peppers = peppers.iter().map(|byte| SecretBox::new(Box::new([*byte; 32]))).collect();
    Argon2Hasher::new(settings, peppers, Arc::new(SeededRandom::default())).unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

#[tokio::test]
async fn a_password_matches_its_hash_and_no_other_does() {
    let hasher = hasher(WEAK);
    let hash = hasher.hash(&secret("correct horse")).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    for (password, verdict) in [
        ("correct horse", Verdict::Match),
        ("correct horse ", Verdict::Mismatch),
        ("Correct horse", Verdict::Mismatch),
        ("", Verdict::Mismatch),
    ] {
        assert_eq!(hasher.verify(&secret(password), Some(&hash)).await.unwrap(), verdict, "{password:?}");
    }
}

#[tokio::test]
async fn each_hash_has_its_own_salt() {
    let hasher = hasher(WEAK);
    let password = secret("correct horse");
    assert_ne!(hasher.hash(&password).await.unwrap(), hasher.hash(&password).await.unwrap());
}

/// Vectors of the reference implementation (`test.c` of phc-winner-argon2), and whether they are weaker than
/// `WEAK`: the last ones by their variant and version.
#[tokio::test]
async fn hashes_of_the_reference_implementation_verify() {
    let hasher = hasher(WEAK);
    for (hash, verdict) in [
        (
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            Verdict::Match,
        ),
        (
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            Verdict::Match,
        ),
        (
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
            Verdict::Match,
        ),
        (
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            Verdict::MatchOutdated,
        ),
        (
            "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
            Verdict::MatchOutdated,
        ),
    ] {
        assert_eq!(hasher.verify(&secret("password"), Some(hash)).await.unwrap(), verdict, "{hash}");
        assert_eq!(
            hasher.verify(&secret("passwort"), Some(hash)).await.unwrap(),
            Verdict::Mismatch,
            "{hash}"
        );
    }
}

#[tokio::test]
async fn weaker_parameters_are_outdated_and_stronger_ones_are_not() {
    let today = Settings { memory_kib: 128, iterations: 2, parallelism: 2, ..WEAK };
    for (then, verdict) in [
        (today, Verdict::Match),
        (Settings { memory_kib: 127, ..today }, Verdict::MatchOutdated),
        (Settings { iterations: 1, ..today }, Verdict::MatchOutdated),
        (Settings { parallelism: 1, ..today }, Verdict::MatchOutdated),
        (Settings { memory_kib: 256, iterations: 3, parallelism: 3, ..today }, Verdict::Match),
        (Settings { memory_kib: 512, iterations: 1, ..today }, Verdict::MatchOutdated),
    ] {
        let hash = hasher(then).hash(&secret("correct horse")).await.unwrap();
        let verified = hasher(today).verify(&secret("correct horse"), Some(&hash)).await;
        assert_eq!(verified.unwrap(), verdict, "{then:?}");
    }
}

#[tokio::test]
async fn a_pepper_is_part_of_the_hash_and_rotates() {
    let password = secret("correct horse");
    let plain = hasher(WEAK).hash(&password).await.unwrap();
    let old = peppered(WEAK, &[1]).hash(&password).await.unwrap();
    let new = peppered(WEAK, &[2, 1]).hash(&password).await.unwrap();
    assert!(
        !plain.contains("keyid") && old.contains("keyid=") && new.contains("keyid="),
        "{plain} {old} {new}"
    );
    let mismatch = secret("wrong horse");
    for (peppers, hash, verdict) in [
        (&[2_u8, 1][..], &new, Verdict::Match),
        (&[2, 1], &old, Verdict::MatchOutdated),
        (&[2, 1], &plain, Verdict::MatchOutdated),
        (&[1], &old, Verdict::Match),
        // Without its pepper a hash is worth nothing, to us as to whoever has stolen the table.
        (&[1], &new, Verdict::Mismatch),
        (&[], &old, Verdict::Mismatch),
        (&[], &plain, Verdict::Match),
    ] {
        let hasher = peppered(WEAK, peppers);
        assert_eq!(hasher.verify(&password, Some(hash)).await.unwrap(), verdict, "{peppers:?} {hash}");
        assert_eq!(
            hasher.verify(&mismatch, Some(hash)).await.unwrap(),
            Verdict::Mismatch,
            "{peppers:?} {hash}"
        );
    }
}

/// The hashers draw the same salt, from the same seed.
#[tokio::test]
async fn the_same_salt_under_another_pepper_gives_another_hash() {
    let tag = async |peppers: &[u8]| {
        let hash = peppered(WEAK, peppers).hash(&secret("correct horse")).await.unwrap();
        hash.rsplit('$').next().unwrap().to_owned()
    };
    let tags = [tag(&[]).await, tag(&[1]).await, tag(&[2]).await];
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
}

#[tokio::test]
async fn an_unreadable_hash_is_an_internal_error_that_does_not_show_it() {
    let hasher = hasher(WEAK);
    for hash in [
        "",
        "plain text",
        "$2b$12$LQv3c1yqBWVHxkd0LHAkCOYz6TtxMQJqhN8/LewbxU3c.fTjGNWoi",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
        "$argon2id$v=42$m=64,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=0,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    ] {
        let error = hasher.verify(&secret("password"), Some(hash)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Internal, "{hash}");
        assert!(hash.is_empty() || !format!("{error:?}").contains(hash));
    }
}

#[tokio::test]
async fn without_a_hash_the_verdict_is_mismatch() {
    let hasher = hasher(WEAK);
    assert_eq!(hasher.verify(&secret("password"), None).await.unwrap(), Verdict::Mismatch);
}

/// Whoever has no account occupies a thread with the same endless work as everybody else.
#[tokio::test]
async fn without_a_hash_the_work_is_done_all_the_same() {
    let hasher = hasher(Settings { max_waiting: 0, ..ENDLESS });
    let password = secret("password");
    let mut nobody = pin!(hasher.verify(&password, None));
    assert!(poll!(&mut nobody).is_pending());
    assert_eq!(hasher.hash(&password).await.unwrap_err().kind(), Kind::RateLimited);
}

#[tokio::test]
async fn a_full_queue_refuses_until_a_waiting_caller_gives_up() {
    let hasher = hasher(ENDLESS);
    let password = secret("password");
    let mut running = pin!(hasher.hash(&password));
    let mut waiting = Box::pin(hasher.hash(&password));
    assert!(poll!(&mut running).is_pending());
    assert!(poll!(&mut waiting).is_pending());
    assert_eq!(hasher.hash(&password).await.unwrap_err().kind(), Kind::RateLimited);
    assert_eq!(hasher.verify(&password, None).await.unwrap_err().kind(), Kind::RateLimited);

    drop(waiting);
    let mut next = pin!(hasher.hash(&password));
    assert!(poll!(&mut next).is_pending());
}

/// The dropped job would take hours; the one behind it is reached at once.
#[tokio::test]
async fn work_that_nobody_waits_for_is_skipped() {
    let hasher = hasher(Settings { threads: 1, ..WEAK });
    let password = secret("password");
    let slow = "$argon2id$v=19$m=1024,t=1000000,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    // Keeps the thread busy for a moment, so that the slow job has to wait for its turn.
    let busy = "$argon2id$v=19$m=1024,t=300,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let mut first = pin!(hasher.verify(&password, Some(busy)));
    let mut dropped = Box::pin(hasher.verify(&password, Some(slow)));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut dropped).is_pending());
    drop(dropped);
    hasher.hash(&password).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_all_come_right() {
    let hasher = hasher(WEAK);
    let one = async |number: u32| {
        let password = secret(&format!("password {number}"));
        let hash = hasher.hash(&password).await.unwrap();
        hasher.verify(&password, Some(&hash)).await.unwrap() == Verdict::Match
    };
    assert_eq!(join_all((0..100).map(one)).await, [true; 100]);
}

#[tokio::test]
async fn with_no_room_to_wait_one_after_the_other_is_served() {
    let hasher = hasher(Settings { threads: 1, max_waiting: 0, ..WEAK });
    for _ in 0..200 {
        hasher.hash(&secret("password")).await.unwrap();
    }
}

#[tokio::test]
async fn threads_end_with_the_hasher() {
    let hasher = hasher(WEAK);
    hasher.hash(&secret("password")).await.unwrap();
    let alive = hasher.pool.alive();
    drop(hasher);
    let deadline = Instant::now() + Duration::from_secs(10);
    while alive.strong_count() > 0 {
        assert!(Instant::now() < deadline, "a thread is still there");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn impossible_settings_are_refused() {
    for settings in [
        Settings { memory_kib: 7, ..WEAK },
        Settings { memory_kib: 1024 * 1024 + 1, ..WEAK },
        Settings { parallelism: 9, ..WEAK },
        Settings { iterations: 0, ..WEAK },
        Settings { parallelism: 0, ..WEAK },
        Settings { threads: 0, ..WEAK },
    ] {
        let refused = Argon2Hasher::new(settings, Vec::new(), Arc::new(SeededRandom::default()));
        assert_eq!(refused.err().unwrap().kind(), Kind::Internal, "{settings:?}");
    }
}
