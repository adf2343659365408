//! What all use cases share: the ports, and the settings.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use domain::Base;
use ports::{
    BlobStore, Cache, Clock, Cluster, ColumnCipher, IdentityProvider, Ids, Locks, Mailer, PasswordHasher,
    PolicyEngine, Random, RelyingParty, RevisionMirror, Sealer, Store, TokenIssuer,
};

use crate::{Result, Settings};

/// The ports that use cases call.
pub struct Outside {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Identifiers.
    pub ids: Arc<dyn Ids>,
    /// Passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// What roles grant.
    pub policy: Arc<dyn PolicyEngine>,
    /// Access tokens.
    pub tokens: Arc<dyn TokenIssuer>,
    /// Passkeys.
    pub relying_party: Arc<dyn RelyingParty>,
    /// The seal around the key ring.
    pub sealer: Arc<dyn Sealer>,
    /// The cipher of encrypted columns, to be given its keys.
    pub columns: Arc<dyn ColumnCipher>,
    /// Sibling processes.
    pub cluster: Arc<dyn Cluster>,
    /// One at a time, over all processes.
    pub locks: Arc<dyn Locks>,
    /// What may be forgotten.
    pub cache: Arc<dyn Cache>,
    /// Revisions as other processes have read them, where they share a cache.
    pub mirror: Option<Arc<dyn RevisionMirror>>,
    /// Large content.
    pub blobs: Arc<dyn BlobStore>,
    /// Mail.
    pub mailer: Arc<dyn Mailer>,
    /// Whoever else knows people, by name.
    pub providers: BTreeMap<String, Arc<dyn IdentityProvider>>,
    /// The knobs.
    pub settings: Settings,
}

/// A cheap handle on [`Outside`].
#[derive(Clone)]
pub struct Core(Arc<Outside>);

impl Core {
    /// Shares the collaborators.
    pub fn new(outside: Outside) -> Self {
        Self(Arc::new(outside))
    }

    /// The base of a new row.
    pub(crate) fn base(&self) -> Result<Base> {
        Ok(Base::new(self.ids.snowflake()?, self.ids.uuid()?, self.clock.now()))
    }
}

impl Deref for Core {
    type Target = Outside;

    fn deref(&self) -> &Outside {
        &self.0
    }
}
