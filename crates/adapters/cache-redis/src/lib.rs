//! The cache, locks and the mirror of revisions on Redis: a single server, a cluster, or whichever master Sentinel names.
//!
//! [`link`] owns the connection and knows whether the server answers; [`cache`], [`locks`] and [`revisions`] are what is
//! said over it; [`address`] reads URLs.
//! **Invariant:** a server that hangs costs the commands under way their time limit, once. After that every call is
//! refused at once until [`link`] has seen the server answer again. No caller connects.

mod address;
mod cache;
mod connection;
mod error;
mod link;
mod locks;
mod names;
mod owed;
mod revisions;
mod scan;
mod scripts;
mod server;
mod subscription;

#[cfg(test)]
mod tests;

pub use address::Address;
pub use cache::RedisCache;
pub use locks::RedisLocks;
pub use revisions::RedisRevisions;
pub use server::Health;
