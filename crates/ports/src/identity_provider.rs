//! Whoever else knows people: OpenID providers, and what comes close to one.

use async_trait::async_trait;
use secrecy::SecretString;
use url::Url;

use crate::Result;

/// One provider, to whom this installation is known as a client. All it needs between the two calls is in their
/// arguments, so that another process may make the second one.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Where to send a browser so that its person says who they are. Nothing of it is secret from that person.
    ///
    /// # Errors
    /// `Unavailable` when the provider has to be asked first and does not answer; `Internal` when what it answers makes
    /// no sense.
    async fn authorization_url(&self, question: &Question<'_>) -> Result<Url>;
    /// Whom the provider has sent back with this code. What it says counts only if it provably comes from the provider,
    /// is about this login and for this client.
    ///
    /// # Errors
    /// `Precondition` when the code, or what the provider says, is not to be believed. `Unavailable` when it does not
    /// answer; `Internal` when what it answers makes no sense.
    async fn identify(&self, question: &Question<'_>, reply: &ProviderReply<'_>) -> Result<ForeignIdentity>;
}

/// What a login asks, and what binds the reply to it.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Where the browser comes back to; known to the provider.
    pub callback: &'a Url,
    /// Comes back with the browser.
    pub state: &'a str,
    /// Comes back in what the provider signs (OpenID Connect Core, section 3.1.2.1).
    pub nonce: &'a str,
    /// Shown only when the code is used, and announced before by its hash (RFC 7636).
    pub verifier: &'a SecretString,
    /// W3C trace context of the request.
    pub traceparent: Option<&'a str>,
}

/// What the browser brings back.
#[derive(Clone, Copy)]
pub struct ProviderReply<'a> {
    /// To be exchanged for who it is.
    pub code: &'a SecretString,
    /// Who says that it gave the code (RFC 9207).
    pub issuer: Option<&'a str>,
}

/// Somebody, as a provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignIdentity {
    /// Who says so.
    pub issuer: String,
    /// Who it is there, for good.
    pub subject: String,
    /// The address there, as given.
    pub email: Option<String>,
    /// Whether the provider has made sure that they read mail to it.
    pub email_verified: bool,
    /// How they are called there.
    pub name: Option<String>,
}
