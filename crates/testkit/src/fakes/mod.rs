//! Ports whose answers a test decides.

mod blobs;
mod clock;
mod cluster;
mod mirror;
mod random;
#[cfg(test)]
mod tests;

pub use blobs::MemoryBlobs;
pub use clock::FixedClock;
pub use cluster::FakeCluster;
pub use mirror::MemoryMirror;
pub use random::SeededRandom;
