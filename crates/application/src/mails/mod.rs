//! What is sent by mail, and why. An event causes a job; the job writes and sends the mail.

mod templates;

use domain::{DomainEvent, Email, EventEnvelope, MailPurpose, MailToken, User};
use ports::{Mail, ResultExt};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::auth::mail_token_text;
use crate::jobs::{JobKind, JobSpec};
use crate::keys::KeyRing;
use crate::tenants::{InvitationOrder, Tenants};
use crate::{Action, Context, Core, Error, Result, Work};
use templates::Template;

/// The kind of job that mails an invitation.
pub const INVITATION: &str = "invitation.mail";
const ISSUE_TOKEN: Action = Action { name: "mail-token.issue", resource: "user" };

/// The argument of mail jobs. The event's id makes a repeated try the same mail with the same link.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailOrder {
    /// To whom.
    pub user_id: Uuid,
    /// Because of what.
    pub event_id: Uuid,
    /// About which device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<Uuid>,
}

/// Use cases of mail.
#[derive(Clone)]
pub struct Mails {
    core: Core,
    keys: KeyRing,
    tenants: Tenants,
}

impl Mails {
    pub(crate) fn new(core: Core, keys: KeyRing, tenants: Tenants) -> Self {
        Self { core, keys, tenants }
    }

    /// Which event is followed by which mail job.
    pub fn caused_by() -> Vec<(&'static str, &'static str)> {
        let device = Uuid::nil();
        let (tenant, invitation) = (Uuid::nil(), Uuid::nil());
        let (user, session, passkey, key) = (Uuid::nil(), Uuid::nil(), Uuid::nil(), Uuid::nil());
        vec![
            (DomainEvent::UserRegistered { user }.kind(), "mail.verify-email"),
            (DomainEvent::UserCreated { user }.kind(), "mail.verify-email"),
            (DomainEvent::VerificationRequested { user }.kind(), "mail.verify-email"),
            (DomainEvent::RegistrationRepeated { user }.kind(), "mail.already-registered"),
            (DomainEvent::TokenReused { user, session }.kind(), "mail.token-reused"),
            (DomainEvent::DeviceSeen { user, device }.kind(), "mail.new-device"),
            (DomainEvent::UserDeleted { user }.kind(), "mail.account-deleted"),
            (DomainEvent::PasswordResetRequested { user }.kind(), "mail.reset-password"),
            (DomainEvent::PasswordChanged { user }.kind(), "mail.password-changed"),
            (DomainEvent::EmailChangeRequested { user }.kind(), "mail.change-email"),
            (DomainEvent::MfaEnabled { user }.kind(), "mail.mfa-enabled"),
            (DomainEvent::MfaDisabled { user }.kind(), "mail.mfa-disabled"),
            (DomainEvent::MemberInvited { tenant, invitation }.kind(), INVITATION),
            (DomainEvent::IdentityLinked { user }.kind(), "mail.identity-linked"),
            (DomainEvent::IdentityUnlinked { user }.kind(), "mail.identity-unlinked"),
            (DomainEvent::PasskeyAdded { user, passkey }.kind(), "mail.passkey-added"),
            (DomainEvent::PasskeyRemoved { user, passkey }.kind(), "mail.passkey-removed"),
            (DomainEvent::PasskeyCloned { user, passkey }.kind(), "mail.passkey-cloned"),
            (DomainEvent::ApiKeyCreated { user, key }.kind(), "mail.api-key-created"),
        ]
    }

    /// The job that an event causes.
    pub fn job_for(kind: &'static JobKind, event: &EventEnvelope) -> Option<JobSpec> {
        let about = if kind.name == INVITATION { "invitationId" } else { "userId" };
        let mut payload = json!({ about: event.data.get(about)?, "eventId": event.id });
        if let Some(device) = event.data.get("deviceId") {
            payload["deviceId"] = device.clone();
        }
        Some(JobSpec::now(kind, payload))
    }

    /// Writes and sends the mail of a job of this kind. Nothing to do when there is nobody (any more) to write to.
    ///
    /// # Errors
    /// `Unavailable` when the mail can't be handed over now; `Internal` for a kind that is no mail.
    pub async fn deliver(&self, kind: &str, context: &Context, order: &MailOrder) -> Result<()> {
        let users = self.core.store.users();
        if kind == "mail.account-deleted" {
            let Some(user) = users.deleted_by_uuid(order.user_id).await.optional()? else { return Ok(()) };
            let kept = self.core.settings.retention.deleted_users;
            return self.send(&user.email, order.event_id, &Template::account_deleted(&user, kept)?).await;
        }
        let Some(user) = users.by_uuid(order.user_id).await.optional()? else { return Ok(()) };
        match kind {
            "mail.verify-email" => self.verify_email(context, &user, order).await,
            "mail.reset-password" => self.reset_password(context, &user, order).await,
            "mail.change-email" => self.change_email(context, &user, order).await,
            "mail.already-registered" => {
                self.send(&user.email, order.event_id, &Template::already_registered(&user)?).await
            }
            "mail.token-reused" => {
                self.send(&user.email, order.event_id, &Template::token_reused(&user)?).await
            }
            "mail.new-device" => self.new_device(&user, order).await,
            "mail.password-changed" => {
                self.send(&user.email, order.event_id, &Template::password_changed(&user)?).await
            }
            "mail.mfa-enabled" => {
                self.send(&user.email, order.event_id, &Template::mfa_enabled(&user)?).await
            }
            "mail.mfa-disabled" => {
                self.send(&user.email, order.event_id, &Template::mfa_disabled(&user)?).await
            }
            "mail.identity-linked" => {
                self.send(&user.email, order.event_id, &Template::identity_linked(&user)?).await
            }
            "mail.identity-unlinked" => {
                self.send(&user.email, order.event_id, &Template::identity_unlinked(&user)?).await
            }
            "mail.passkey-added" => {
                self.send(&user.email, order.event_id, &Template::passkey_added(&user)?).await
            }
            "mail.passkey-removed" => {
                self.send(&user.email, order.event_id, &Template::passkey_removed(&user)?).await
            }
            "mail.passkey-cloned" => {
                self.send(&user.email, order.event_id, &Template::passkey_cloned(&user)?).await
            }
            "mail.api-key-created" => {
                self.send(&user.email, order.event_id, &Template::api_key_created(&user)?).await
            }
            _ => Err(Error::Internal(ports::Error::new(ports::Kind::Internal, "mails.deliver"))),
        }
    }

    /// Asks somebody whether they want to belong to a tenant, unless that was taken back or accepted meanwhile.
    ///
    /// # Errors
    /// As [`Mails::deliver`].
    pub async fn invite(&self, order: &InvitationOrder) -> Result<()> {
        let store = &self.core.store;
        let Some(invitation) = store.invitations().by_uuid(order.invitation_id).await.optional()? else {
            return Ok(());
        };
        let tenant = invitation.scope.tenant_uuid().unwrap_or_default();
        let Some(tenant) = store.tenants().by_uuid(tenant).await.optional()? else { return Ok(()) };
        let (token, _) = self.tenants.token_of(invitation.base.uuid)?;
        let mut link = self.page("accept-invitation")?;
        link.query_pairs_mut().append_pair("token", &token);
        self.send(&invitation.email, order.event_id, &Template::invitation(&tenant.name, &link)?).await
    }

    /// The link that proves an address, unless it is proven already.
    async fn verify_email(&self, context: &Context, user: &User, order: &MailOrder) -> Result<()> {
        if user.is_verified() {
            return Ok(());
        }
        let link = self.link(context, user, order, MailPurpose::VerifyEmail, "verify-email").await?;
        self.send(&user.email, order.event_id, &Template::verify_email(user, &link)?).await
    }

    /// Nothing to tell about a device that was forgotten meanwhile.
    async fn new_device(&self, user: &User, order: &MailOrder) -> Result<()> {
        let Some(device) = order.device_id else { return Ok(()) };
        let Some(device) = self.core.store.devices().by_uuid(device).await.optional()? else { return Ok(()) };
        self.send(&user.email, order.event_id, &Template::new_device(user, &device)?).await
    }

    /// The link to choose a password with.
    async fn reset_password(&self, context: &Context, user: &User, order: &MailOrder) -> Result<()> {
        let link = self.link(context, user, order, MailPurpose::ResetPassword, "reset-password").await?;
        self.send(&user.email, order.event_id, &Template::reset_password(user, &link)?).await
    }

    /// Tells the address that an account has, then sends the link to the one it shall have: nobody takes an account
    /// away from its owner unheard.
    async fn change_email(&self, context: &Context, user: &User, order: &MailOrder) -> Result<()> {
        let Some(wanted) = &user.pending_email else { return Ok(()) };
        let warning = Uuid::from_u128(order.event_id.as_u128() ^ 1);
        self.send(&user.email, warning, &Template::email_is_changing(user)?).await?;
        let link = self.link(context, user, order, MailPurpose::ChangeEmail, "verify-email").await?;
        self.send(wanted, order.event_id, &Template::change_email(user, &link)?).await
    }

    /// A page of ours with a token for it.
    async fn link(
        &self,
        context: &Context,
        user: &User,
        order: &MailOrder,
        purpose: MailPurpose,
        page: &str,
    ) -> Result<url::Url> {
        let token = self.issue_token(context, user, order, purpose).await?;
        let mut link = self.page(page)?;
        link.query_pairs_mut().append_pair("token", &token);
        Ok(link)
    }

    /// The token is derived from the event, so it needs to be stored nowhere but as a hash, and a second try to
    /// send the mail does not make the first one's link worthless.
    async fn issue_token(
        &self,
        context: &Context,
        user: &User,
        order: &MailOrder,
        purpose: MailPurpose,
    ) -> Result<String> {
        let parts = [b"mail-token".as_slice(), purpose.as_str().as_bytes(), order.event_id.as_bytes()];
        let (text, hash) = mail_token_text(&self.core, self.keys.derive(&parts)?);
        let token = &MailToken {
            id: self.core.ids.snowflake()?,
            user_id: user.base.id,
            purpose,
            hash,
            expires_at: self.core.clock.now() + purpose.lifetime(),
        };
        Work::run(&self.core, context, ISSUE_TOKEN, |mut work| async move {
            work.on(user.base.uuid);
            work.tx().mail_tokens().insert(token).await?;
            work.commit().await
        })
        .await?;
        Ok(text)
    }

    fn page(&self, path: &str) -> Result<url::Url> {
        let broken = |error| Error::Internal(ports::Error::with(ports::Kind::Internal, "mails.link", error));
        let base = self.core.settings.link_base.as_str().trim_end_matches('/');
        url::Url::parse(&format!("{base}/{path}")).map_err(broken)
    }

    /// The id makes a repeated try the same mail.
    async fn send(&self, to: &Email, id: Uuid, template: &Template) -> Result<()> {
        let mail = Mail {
            id,
            to: to.clone(),
            subject: template.subject.to_owned(),
            text: template.text.clone(),
            html: template.html.clone(),
        };
        Ok(self.core.mailer.send(&mail).await?)
    }
}
