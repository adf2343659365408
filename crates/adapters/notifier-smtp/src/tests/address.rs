//! Reading the server's address.

use std::error::Error;

use ports::Kind;

use crate::SmtpMailer;

#[test]
fn default_ports_are_those_of_submission() {
    for (url, expected) in [
        ("smtp://mail.example.com", "mail.example.com:587"),
        ("smtp://mail.example.com:25?starttls=off", "mail.example.com:25"),
        ("smtps://mail.example.com", "mail.example.com:465"),
        ("smtp://[::1]", "::1:587"),
    ] {
        let mailer = SmtpMailer::connect(url, "no-reply@example.com").unwrap();
        assert_eq!(format!("{mailer:?}"), format!("SmtpMailer {{ server: {expected}, .. }}"));
    }
}

#[test]
fn what_is_wrong_is_named_without_the_password() {
    for (url, reason) in [
        ("http://ada:hunter2@mail.example.com", "the scheme is smtp or smtps"),
        ("smtp://ada:hunter2@mail.example.com?starttls=maybe", "starttls is required, opportunistic or off"),
        ("smtp://ada:hunter2@mail.example.com?tls=off", "the only parameter is starttls"),
        ("smtps://ada:hunter2@mail.example.com?starttls=off", "starttls belongs to smtp://, not to smtps://"),
        ("smtp://ada:hunter2%zz@mail.example.com", "user and password are percent-encoded UTF-8"),
        ("smtp://ada:hunter2%ff@mail.example.com", "user and password are percent-encoded UTF-8"),
        ("smtp:hunter2", "the host is missing"),
        ("hunter2", "relative URL without a base"),
        ("smtp://ada:hunter2@mail.example.com:port", "invalid port number"),
    ] {
        let error = SmtpMailer::connect(url, "no-reply@example.com").unwrap_err();
        assert_eq!(error.kind(), Kind::Internal);
        assert_eq!(error.source().unwrap().to_string(), reason, "{url}");
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
}

#[test]
fn debug_shows_no_password() {
    let mailer = SmtpMailer::connect("smtp://ada:hunter2@mail.example.com", "no-reply@example.com").unwrap();
    assert!(!format!("{mailer:?}").contains("hunter2"));
}

#[test]
fn the_sender_has_to_be_an_address() {
    for from in ["", "Mainstay", "Mainstay <no-reply>", "a@example.com, b@example.com"] {
        assert!(SmtpMailer::connect("smtp://localhost", from).is_err(), "{from}");
    }
}
