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

/// Whose account it is to be.
pub(crate) struct Newcomer {
    pub(crate) email: Email,
    pub(crate) display_name: Option<DisplayName>,
}

struct Parsed {
    newcomer: Newcomer,
    password: Password,
}

impl Auth {
    /// Registers an address, or tells its owner by mail that somebody tried to.
    pub async fn register(&self, context: &Context, registration: Registration) -> Result<()> {
        let parsed = self.parse(registration)?;
        // Hashed in every case, so that the time does not tell whether the address is known.
        let hash = self.core.hasher.hash(parsed.password.secret()).await?;
        let may = self.may_mail(REGISTER, &parsed.newcomer.email).await?;
        match self.write_registration(context, &parsed, &hash, may).await {
            // Somebody else registered the address between our look and our write: look again.
            Err(Error::Conflict) => self.write_registration(context, &parsed, &hash, may).await,
            other => other,
        }
    }

    async fn write_registration(
        &self,
        context: &Context,
        parsed: &Parsed,
        hash: &str,
        may_mail: bool,
    ) -> Result<()> {
        Work::run(&self.core, context, REGISTER, |mut work| async move {
            if !may_mail {
                // Nothing is replaced either: the newest mail must stay the one whose link works.
                return work.commit().await;
            }
            let newcomer = &parsed.newcomer;
            let event = match work.tx().users().by_email(&newcomer.email).await.optional()? {
                Some(user) if user.is_verified() => {
                    work.on(user.base.uuid);
                    DomainEvent::RegistrationRepeated { user: user.base.uuid }
                }
                unproven => {
                    let user = self.begin_account(&mut work, unproven, newcomer, hash).await?;
                    DomainEvent::UserRegistered { user: user.base.uuid }
                }
            };
            work.emit(&event).await?;
            work.commit().await
        })
        .await
    }

    /// An account with this password, which nobody has proven the address of: a new one, or in the place of what
    /// somebody else has begun under the address.
    pub(crate) async fn begin_account(
        &self,
        work: &mut Work<'_>,
        unproven: Option<User>,
        newcomer: &Newcomer,
        hash: &str,
    ) -> Result<User> {
        if let Some(user) = unproven {
            work.on(user.base.uuid);
            return self.replace(work, user, newcomer, hash).await;
        }
        let user = User::new(self.core.base()?, newcomer.email.clone(), newcomer.display_name.clone());
        work.on(user.base.uuid);
        write_new(&self.core, work, &user, Some(hash)).await?;
        Ok(user)
    }

    /// An address nobody has proven belongs to nobody: the newest registration counts.
    async fn replace(&self, work: &Work<'_>, user: User, newcomer: &Newcomer, hash: &str) -> Result<User> {
        let now = self.core.clock.now();
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
        renamed.display_name.clone_from(&newcomer.display_name);
        renamed.base.updated_at = now;
        tx.users().update(&renamed).await?;
        renamed.base.version += 1;
        Ok(renamed)
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
                Ok(Parsed { newcomer: Newcomer { email, display_name }, password })
            }
            _ => Err(Error::Invalid(errors)),
        }
    }
}
