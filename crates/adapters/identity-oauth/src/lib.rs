//! Providers that vouch for people: OpenID Connect (Core 1.0, Discovery 1.0), and GitHub, which speaks OAuth 2.0 alone.
//!
//! **Invariant:** nothing that a browser brings is believed. A code is exchanged with the provider itself, together with
//! the verifier that was announced by its hash (RFC 7636, S256); an ID token counts only with a signature by a key that
//! the provider publishes, under an algorithm of the list in `id_token`. It does not know who an account here belongs
//! to, nor that there are sessions.

mod github;
mod id_token;
mod kept;
mod keys;
mod metadata;
mod oidc;
mod registration;
#[cfg(test)]
mod tests;
mod token;
mod wire;

pub use github::GithubProvider;
pub use oidc::OidcProvider;

/// Calls out have to end within this, so that the browser does not wait for longer than people do.
const WITHIN: std::time::Duration = std::time::Duration::from_secs(8);
