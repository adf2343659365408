//! An OpenID provider, known by its issuer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::{Clock, ForeignIdentity, HttpClient, IdentityProvider, ProviderReply, Question, Result};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::id_token::{self, Claims, Expected, Profile};
use crate::kept::Kept;
use crate::keys::Keys;
use crate::metadata::Metadata;
use crate::registration::{ClientAuth, Registration};
use crate::token::{authorization_url, exchange};
use crate::wire::{fetch, get_as, unbelievable};

const OPERATION: &str = "identify by OpenID Connect";
const SCOPE: &str = "openid email profile";
/// What a provider publishes is read anew after so long …
const FRESH: Duration = Duration::from_secs(60 * 60);
/// … and its keys when a token names one that is not among them, but not more often than this.
const UNKNOWN_KEY: Duration = Duration::from_secs(10);

/// An OpenID provider.
pub struct OidcProvider {
    registration: Registration,
    http: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock>,
    metadata: Kept<Metadata>,
    keys: Kept<Keys>,
}

/// What the userinfo endpoint says (section 5.3.2).
#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    profile: Profile,
}

impl OidcProvider {
    /// Reads the provider's address; the first login asks it for the rest:
    /// `oidc://<client id>[:<secret>]@<issuer without https://>[?auth=basic|post]`.
    ///
    /// # Errors
    /// `Internal` when it can't be read; the text says why.
    pub fn connect(url: &str, http: Arc<dyn HttpClient>, clock: Arc<dyn Clock>) -> Result<Self> {
        let registration = Registration::parse(url)?;
        Ok(Self { registration, http, clock, metadata: Kept::default(), keys: Kept::default() })
    }

    /// The same for Google, who understands a client's secret in the body for sure.
    ///
    /// # Errors
    /// `Internal` when it can't be read; the text says why.
    pub fn connect_google(url: &str, http: Arc<dyn HttpClient>, clock: Arc<dyn Clock>) -> Result<Self> {
        let mut provider = Self::connect(url, http, clock)?;
        provider.registration.auth.get_or_insert(ClientAuth::Post);
        Ok(provider)
    }

    async fn metadata(&self, traceparent: Option<&str>) -> Result<Arc<Metadata>> {
        let read = async || Metadata::read(&*self.http, &self.registration, traceparent).await;
        self.metadata.get(self.clock.now(), FRESH, read).await
    }

    async fn keys(&self, metadata: &Metadata, age: Duration, traceparent: Option<&str>) -> Result<Arc<Keys>> {
        let read = async || Keys::read(&*self.http, &metadata.jwks_uri, traceparent).await;
        self.keys.get(self.clock.now(), age, read).await
    }

    /// Whether the browser comes from whom it was sent to (RFC 9207, section 2.4): mixing providers up is how a code of
    /// one is made to be sent to another.
    fn check_sender(&self, metadata: &Metadata, reply: &ProviderReply<'_>) -> Result<()> {
        match reply.issuer {
            Some(issuer) if issuer != self.registration.issuer => {
                Err(unbelievable(OPERATION, "another provider says that it gave the code"))
            }
            None if metadata.authorization_response_iss_parameter_supported => {
                Err(unbelievable(OPERATION, "nobody says that they gave the code"))
            }
            _ => Ok(()),
        }
    }

    async fn claims(&self, metadata: &Metadata, token: &str, question: &Question<'_>) -> Result<Claims> {
        let header = id_token::header(token)?;
        let kid = header.kid.as_deref();
        let known = self.keys(metadata, FRESH, question.traceparent).await?.find(kid, header.alg);
        let key = match known {
            Some(key) => Some(key),
            None => self.keys(metadata, UNKNOWN_KEY, question.traceparent).await?.find(kid, header.alg),
        };
        let key = key.ok_or_else(|| unbelievable(OPERATION, "no key of the provider fits the token"))?;
        let expected = Expected {
            issuer: &self.registration.issuer,
            client_id: &self.registration.client_id,
            nonce: question.nonce,
            now: self.clock.now(),
        };
        id_token::check(token, &header, &key, &expected)
    }

    /// Many providers keep the address out of the token. Who answers must be who was asked about (section 5.3.2).
    async fn user_info(
        &self,
        endpoint: &Url,
        access_token: &SecretString,
        subject: &str,
        traceparent: Option<&str>,
    ) -> Result<Profile> {
        let request = get_as(endpoint.clone(), access_token, traceparent);
        let info: UserInfo = fetch(&*self.http, &request, "ask for an address").await?;
        if info.sub != subject {
            return Err(unbelievable(OPERATION, "the address is of somebody else"));
        }
        Ok(info.profile)
    }
}

#[async_trait]
impl IdentityProvider for OidcProvider {
    async fn authorization_url(&self, question: &Question<'_>) -> Result<Url> {
        let metadata = self.metadata(question.traceparent).await?;
        let endpoint = metadata.authorization_endpoint.clone();
        let mut url = authorization_url(endpoint, &self.registration, SCOPE, question);
        url.query_pairs_mut().append_pair("nonce", question.nonce);
        Ok(url)
    }

    async fn identify(&self, question: &Question<'_>, reply: &ProviderReply<'_>) -> Result<ForeignIdentity> {
        let metadata = self.metadata(question.traceparent).await?;
        self.check_sender(&metadata, reply)?;
        let auth = metadata.client_auth(&self.registration);
        let endpoint = &metadata.token_endpoint;
        let tokens = exchange(&*self.http, endpoint, &self.registration, auth, question, reply).await?;
        let token = tokens.id_token.ok_or_else(|| unbelievable(OPERATION, "there is no ID token"))?;
        let claims = self.claims(&metadata, token.expose_secret(), question).await?;
        let profile = match (&metadata.userinfo_endpoint, claims.profile.email.is_none()) {
            (Some(endpoint), true) => {
                let (subject, traceparent) = (&claims.sub, question.traceparent);
                self.user_info(endpoint, &tokens.access_token, subject, traceparent).await?
            }
            _ => claims.profile,
        };
        Ok(ForeignIdentity {
            issuer: self.registration.issuer.clone(),
            subject: claims.sub,
            email: profile.email,
            email_verified: profile.email_verified,
            name: profile.name,
        })
    }
}
