//! From a bearer token to a principal.

use std::sync::Arc;
use std::time::Duration;

use domain::{Permission, Permissions, STEP_UP, SystemRole, TenantScope, User, UserStatus};
use moka::sync::Cache;
use ports::{AccessClaims, ResultExt, Revisions, TokenError};
use uuid::Uuid;

use super::Auth;
use super::api_keys::{Keys, text};
use super::ground::By;
use super::policies::Policies;
use super::principal::{Principal, Principals};
use crate::{AuthFailure, Error, Result};

/// What is remembered of bearers.
pub(crate) struct Bearers {
    /// Claims of tokens whose signature has been checked, by SHA-256 of the whole token: the same bytes stay
    /// valid until they expire, and a hash is thirty times cheaper than a signature. Forgotten after a minute,
    /// so that a retired key is.
    verified: Cache<[u8; 32], Arc<AccessClaims>>,
    pub(crate) principals: Principals,
    policies: Policies,
    pub(super) keys: Keys,
}

/// Whose rights are asked for, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) user: Uuid,
    pub(super) by: By,
    pub(super) tenant: Option<Uuid>,
}

impl Default for Bearers {
    fn default() -> Self {
        let verified = Cache::builder().max_capacity(100_000).time_to_live(Duration::from_secs(60)).build();
        let (principals, policies, keys) = (Principals::default(), Policies::default(), Keys::default());
        Self { verified, principals, policies, keys }
    }
}

impl Auth {
    /// Who presents this access token, or API key.
    ///
    /// A warm caller costs no query while this process is alone with its database, one read of revisions from the cache
    /// that processes share, and one from the database where they share none: an ended session or a taken right is refused on the very next request, on every replica.
    ///
    /// # Errors
    /// `Unauthenticated`; [`Error::MfaRequired`] when the token's tenant asks for a second factor.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Principal>> {
        if text::is_key(token) {
            return self.authenticate_key(token).await;
        }
        let claims = self.verify(token)?;
        let by = By::Session(claims.sid);
        let principal = self.principal(Asked { user: claims.sub, by, tenant: claims.tid }).await?;
        self.note_session(&principal);
        Ok(principal)
    }

    /// The same caller in a tenant that a call is about: with the token's own rights when it speaks for that tenant, with
    /// the person's rights there when it speaks for none, and with those of platform roles where these reach into
    /// tenants. A token for another tenant is worth nothing here.
    ///
    /// # Errors
    /// `NotFound` when the tenant is none of theirs, so that nobody hears that it exists; `MfaRequired`.
    pub async fn within(&self, caller: &Arc<Principal>, tenant: Uuid) -> Result<Arc<Principal>> {
        match caller.scope.tenant_uuid() {
            Some(own) if own == tenant => return Ok(Arc::clone(caller)),
            None => {
                let asked = Asked { user: caller.user, by: caller.by(), tenant: Some(tenant) };
                match self.principal(asked).await {
                    Err(Error::Unauthenticated(_)) => {}
                    found => return found,
                }
            }
            Some(_) => {}
        }
        if !caller.platform.allow("tenants:read") {
            return Err(Error::NotFound);
        }
        let scope = self.core.store.tenants().by_uuid(tenant).await?.scope();
        let permissions = caller.platform.clone();
        Ok(Arc::new(Principal { scope, permissions, ..Principal::clone(caller) }))
    }

    /// From memory when that still holds, else from the database.
    pub(super) async fn principal(&self, asked: Asked) -> Result<Arc<Principal>> {
        if let Some(principal) = self.bearers.principals.get(asked.by.uuid(), asked.tenant)
            && principal.user == asked.user
            && principal.session_expires_at > self.core.clock.now()
            && self.still_holds(&principal).await?
        {
            return Ok(principal);
        }
        self.load(asked).await
    }

    fn verify(&self, token: &str) -> Result<Arc<AccessClaims>> {
        let hash = self.core.sealer.digest(token.as_bytes());
        if let Some(claims) = self.bearers.verified.get(&hash) {
            let live = claims.exp > self.core.clock.now().timestamp();
            return if live { Ok(claims) } else { Err(AuthFailure::TokenExpired.into()) };
        }
        let claims = self.core.tokens.verify(token).map(Arc::new).map_err(|error| match error {
            TokenError::Expired => AuthFailure::TokenExpired,
            TokenError::Invalid => AuthFailure::Unauthenticated,
        })?;
        self.bearers.verified.insert(hash, Arc::clone(&claims));
        Ok(claims)
    }

    async fn still_holds(&self, principal: &Principal) -> Result<bool> {
        if self.core.cluster.is_sole() {
            return Ok(true);
        }
        Ok(self.revisions_of(principal).await? == Some(principal.revisions))
    }

    /// Checks that the caller has proven who they are a moment ago, for what a stolen token must not do.
    ///
    /// # Errors
    /// `Unauthenticated` (`reauthentication_required`) when that is longer ago than [`STEP_UP`].
    pub fn require_recent(&self, caller: &Principal) -> Result<()> {
        if self.core.clock.now() < caller.authenticated_at + STEP_UP {
            Ok(())
        } else {
            Err(AuthFailure::ReauthenticationRequired.into())
        }
    }

    /// Reads the revisions first: whatever changes after that raises what is remembered here.
    async fn load(&self, asked: Asked) -> Result<Arc<Principal>> {
        let ticket = self.bearers.principals.ticket();
        let revisions = self.core.store.access().revisions(asked.user, asked.tenant).await.optional()?;
        let revisions = revisions.ok_or(AuthFailure::TokenRevoked)?;
        let principal = self.principal_of(asked, revisions).await?.map(Arc::new);
        let living = principal.filter(|principal| principal.session_expires_at > self.core.clock.now());
        let principal = living.ok_or(AuthFailure::TokenRevoked)?;
        if principal.lacks_factor {
            return Err(Error::MfaRequired);
        }
        self.bearers.principals.remember(&principal, ticket);
        Ok(principal)
    }

    /// Account, session or key, membership and grants, from the database. `None` when one of the first three has ended.
    pub(super) async fn read_principal(
        &self,
        asked: Asked,
        revisions: Revisions,
    ) -> ports::Result<Option<Principal>> {
        let store = &self.core.store;
        let user = store.users().by_uuid(asked.user).await.optional()?;
        let user = user.filter(|user| user.status != UserStatus::Locked);
        let Some(user) = user else { return Ok(None) };
        let Some(ground) = self.ground(&user, asked.by).await? else { return Ok(None) };
        let membership = match asked.tenant {
            None => None,
            Some(tenant) => match store.access().membership(user.base.id, tenant).await.optional()? {
                None => return Ok(None),
                found => found,
            },
        };
        let scope = membership.map_or(TenantScope::Platform, |membership| membership.scope);
        let requires_mfa = membership.is_some_and(|membership| membership.requires_mfa);
        let platform = self.granted(&user, TenantScope::Platform, revisions.platform).await?;
        let in_tenant = match scope {
            TenantScope::Platform => Vec::new(),
            TenantScope::Tenant { .. } => self.granted(&user, scope, revisions.tenant).await?,
        };
        let within = |grants: Permissions| match &ground.limit {
            Some(limit) => grants.meet(limit),
            None => grants,
        };
        Ok(Some(Principal {
            user_id: user.base.id,
            user: user.base.uuid,
            session_id: ground.session_id,
            session: asked.by.uuid(),
            key: asked.by.key(),
            scope,
            permissions: within(
                platform.iter().cloned().chain(in_tenant).chain(SystemRole::implied()).collect(),
            ),
            platform: within(platform.into_iter().chain(SystemRole::implied()).collect()),
            authenticated_at: ground.authenticated_at,
            multi_factor: ground.multi_factor,
            lacks_factor: requires_mfa && !ground.multi_factor,
            revisions,
            session_expires_at: ground.expires_at,
            noted_at: Arc::default(),
        }))
    }

    async fn granted(
        &self,
        user: &User,
        scope: TenantScope,
        revision: i64,
    ) -> ports::Result<Vec<Permission>> {
        let roles = self.core.store.access().roles_of(user.base.id, scope).await?;
        self.bearers.policies.granted(&self.core, scope, revision, &roles).await
    }
}
