//! Registration. The answer is the same whether or not the address is known; only a mail tells.

use domain::{Credential, DisplayName, DomainEvent, Email, MailPurpose, Password, User};
use ports::ResultExt;
use secrecy::SecretString;

use super::Auth;
use crate::users::write_new;
use crate::{Action, Context, Error, FieldError, Result, Work};

const REGISTER: Action = Action { name: "user.register", resource: "user" };

/// What a newcomer gives.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Address, as typed.
    pub email: String,
    /// Password, as typed.
    pub password: SecretString,
    /// How to be called.
    pub display_name: Option<String>,
}

struct Parsed {
    email: Email,
    password: Password,
    display_name: Option<DisplayName>,
}

impl Auth {
    /// Registers an address, or tells its owner by mail that somebody tried to.
    pub async fn register(&self, context: &Context, registration: Registration) -> Result<()> {
        let parsed = self.parse(registration)?;
        // Hashed in every case, so that the time does not tell whether the address is known.
        let hash = self.core.hasher.hash(parsed.password.secret()).await?;
        match self.write_registration(context, &parsed, &hash).await {
            // Somebody else registered the address between our look and our write: look again.
            Err(Error::Conflict) => self.write_registration(context, &parsed, &hash).await,
            other => other,
        }
    }

    async fn write_registration(&self, context: &Context, parsed: &Parsed, hash: &str) -> Result<()> {
        Work::run(&self.core, context, REGISTER, |mut work| async move {
            let event = match work.tx().users().by_email(&parsed.email).await.optional()? {
                None => self.create(&mut work, parsed, hash).await?,
                Some(user) if user.is_verified() => {
                    work.on(user.base.uuid);
                    DomainEvent::RegistrationRepeated { user: user.base.uuid }
                }
                Some(user) => self.replace(&mut work, user, parsed, hash).await?,
            };
            work.emit(&event).await?;
            work.commit().await
        })
        .await
    }

    async fn create(&self, work: &mut Work<'_>, parsed: &Parsed, hash: &str) -> Result<DomainEvent> {
        let user = User::new(self.core.base()?, parsed.email.clone(), parsed.display_name.clone());
        work.on(user.base.uuid);
        write_new(&self.core, work, &user, Some(hash)).await?;
        Ok(DomainEvent::UserRegistered { user: user.base.uuid })
    }

    /// An address nobody has proven belongs to nobody: the newest registration counts.
    async fn replace(
        &self,
        work: &mut Work<'_>,
        user: User,
        parsed: &Parsed,
        hash: &str,
    ) -> Result<DomainEvent> {
        let now = self.core.clock.now();
        work.on(user.base.uuid);
        let tx = work.tx();
        let replaced = tx.credentials().replace_hash(user.base.id, hash, now).await.optional()?;
        if replaced.is_none() {
            // An administrator made the account, and nobody has chosen a password yet.
            let base = self.core.base()?;
            let password_hash = hash.to_owned();
            tx.credentials().insert(&Credential { base, user_id: user.base.id, password_hash }).await?;
        }
        tx.mail_tokens().clear(user.base.id, MailPurpose::VerifyEmail).await?;
        let mut renamed = user;
        renamed.display_name.clone_from(&parsed.display_name);
        renamed.base.updated_at = now;
        tx.users().update(&renamed).await?;
        Ok(DomainEvent::UserRegistered { user: renamed.base.uuid })
    }

    /// Reports all unacceptable fields at once.
    fn parse(&self, registration: Registration) -> Result<Parsed> {
        let mut errors = Vec::new();
        let email = Email::parse(&registration.email)
            .inspect_err(|error| errors.push(FieldError::new("email", "email", error)))
            .ok();
        let display_name = registration.display_name.as_deref().and_then(|text| {
            DisplayName::parse(text)
                .inspect_err(|error| errors.push(FieldError::new("displayName", "length", error)))
                .ok()
        });
        let password = email.as_ref().and_then(|email| {
            let policy = self.core.settings.password_policy;
            let name = display_name.as_ref().map(DisplayName::as_str);
            Password::parse(&registration.password, policy, email, name)
                .inspect_err(|error| errors.push(FieldError::new("password", "password", error)))
                .ok()
        });
        match (email, password) {
            (Some(email), Some(password)) if errors.is_empty() => {
                Ok(Parsed { email, password, display_name })
            }
            _ => Err(Error::Invalid(errors)),
        }
    }
}
