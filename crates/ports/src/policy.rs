//! What roles grant, computed.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Permission, Policy};

use crate::Result;

/// Makes rules out of roles.
#[async_trait]
pub trait PolicyEngine: Send + Sync {
    /// Makes a policy ready to be asked. Inheritance in a circle is no error, and grants nothing more.
    ///
    /// # Errors
    /// `Internal` for a policy that the engine does not take.
    async fn compile(&self, policy: &Policy) -> Result<Arc<dyn CompiledPolicy>>;
}

/// A policy that can be asked.
pub trait CompiledPolicy: Send + Sync {
    /// Everything that these roles grant, by their internal ids, what they inherit included. Roles that the policy does
    /// not know grant nothing.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    fn granted(&self, roles: &[i64]) -> Result<Vec<Permission>>;
}
