//! What an OpenID provider says about itself (OpenID Connect Discovery 1.0, sections 3 and 4).

use ports::{HttpClient, Result};
use serde::Deserialize;
use url::Url;

use crate::registration::{ClientAuth, Registration};
use crate::wire::{fetch, get, senseless};

const OPERATION: &str = "read a provider's metadata";

/// The part that is used here.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) userinfo_endpoint: Option<Url>,
    pub(crate) jwks_uri: Url,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207, section 3.
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Asks the issuer. What it says has to be about itself.
    pub(crate) async fn read(
        http: &dyn HttpClient,
        registration: &Registration,
        traceparent: Option<&str>,
    ) -> Result<Self> {
        let issuer = registration.issuer.trim_end_matches('/');
        let url = Url::parse(&format!("{issuer}/.well-known/openid-configuration"))
            .map_err(|_| senseless(OPERATION, "the issuer is no URL"))?;
        let metadata: Self = fetch(http, &get(url, traceparent), OPERATION).await?;
        if metadata.issuer != registration.issuer {
            return Err(senseless(OPERATION, "it calls itself otherwise than it is configured"));
        }
        let mut endpoints =
            vec![&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        endpoints.extend(&metadata.userinfo_endpoint);
        if !endpoints.iter().all(|endpoint| registration.trusts(endpoint)) {
            return Err(senseless(OPERATION, "one of its endpoints is not behind TLS"));
        }
        Ok(metadata)
    }

    /// What is configured; else the header, which is the default, unless only the body is understood.
    pub(crate) fn client_auth(&self, registration: &Registration) -> ClientAuth {
        let understood = |method: &str| {
            let methods = self.token_endpoint_auth_methods_supported.as_ref();
            methods.is_none_or(|methods| methods.iter().any(|known| known == method))
        };
        registration.auth.unwrap_or_else(|| {
            if understood("client_secret_basic") || !understood("client_secret_post") {
                ClientAuth::Basic
            } else {
                ClientAuth::Post
            }
        })
    }
}
