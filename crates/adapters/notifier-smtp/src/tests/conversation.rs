//! What becomes of answers, silence and connections.

use std::time::Duration;

use ports::{Kind, Mailer};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::mail;
use super::scripted::Scripted;
use crate::SmtpMailer;

fn mailer(server: &Scripted, user: &str, query: &str) -> SmtpMailer {
    SmtpMailer::connect(&format!("smtp://{user}{}{query}", server.address), "no-reply@example.com").unwrap()
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mailer = SmtpMailer::connect(&format!("smtp://{address}"), "no-reply@example.com").unwrap();
    assert_eq!(mailer.send(&mail("ada@example.com")).await.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(mailer.check().await.unwrap_err().kind(), Kind::Unavailable);
}

#[tokio::test]
async fn answers_become_kinds() {
    for (to_line, answer, kind) in [
        ("MAIL", "421 shutting down\r\n", Kind::Unavailable),
        ("RCPT", "450 busy\r\n", Kind::Unavailable),
        ("RCPT", "550 unknown\r\n", Kind::Conflict),
        ("RCPT", "what?\r\n", Kind::Unavailable),
        ("DATA", "554 no\r\n", Kind::Conflict),
        (".", "452 full\r\n", Kind::Unavailable),
        (".", "554 spam\r\n", Kind::Conflict),
    ] {
        let server = Scripted::start(move |_, line| line.starts_with(to_line).then_some(answer)).await;
        let sent = mailer(&server, "", "").send(&mail("ada@example.com")).await;
        assert_eq!(sent.unwrap_err().kind(), kind, "{to_line}: {answer}");
    }
}

#[tokio::test]
async fn a_refused_login_is_about_us_and_not_about_the_mail() {
    let server = Scripted::start(|_, line| line.starts_with("AUTH").then_some("535 no\r\n")).await;
    let mailer = mailer(&server, "ada:hunter2@", "");
    let error = mailer.send(&mail("ada@example.com")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn user_and_password_are_percent_decoded() {
    let server = Scripted::start(|_, _| None).await;
    mailer(&server, "ada%40example.com:p%3A%2F+%C3%BC@", "").check().await.unwrap();
    // Base64 of NUL, the user, NUL, the password (RFC 4616).
    let expected = "AUTH PLAIN AGFkYUBleGFtcGxlLmNvbQBwOi8rw7w=";
    assert_eq!(server.heard("AUTH"), [expected]);
}

#[tokio::test]
async fn we_introduce_ourselves_by_our_domain() {
    let server = Scripted::start(|_, _| None).await;
    mailer(&server, "", "").check().await.unwrap();
    assert_eq!(server.heard("EHLO"), ["EHLO example.com"]);
}

#[tokio::test]
async fn mails_share_a_connection_until_it_ends() {
    let server =
        Scripted::start(|connection, line| (connection == 1 && line == "NOOP").then_some("421 bye\r\n"))
            .await;
    let mailer = mailer(&server, "", "");
    for _ in 0..4 {
        mailer.send(&mail("ada@example.com")).await.unwrap();
    }
    assert_eq!((server.heard("EHLO").len(), server.heard("MAIL").len()), (2, 4));
}

/// The sender of the first mail gives up while the server thinks about it. Were its connection used again, the
/// second mail would be judged by the answers to the first.
#[tokio::test]
async fn a_conversation_that_was_given_up_is_not_continued() {
    let server = Scripted::start(|connection, line| (connection == 1 && line == ".").then_some("")).await;
    let mailer = mailer(&server, "", "");
    let first = mail("ada@example.com");
    assert!(timeout(Duration::from_millis(300), mailer.send(&first)).await.is_err());
    mailer.send(&mail("bob@example.com")).await.unwrap();
    assert_eq!(server.heard("EHLO").len(), 2);
}

#[tokio::test]
async fn required_encryption_is_not_negotiable() {
    let server = Scripted::start(|_, _| None).await;
    let port = server.address.port();
    // 0.0.0.0 reaches this host without being a loopback address, so that STARTTLS is required by default.
    for url in [format!("smtp://127.0.0.1:{port}?starttls=required"), format!("smtp://ada:pw@0.0.0.0:{port}")]
    {
        let mailer = SmtpMailer::connect(&url, "no-reply@example.com").unwrap();
        assert_eq!(mailer.send(&mail("ada@example.com")).await.unwrap_err().kind(), Kind::Unavailable);
    }
    assert!(server.heard("AUTH").is_empty() && server.heard("MAIL").is_empty());
}

#[tokio::test]
async fn encryption_can_be_left_out() {
    let server = Scripted::start(|_, _| None).await;
    for query in ["", "?starttls=opportunistic", "?starttls=off"] {
        mailer(&server, "", query).send(&mail("ada@example.com")).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_without_utf8_addresses_refuses_such_a_mail_for_good() {
    let server = Scripted::start(|_, _| None).await;
    let mailer = mailer(&server, "", "");
    assert_eq!(mailer.send(&mail("jürgen@example.com")).await.unwrap_err().kind(), Kind::Conflict);
    mailer.send(&mail("juergen@müller.example")).await.unwrap();
    assert_eq!(server.heard("RCPT"), ["RCPT TO:<juergen@xn--mller-kva.example>"]);
}
