//! Argon2id with the API's parameters: 19 MiB, two passes, one lane.

use std::thread;
use std::time::{Duration, Instant};

use actix_web::web;
use anyhow::{Context, anyhow};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

type Hash = [u8; 32];

/// Hashes on the blocking pool, as many at a time as there are cores.
pub struct Hasher(Semaphore);

impl Hasher {
    pub fn on_every_core() -> anyhow::Result<Self> {
        Ok(Self(Semaphore::new(thread::available_parallelism()?.get())))
    }

    pub async fn hash(&self) -> anyhow::Result<Hash> {
        let _turn = self.0.acquire().await?;
        web::block(|| hash_once(&argon2()?)).await?
    }
}

/// Hashes per second of `threads` threads which do nothing else. The clock of
/// each thread stops with its last hash, so a cut-off hash distorts nothing.
pub fn bench(threads: usize, duration: Duration) -> anyhow::Result<f64> {
    let workers: Vec<_> = (0..threads).map(|_| thread::spawn(move || rate_of_one(duration))).collect();
    workers.into_iter().map(|worker| worker.join().map_err(|_| anyhow!("a hashing thread panicked"))?).sum()
}

fn rate_of_one(duration: Duration) -> anyhow::Result<f64> {
    let argon2 = argon2()?;
    let start = Instant::now();
    let mut hashes = 0_u32;
    while start.elapsed() < duration {
        std::hint::black_box(hash_once(&argon2)?);
        hashes += 1;
    }
    Ok(f64::from(hashes) / start.elapsed().as_secs_f64())
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(19_456, 2, 1, None).map_err(|error| anyhow!("{error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_once(argon2: &Argon2<'_>) -> anyhow::Result<Hash> {
    let mut hash = Hash::default();
    argon2
        .hash_password_into(b"correct horse battery staple", b"sixteen bytes ok", &mut hash)
        .map_err(|error| anyhow!("{error}"))
        .context("hashing failed")?;
    Ok(hash)
}
