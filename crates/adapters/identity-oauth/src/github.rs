//! GitHub, or a GitHub Enterprise Server: OAuth 2.0 without OpenID Connect. Who somebody is, its API says.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{ForeignIdentity, HttpClient, IdentityProvider, ProviderReply, Question, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::registration::{ClientAuth, Registration};
use crate::token::{Tokens, authorization_url, exchange};
use crate::wire::{fetch, get_as, senseless, unbelievable};

const OPERATION: &str = "identify by GitHub";
const SCOPE: &str = "read:user user:email";

/// GitHub.
pub struct GithubProvider {
    registration: Registration,
    http: Arc<dyn HttpClient>,
    authorize: Url,
    token: Url,
    user: Url,
    emails: Url,
}

/// `GET /user` (GitHub REST API, "Get the authenticated user"). The login can be given to somebody else; the number
/// can't.
#[derive(Deserialize)]
struct User {
    id: u64,
    name: Option<String>,
}

/// An entry of `GET /user/emails` (the same, "List email addresses for the authenticated user").
#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

impl GithubProvider {
    /// Reads the server's address: `github://<client id>:<secret>@github.com`, or the host of an Enterprise Server, whose
    /// API is under `/api/v3`; `?api=` puts it elsewhere.
    ///
    /// # Errors
    /// `Internal` when it can't be read; the text says why.
    pub fn connect(url: &str, http: Arc<dyn HttpClient>) -> Result<Self> {
        let registration = Registration::parse(url)?;
        let issuer = registration.issuer.trim_end_matches('/');
        let api = match &registration.api {
            Some(api) => api.as_str().trim_end_matches('/').to_owned(),
            None if issuer == "https://github.com" => "https://api.github.com".to_owned(),
            None => format!("{issuer}/api/v3"),
        };
        let at = |base: &str, path: &str| {
            let url = Url::parse(&format!("{base}/{path}")).ok().filter(|url| registration.trusts(url));
            url.ok_or_else(|| senseless("read a provider's URL", "expected a host behind TLS"))
        };
        Ok(Self {
            authorize: at(issuer, "login/oauth/authorize")?,
            token: at(issuer, "login/oauth/access_token")?,
            user: at(&api, "user")?,
            emails: at(&api, "user/emails")?,
            registration,
            http,
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        url: &Url,
        tokens: &Tokens,
        question: &Question<'_>,
    ) -> Result<T> {
        let request = get_as(url.clone(), &tokens.access_token, question.traceparent)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        fetch(&*self.http, &request, OPERATION).await
    }
}

#[async_trait]
impl IdentityProvider for GithubProvider {
    async fn authorization_url(&self, question: &Question<'_>) -> Result<Url> {
        Ok(authorization_url(self.authorize.clone(), &self.registration, SCOPE, question))
    }

    async fn identify(&self, question: &Question<'_>, reply: &ProviderReply<'_>) -> Result<ForeignIdentity> {
        if reply.issuer.is_some_and(|issuer| issuer != self.registration.issuer) {
            return Err(unbelievable(OPERATION, "another provider says that it gave the code"));
        }
        let auth = self.registration.auth.unwrap_or(ClientAuth::Post);
        let tokens = exchange(&*self.http, &self.token, &self.registration, auth, question, reply).await?;
        let user: User = self.ask(&self.user, &tokens, question).await?;
        let addresses: Vec<Address> = self.ask(&self.emails, &tokens, question).await?;
        let primary = addresses.into_iter().find(|address| address.primary);
        Ok(ForeignIdentity {
            issuer: self.registration.issuer.clone(),
            subject: user.id.to_string(),
            email_verified: primary.as_ref().is_some_and(|address| address.verified),
            email: primary.map(|address| address.email),
            name: user.name,
        })
    }
}
