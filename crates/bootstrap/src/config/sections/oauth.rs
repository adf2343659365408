//! Logins with other providers.

use crate::config::{ProviderUrl, RedirectUri, section::section};

section! {
    /// Who else may vouch for people, and where their logins lead to.
    pub struct OAuthConfig in oauth {
        /// Providers, each `name=oidc://<client>:<secret>@<issuer>`, also `google://…@accounts.google.com` and `github://…@github.com`.
        providers: Vec<ProviderUrl> = Unset;
        /// Addresses of applications that such logins may end at, compared letter by letter.
        redirect_uris: Vec<RedirectUri> = Unset;
    }
}
