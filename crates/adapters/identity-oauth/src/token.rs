//! The two steps that all of OAuth 2.0 shares: sending a browser away (RFC 6749, section 4.1.1), and exchanging the
//! code that it brings back (section 4.1.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ports::{HttpClient, ProviderReply, Question, Result};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::registration::{ClientAuth, Registration};
use crate::wire::{ask, challenge_of, post_form, read, senseless, unbelievable};

const OPERATION: &str = "exchange a provider's code";

/// What a code is worth.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: SecretString,
    pub(crate) id_token: Option<SecretString>,
}

/// What a provider says instead.
#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// Where the browser goes.
pub(crate) fn authorization_url(
    mut endpoint: Url,
    registration: &Registration,
    scope: &str,
    question: &Question<'_>,
) -> Url {
    endpoint
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &registration.client_id)
        .append_pair("redirect_uri", question.callback.as_str())
        .append_pair("scope", scope)
        .append_pair("state", question.state)
        .append_pair("code_challenge", &challenge_of(question.verifier))
        .append_pair("code_challenge_method", "S256");
    endpoint
}

/// Exchanges a code. A refusal of it is `Precondition`; a refusal of us is `Internal`: somebody has to look at the
/// configuration. Errors may come with status 200 (GitHub).
pub(crate) async fn exchange(
    http: &dyn HttpClient,
    endpoint: &Url,
    registration: &Registration,
    auth: ClientAuth,
    question: &Question<'_>,
    reply: &ProviderReply<'_>,
) -> Result<Tokens> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", reply.code.expose_secret()),
        ("redirect_uri", question.callback.as_str()),
        ("code_verifier", question.verifier.expose_secret()),
    ];
    let secret = registration.client_secret.as_ref().map(ExposeSecret::expose_secret);
    let in_header = secret.filter(|_| auth == ClientAuth::Basic);
    if in_header.is_none() {
        fields.push(("client_id", &registration.client_id));
        fields.extend(secret.map(|secret| ("client_secret", secret)));
    }
    let mut request = post_form(endpoint.clone(), &fields, question.traceparent);
    if let Some(secret) = in_header {
        request = request.header("authorization", basic(&registration.client_id, secret));
    }
    let answer = ask(http, &request, OPERATION).await?;
    match read::<Refused>(&answer, OPERATION).map(|refused| refused.error) {
        // GitHub's word for the same; see its "Troubleshooting OAuth app access token request errors".
        Ok(error) if ["invalid_grant", "bad_verification_code"].contains(&error.as_str()) => {
            Err(unbelievable(OPERATION, "the provider refuses the code"))
        }
        Ok(_) => Err(senseless(OPERATION, "the provider refuses this client")),
        Err(_) if answer.is_success() => read(&answer, OPERATION),
        Err(_) => Err(senseless(OPERATION, format_args!("status {}", answer.status))),
    }
}

/// Both are form-encoded before they are joined (RFC 6749, section 2.3.1).
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}
