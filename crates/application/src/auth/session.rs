//! What a login and a refresh answer, and how a session is opened.

use domain::{Actor, AuthMethods, RefreshToken, Session, TenantScope, Timestamp, User};
use ports::AccessClaims;
use secrecy::SecretString;
use uuid::Uuid;

use super::Auth;
use super::secret::Secret;
use crate::{Context, Result, Work};

/// A signed-in caller's tokens.
#[derive(Debug)]
pub struct SignedIn {
    /// JWT, for the `Authorization` header.
    pub access_token: SecretString,
    /// Opaque, for `/auth/refresh`, once.
    pub refresh_token: SecretString,
    /// Seconds the access token is good for.
    pub expires_in: u64,
    /// Seconds until the refresh token is worthless if it is not used.
    pub refresh_expires_in: u64,
    /// The session.
    pub session: Uuid,
    /// The account.
    pub user: User,
}

/// The longest user agent that is kept; the rest says nothing.
const USER_AGENT_MAX: usize = 256;

/// A session that has been written, and waits for the commit of its unit of work.
pub(super) struct Opened {
    user: User,
    session: Session,
    scope: TenantScope,
    secret: Secret,
}

impl Auth {
    /// Writes a session of a user who has proven by `methods` who they are, and names them as who acts. What every way
    /// to log in ends with; [`Auth::admit`] follows the commit.
    pub(super) async fn open_session(
        &self,
        work: &mut Work<'_>,
        context: &Context,
        user: &User,
        scope: TenantScope,
        methods: &AuthMethods,
    ) -> Result<Opened> {
        let session = self.new_session(user, scope, methods.clone(), context)?;
        let secret = Secret::random(&self.core)?;
        work.acting_as(Actor::User { id: user.base.id, uuid: user.base.uuid }, scope);
        work.on(session.base.uuid);
        work.tx().sessions().insert(&session).await?;
        self.add_refresh_token(work, &session, &secret, session.base.created_at).await?;
        self.note_device(work, context, user).await?;
        Ok(Opened { user: user.clone(), session, scope, secret })
    }

    /// The tokens of a session that was opened.
    pub(super) fn admit(&self, opened: Opened) -> Result<SignedIn> {
        let Opened { user, session, scope, secret } = opened;
        self.sign_in(user, &session, scope, &secret, session.base.created_at)
    }

    fn new_session(
        &self,
        user: &User,
        scope: TenantScope,
        methods: AuthMethods,
        context: &Context,
    ) -> Result<Session> {
        let base = self.core.base()?;
        let now = base.created_at;
        Ok(Session {
            base,
            user_id: user.base.id,
            tenant_id: scope.tenant_id(),
            ip: context.ip.map(|ip| ip.to_string()),
            user_agent: context.user_agent.as_ref().map(|text| text.chars().take(USER_AGENT_MAX).collect()),
            authenticated_at: now,
            methods,
            last_used_at: now,
            expires_at: now + self.core.settings.lifetimes.absolute,
            revoked_at: None,
        })
    }

    /// Writes the next refresh token of a family.
    pub(super) async fn add_refresh_token(
        &self,
        work: &Work<'_>,
        session: &Session,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<()> {
        let token = RefreshToken {
            id: self.core.ids.snowflake()?,
            session_id: session.base.id,
            hash: secret.hash(&self.core),
            expires_at: (now + self.core.settings.lifetimes.idle).min(session.expires_at),
            spent_at: None,
            nonce: None,
        };
        Ok(work.tx().refresh_tokens().insert(&token).await?)
    }

    /// Signs an access token for a session and puts the answer together.
    pub(super) fn sign_in(
        &self,
        user: User,
        session: &Session,
        scope: TenantScope,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<SignedIn> {
        let (access_token, expires_in) = self.access_token(user.base.uuid, session, scope, now)?;
        let left = u64::try_from((session.expires_at - now).num_seconds()).unwrap_or(0);
        Ok(SignedIn {
            access_token,
            refresh_token: secret.text(),
            expires_in,
            refresh_expires_in: self.core.settings.lifetimes.idle.as_secs().min(left),
            session: session.base.uuid,
            user,
        })
    }

    /// An access token for a session, and for how many seconds it is good.
    pub(super) fn access_token(
        &self,
        user: Uuid,
        session: &Session,
        scope: TenantScope,
        now: Timestamp,
    ) -> Result<(SecretString, u64)> {
        let settings = &self.core.settings;
        let iat = now.timestamp();
        let left = u64::try_from((session.expires_at - now).num_seconds()).unwrap_or(0);
        let expires_in = settings.lifetimes.access.as_secs().min(left);
        let token = self.core.tokens.issue(&AccessClaims {
            iss: settings.issuer.clone(),
            aud: settings.audience.clone(),
            sub: user,
            client_id: settings.audience.clone(),
            sid: session.base.uuid,
            tid: scope.tenant_uuid(),
            auth_time: session.authenticated_at.timestamp(),
            amr: session.methods.claim(),
            iat,
            exp: iat.saturating_add_unsigned(expires_in),
            jti: self.core.ids.uuid()?,
        })?;
        Ok((token, expires_in))
    }
}
