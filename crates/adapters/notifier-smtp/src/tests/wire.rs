//! Reads a message back, as far as ours go: two alternatives, RFC 2047 words, base64 and quoted-printable.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Email;
use ports::Mail;
use uuid::Uuid;

/// Headers, unfolded, and the body.
struct Part<'a> {
    headers: String,
    body: &'a str,
}

impl<'a> Part<'a> {
    fn of(text: &'a str) -> Self {
        let (headers, body) = text.split_once("\r\n\r\n").unwrap();
        Self { headers: headers.replace("\r\n ", " "), body }
    }

    fn header(&self, name: &str) -> &str {
        let line = self.headers.lines().find(|line| line.starts_with(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.headers)).split_once(": ").unwrap().1
    }

    fn decoded(&self) -> String {
        let bytes = match self.header("Content-Transfer-Encoding") {
            "base64" => STANDARD.decode(self.body.replace("\r\n", "")).unwrap(),
            "quoted-printable" => quoted_printable(self.body),
            "7bit" => self.body.as_bytes().to_vec(),
            other => panic!("{other}"),
        };
        String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
    }
}

pub(super) fn read(data: &str) -> Mail {
    let message = Part::of(data);
    let content_type = message.header("Content-Type");
    assert!(content_type.starts_with("multipart/alternative;"), "{content_type}");
    let boundary = content_type.split('"').nth(1).unwrap();
    let parts: Vec<Part> = message
        .body
        .split(&format!("--{boundary}"))
        .filter_map(|text| text.strip_prefix("\r\n")?.strip_suffix("\r\n"))
        .filter(|text| !text.is_empty())
        .map(Part::of)
        .collect();
    let [text, html] = parts.as_slice() else { panic!("{} parts", parts.len()) };
    assert_eq!(text.header("Content-Type"), "text/plain; charset=utf-8");
    assert_eq!(html.header("Content-Type"), "text/html; charset=utf-8");
    let id = message.header("Message-ID").strip_prefix('<').unwrap().strip_suffix("@example.com>").unwrap();
    Mail {
        id: Uuid::parse_str(id).unwrap(),
        to: Email::parse(message.header("To")).unwrap(),
        subject: words(message.header("Subject")),
        text: text.decoded(),
        html: html.decoded(),
    }
}

/// RFC 2047, section 6.2: the blank between two encoded words is not part of the text.
fn words(header: &str) -> String {
    let joined = header.replace("?= =?", "?==?");
    let mut rest = joined.as_str();
    let mut bytes = Vec::new();
    while let Some((plain, word)) = rest.split_once("=?utf-8?b?") {
        let (encoded, tail) = word.split_once("?=").unwrap();
        bytes.extend_from_slice(plain.as_bytes());
        bytes.extend(STANDARD.decode(encoded).unwrap());
        rest = tail;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap()
}

fn quoted_printable(body: &str) -> Vec<u8> {
    let body = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = body.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'=' {
            bytes.push(u8::from_str_radix(str::from_utf8(&rest[..2]).unwrap(), 16).unwrap());
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    bytes
}
