//! Where a request comes from: its id, its trace, its address, its program.

use std::net::IpAddr;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use application::Context;
use domain::{Actor, TenantScope};
use ipnet::IpNet;
use telemetry::TraceParent;

use crate::Edge;

/// Where a request comes from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) request_id: String,
    pub(crate) trace: Option<TraceParent>,
    /// The caller's own trace context, if it sent one.
    pub(crate) parent: Option<TraceParent>,
    ip: Option<IpAddr>,
    user_agent: Option<String>,
}

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

impl Origin {
    pub(crate) fn of(request: &ServiceRequest, edge: &Edge) -> Self {
        let headers = request.headers();
        let given = text(headers, &REQUEST_ID).filter(|id| is_request_id(id)).map(str::to_owned);
        let parent = text(headers, &TRACEPARENT).and_then(TraceParent::parse);
        Self {
            request_id: given.unwrap_or_else(|| new_request_id(edge)),
            trace: trace(parent.as_ref(), edge),
            parent,
            ip: client_ip(request.peer_addr().map(|peer| peer.ip()), headers, &edge.settings.trusted_proxies),
            user_agent: text(headers, &header::USER_AGENT).map(str::to_owned),
        }
    }

    /// The client's address, as far as it can be believed.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    pub(crate) fn trace_id(&self) -> Option<String> {
        self.trace.as_ref().map(TraceParent::trace_id)
    }

    /// The context of a use case that this request calls.
    pub(crate) fn context(&self, actor: Actor, scope: TenantScope) -> Context {
        Context {
            actor,
            scope,
            ip: self.ip,
            user_agent: self.user_agent.clone(),
            request_id: Some(self.request_id.clone()),
            traceparent: self.trace.as_ref().map(ToString::to_string),
            reservation: None,
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_request_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn new_request_id(edge: &Edge) -> String {
    edge.ids.uuid().map(|id| id.to_string()).unwrap_or_default()
}

/// Our span in the caller's trace, or in a new one (W3C Trace Context, section 3.4).
fn trace(parent: Option<&TraceParent>, edge: &Edge) -> Option<TraceParent> {
    let mut bytes = [0; 24];
    edge.random.fill(&mut bytes).ok()?;
    let span: [u8; 8] = bytes[..8].try_into().ok()?;
    match parent {
        Some(parent) => Some(parent.child(span)),
        None => Some(TraceParent::new(bytes[8..].try_into().ok()?, span)),
    }
}

/// The nearest address that is not one of our proxies. A peer that is none is believed nothing.
fn client_ip(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &[IpNet]) -> Option<IpAddr> {
    let trusted = |ip: &IpAddr| proxies.iter().any(|net| net.contains(&ip.to_canonical()));
    let peer = peer?;
    if !trusted(&peer) {
        return Some(peer);
    }
    let forwarded: Vec<&str> =
        headers.get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
    let hops = forwarded.iter().flat_map(|line| line.split(',')).map(|hop| hop.trim().parse::<IpAddr>());
    let mut client = peer;
    for hop in hops.collect::<Vec<_>>().into_iter().rev() {
        // What stands left of an unreadable hop can't be trusted either.
        let Ok(hop) = hop else { break };
        client = hop;
        if !trusted(&hop) {
            break;
        }
    }
    Some(client)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn ip_of(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        client_ip(peer.parse().ok(), &headers, &proxies).unwrap().to_string()
    }

    #[test]
    fn only_configured_proxies_are_believed() {
        assert_eq!(ip_of("203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
        assert_eq!(ip_of("10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(ip_of("10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"]), "1.2.3.4");
        assert_eq!(ip_of("10.0.0.1", &["6.6.6.6", "1.2.3.4"]), "1.2.3.4");
        assert_eq!(ip_of("10.0.0.1", &["1.2.3.4, nonsense"]), "10.0.0.1");
        assert_eq!(ip_of("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn request_ids_are_taken_over_when_they_are_harmless() {
        assert!(is_request_id("a.B_c-9"));
        for text in ["", "a b", "a\nb", "ä", &"x".repeat(65)] {
            assert!(!is_request_id(text), "{text:?}");
        }
    }
}
