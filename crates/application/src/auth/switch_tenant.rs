//! Another tenant for the same session.

use domain::{Session, TenantScope};
use ports::ResultExt;
use secrecy::SecretString;
use uuid::Uuid;

use super::{Auth, Principal};
use crate::{Action, Context, Error, Result, Work};

const SWITCH: Action = Action { name: "session.switch-tenant", resource: "session" };

/// A token that speaks for another tenant.
pub struct Switched {
    /// JWT, for the `Authorization` header.
    pub access_token: SecretString,
    /// Seconds it is good for.
    pub expires_in: u64,
}

impl Auth {
    /// Gives an access token for a tenant, or for none, and lets the session's later ones speak for it, too. Tokens for
    /// the former tenant stay good until they expire.
    ///
    /// # Errors
    /// `NotFound` when the tenant is none of the caller's; [`Error::MfaRequired`].
    pub async fn switch_tenant(
        &self,
        context: &Context,
        caller: &Principal,
        tenant: Option<Uuid>,
    ) -> Result<Switched> {
        let (session, scope) = Work::run(&self.core, context, SWITCH, |mut work| async move {
            work.on(caller.session);
            let session = work.tx().sessions().by_id(caller.session_id).await?;
            let scope = self.admitted(caller, &session, tenant).await?;
            work.tx()
                .sessions()
                .set_tenant(session.base.id, scope.tenant_id(), self.core.clock.now())
                .await?;
            work.commit().await?;
            Ok((session, scope))
        })
        .await?;
        let (access_token, expires_in) =
            self.access_token(caller.user, &session, scope, self.core.clock.now())?;
        Ok(Switched { access_token, expires_in })
    }

    async fn admitted(
        &self,
        caller: &Principal,
        session: &Session,
        tenant: Option<Uuid>,
    ) -> Result<TenantScope> {
        let Some(tenant) = tenant else { return Ok(TenantScope::Platform) };
        let membership = self.core.store.access().membership(caller.user_id, tenant).await.optional()?;
        let membership = membership.ok_or(Error::NotFound)?;
        if membership.requires_mfa && !session.methods.is_multi_factor() {
            return Err(Error::MfaRequired);
        }
        Ok(membership.scope)
    }
}
