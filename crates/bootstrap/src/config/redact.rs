//! Showing values without what is secret in them. In doubt it hides too much:
//! these texts may be malformed, which is why they are shown at all.

use super::variable::Secrecy;

pub(super) const HIDDEN: &str = "***";

/// Words in the name of a query parameter whose value is hidden.
const SECRET_PARAMETERS: [&str; 6] = ["secret", "pass", "pwd", "token", "key", "credential"];

/// A value as it may appear in a table or a problem.
pub(super) fn value(text: &str, secrecy: Secrecy) -> String {
    match secrecy {
        _ if text.is_empty() => String::new(),
        Secrecy::Secret => HIDDEN.to_owned(),
        Secrecy::Public if !text.contains("://") => text.to_owned(),
        Secrecy::Public | Secrecy::Url => urls(text),
    }
}

/// A URL, or a list of URLs. A comma that is not between two URLs may belong to a password.
fn urls(text: &str) -> String {
    if text.split(',').all(|part| part.contains("://")) {
        text.split(',').map(url).collect::<Vec<_>>().join(",")
    } else {
        url(text)
    }
}

/// `scheme://user:***@host/path?plain=1&token=***`; a lone user is hidden too (in NATS it is a token).
pub(super) fn url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return HIDDEN.to_owned();
    };
    let (place, query) = match rest.find(['?', '#']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    // An `@` back there may end a password that holds a `?`: no part is surely harmless.
    if query.contains('@') {
        return format!("{scheme}://{HIDDEN}");
    }
    format!("{scheme}://{}{}", without_password(place), without_secret_parameters(query))
}

fn without_password(place: &str) -> String {
    match place.rsplit_once('@') {
        None => place.to_owned(),
        Some((login, host)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:{HIDDEN}@{host}"),
            None => format!("{HIDDEN}@{host}"),
        },
    }
}

fn without_secret_parameters(query: &str) -> String {
    let parameter = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    };
    query.split('&').map(parameter).collect::<Vec<_>>().join("&")
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_PARAMETERS.iter().any(|word| name.contains(word))
}
