//! What the operating system gives: the clock, randomness, and the ids made from both.
//!
//! **Invariant:** the only crate that reads the wall clock or asks the kernel for random bytes. It knows of
//! other processes only what [`ports::Cluster`] tells: the node id.

mod clock;
mod ids;
mod pool;
mod random;
#[cfg(test)]
mod tests;

pub use clock::SystemClock;
pub use ids::SnowflakeIds;
pub use random::OsRandom;
