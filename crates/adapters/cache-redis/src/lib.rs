//! The cache and locks on Redis.
