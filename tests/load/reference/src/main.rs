//! The bare server the API is compared with: actix-web, one query or one hash,
//! no middleware, no layers.
//!
//!     mainstay-reference serve                        needs REFERENCE_DATABASE_URL
//!     mainstay-reference hash-bench THREADS SECONDS   bare Argon2id hashes per second
//!
//! Both print one line of JSON: `serve` its address and a token for `/constant`
//! once it listens, `hash-bench` its result.

mod hashing;
mod jwt;
mod server;
mod users;

use std::time::Duration;

use anyhow::{Context, bail};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve"] => actix_web::rt::System::new().block_on(server::serve()),
        ["hash-bench", threads, seconds] => {
            let threads = threads.parse().context("THREADS is a number")?;
            let seconds = seconds.parse().context("SECONDS is a number")?;
            let rate = hashing::bench(threads, Duration::from_secs(seconds))?;
            println!("{}", serde_json::json!({ "hashesPerSecond": rate }));
            Ok(())
        }
        _ => bail!("usage: mainstay-reference serve | hash-bench THREADS SECONDS"),
    }
}
