//! The mailer suite on the real test server; the rest against a server that plays a script.

mod address;
mod conversation;
mod message;
mod real;
mod scripted;
mod wire;

use domain::Email;
use ports::Mail;
use uuid::Uuid;

fn mail(to: &str) -> Mail {
    Mail {
        id: Uuid::from_u128(7),
        to: Email::parse(to).unwrap(),
        subject: "Welcome".to_owned(),
        text: "Hello".to_owned(),
        html: "<p>Hello</p>".to_owned(),
    }
}
