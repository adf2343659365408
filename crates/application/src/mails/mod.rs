//! What is sent by mail, and why. An event causes a job; the job writes and sends the mail.

mod templates;

use domain::{DomainEvent, EventEnvelope, MailPurpose, MailToken, User};
use ports::{Mail, ResultExt};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::auth::mail_token_text;
use crate::jobs::{JobKind, JobSpec};
use crate::keys::KeyRing;
use crate::{Action, Context, Core, Error, Result, Work};
use templates::Template;

const ISSUE_TOKEN: Action = Action { name: "mail-token.issue", resource: "user" };

/// The argument of mail jobs. The event's id makes a repeated try the same mail with the same link.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailOrder {
    /// To whom.
    pub user_id: Uuid,
    /// Because of what.
    pub event_id: Uuid,
}

/// Use cases of mail.
#[derive(Clone)]
pub struct Mails {
    core: Core,
    keys: KeyRing,
}

impl Mails {
    pub(crate) fn new(core: Core, keys: KeyRing) -> Self {
        Self { core, keys }
    }

    /// Which event is followed by which mail job.
    pub fn caused_by() -> Vec<(&'static str, &'static str)> {
        let (user, session) = (Uuid::nil(), Uuid::nil());
        vec![
            (DomainEvent::UserRegistered { user }.kind(), "mail.verify-email"),
            (DomainEvent::UserCreated { user }.kind(), "mail.verify-email"),
            (DomainEvent::RegistrationRepeated { user }.kind(), "mail.already-registered"),
            (DomainEvent::TokenReused { user, session }.kind(), "mail.token-reused"),
        ]
    }

    /// The job that an event causes.
    pub fn job_for(kind: &'static JobKind, event: &EventEnvelope) -> Option<JobSpec> {
        let user = event.data.get("userId")?;
        let payload = json!({ "userId": user, "eventId": event.id });
        Some(JobSpec::now(kind, payload))
    }

    /// Sends the link that proves an address. Nothing to do when it is proven already.
    pub async fn verify_email(&self, context: &Context, order: &MailOrder) -> Result<()> {
        let Some(user) = self.recipient(order).await? else { return Ok(()) };
        if user.is_verified() {
            return Ok(());
        }
        let token = self.issue_token(context, &user, order).await?;
        let mut link = self.page("verify-email")?;
        link.query_pairs_mut().append_pair("token", &token);
        self.send(&user, order, &Template::verify_email(&user, &link)?).await
    }

    /// Tells the owner of an address that somebody tried to register it.
    pub async fn already_registered(&self, order: &MailOrder) -> Result<()> {
        let Some(user) = self.recipient(order).await? else { return Ok(()) };
        self.send(&user, order, &Template::already_registered(&user)?).await
    }

    /// Warns that a session was ended because a spent token came back.
    pub async fn token_reused(&self, order: &MailOrder) -> Result<()> {
        let Some(user) = self.recipient(order).await? else { return Ok(()) };
        self.send(&user, order, &Template::token_reused(&user)?).await
    }

    async fn recipient(&self, order: &MailOrder) -> Result<Option<User>> {
        Ok(self.core.store.users().by_uuid(order.user_id).await.optional()?)
    }

    /// The token is derived from the event, so it needs to be stored nowhere but as a hash, and a second try to
    /// send the mail does not make the first one's link worthless.
    async fn issue_token(&self, context: &Context, user: &User, order: &MailOrder) -> Result<String> {
        let purpose = MailPurpose::VerifyEmail;
        let parts = [b"mail-token".as_slice(), purpose.as_str().as_bytes(), order.event_id.as_bytes()];
        let (text, hash) = mail_token_text(&self.core, self.keys.derive(&parts)?);
        let token = MailToken {
            id: self.core.ids.snowflake()?,
            user_id: user.base.id,
            purpose,
            hash,
            expires_at: self.core.clock.now() + purpose.lifetime(),
        };
        let mut work = Work::begin(&self.core, context, ISSUE_TOKEN).await?;
        work.on(user.base.uuid);
        work.tx().mail_tokens().insert(&token).await?;
        work.commit().await?;
        Ok(text)
    }

    fn page(&self, path: &str) -> Result<url::Url> {
        let broken = |error| Error::Internal(ports::Error::with(ports::Kind::Internal, "mails.link", error));
        let base = self.core.settings.link_base.as_str().trim_end_matches('/');
        url::Url::parse(&format!("{base}/{path}")).map_err(broken)
    }

    async fn send(&self, user: &User, order: &MailOrder, template: &Template) -> Result<()> {
        let mail = Mail {
            id: order.event_id,
            to: user.email.clone(),
            subject: template.subject.to_owned(),
            text: template.text.clone(),
            html: template.html.clone(),
        };
        Ok(self.core.mailer.send(&mail).await?)
    }
}
