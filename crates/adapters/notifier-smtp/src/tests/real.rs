//! The suite of the port on the SMTP test server, whose accepted messages are read back over HTTP.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Email;
use ports::{Mail, Mailer};
use serde::Deserialize;
use testkit::mailer::Post;
use testkit::services::{require_or_skip, service_answers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire;
use crate::SmtpMailer;

const SMTP: &str = "127.0.0.1:1025";
const MESSAGES: &str = "127.0.0.1:1026";

struct SmtpPost(Arc<SmtpMailer>);

fn post() -> Option<SmtpPost> {
    if !service_answers(SMTP) {
        require_or_skip("the SMTP test server", "source tests/services/ensure.sh; ensure_services");
        return None;
    }
    let mailer = SmtpMailer::connect(&format!("smtp://{SMTP}"), "Mainstay <no-reply@example.com>");
    Some(SmtpPost(Arc::new(mailer.unwrap())))
}

#[derive(Deserialize)]
struct Accepted {
    from: String,
    to: Vec<String>,
    data: String,
}

/// One GET without a client library: HTTP/1.0 ends with the connection.
async fn accepted() -> Vec<Accepted> {
    let mut stream = TcpStream::connect(MESSAGES).await.unwrap();
    stream.write_all(b"GET /messages HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

#[async_trait]
impl Post for SmtpPost {
    fn mailer(&self) -> Arc<dyn Mailer> {
        self.0.clone()
    }

    async fn arrived(&self, to: &Email) -> Vec<Mail> {
        let mine = accepted().await.into_iter().filter(|one| one.to == [to.as_str()]);
        let read = |one: Accepted| {
            assert_eq!(one.from, "no-reply@example.com");
            wire::read(&one.data)
        };
        mine.map(read).collect()
    }

    fn refused(&self) -> Option<Email> {
        Email::parse("ada@bounce.test").ok()
    }

    fn deferred(&self) -> Option<Email> {
        Email::parse("ada@defer.test").ok()
    }
}

testkit::mailer_suite!(post());
