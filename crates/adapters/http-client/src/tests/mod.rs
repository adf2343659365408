//! Real servers on loopback, well and unwell. 127.0.0.1 stands for the outside (it is allowed), 127.0.0.2 for the
//! inside.

mod faults;
mod inside;
mod log;
mod server;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use ports::{HttpMethod, HttpRequest, Target};
use testkit::fakes::{FixedClock, SeededRandom};

use crate::{Names, ReqwestHttpClient, Settings};

/// Names whose addresses a test decides: the answers to one look-up after the other, the last one for good.
struct Answers {
    each: Vec<Vec<&'static str>>,
    asked: AtomicUsize,
}

#[async_trait]
impl Names for Answers {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst).min(self.each.len() - 1);
        Ok(self.each[number].iter().map(|address| address.parse().unwrap()).collect())
    }
}

/// A client to whom names have these addresses, one list per look-up.
fn client_of(each: &[&[&'static str]]) -> ReqwestHttpClient {
    let settings = Settings { allowed_networks: vec!["127.0.0.1/32".parse().unwrap()] };
    let each = each.iter().map(|addresses| addresses.to_vec()).collect();
    let names = Arc::new(Answers { each, asked: AtomicUsize::new(0) });
    ReqwestHttpClient::with_names(
        settings,
        names,
        Arc::new(FixedClock::default()),
        Arc::new(SeededRandom::default()),
    )
}

fn client() -> ReqwestHttpClient {
    client_of(&[&["127.0.0.1"]])
}

fn get(url: &str) -> HttpRequest {
    HttpRequest::new(HttpMethod::Get, url.parse().unwrap())
}

fn post(url: &str) -> HttpRequest {
    HttpRequest::new(HttpMethod::Post, url.parse().unwrap())
}

fn chosen(request: HttpRequest) -> HttpRequest {
    HttpRequest { target: Target::Chosen, ..request }
}
