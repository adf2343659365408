//! `/dev/mailbox`: captured mails. Only with `capture://`, outside production.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use askama::Template;
use ports::Captured;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Services;
use super::pages::html;
use crate::State;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(messages);
}

/// Mails shown at most.
const NEWEST: u64 = 50;

/// A captured mail.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageBody {
    id: Uuid,
    to: String,
    subject: String,
    text: String,
    html: String,
    created_at: String,
}

impl From<Captured> for MessageBody {
    fn from(captured: Captured) -> Self {
        let mail = captured.mail;
        Self {
            id: mail.id,
            to: mail.to.to_string(),
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            created_at: rfc3339(captured.created_at),
        }
    }
}

impl MessageBody {
    /// The text line by line, and whether a line is a link.
    fn parts(&self) -> Vec<(&str, bool)> {
        let is_link = |line: &str| line.starts_with("http://") || line.starts_with("https://");
        self.text.split_inclusive('\n').map(|line| (line, is_link(line))).collect()
    }
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxPage {
    messages: Vec<MessageBody>,
}

/// Captured mails, newest first. 404 unless mails are captured.
#[utoipa::path(tag = "development", responses((status = 200, description = "Captured mails", body = Envelope<Vec<MessageBody>>)))]
#[get("/dev/mailbox/messages")]
async fn messages(state: web::Data<State>) -> Result<Reply<Vec<MessageBody>>, Failure> {
    Ok(Reply::ok("captured mails", newest(&state).await?).secret())
}

/// The same for people.
#[get("/dev/mailbox")]
pub(super) async fn page(state: web::Data<State>) -> Result<HttpResponse, Failure> {
    html(&MailboxPage { messages: newest(&state).await? }).map(|mut response| {
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        response
    })
}

async fn newest(state: &State) -> Result<Vec<MessageBody>, Failure> {
    let missing = || Failure::of_status(actix_web::http::StatusCode::NOT_FOUND);
    let store = state.mailbox.as_deref().ok_or_else(missing)?;
    let mails = store.mailbox().newest(NEWEST).await.map_err(application::Error::from)?;
    Ok(mails.into_iter().map(MessageBody::from).collect())
}
