//! Registration. The answer is the same whether or not the address is known; only a mail tells.

use domain::{Credential, DisplayName, DomainEvent, Email, MailPurpose, Password, User};
use secrecy::SecretString;

use super::Auth;
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
        let (newcomer, hash) = (&parsed.newcomer, &*hash);
        Work::run(&self.core, context, REGISTER, |mut work| async move {
            if !may {
                // Nothing is replaced either: the newest mail must stay the one whose link works.
                return work.commit().await;
            }
            let user = self.begin_account(&mut work, newcomer, hash).await?;
            let (proven, user) = (user.is_verified(), user.base.uuid);
            let repeated = DomainEvent::RegistrationRepeated { user };
            work.emit(&if proven { repeated } else { DomainEvent::UserRegistered { user } }).await?;
            work.commit().await
        })
        .await
    }

    /// The account with this address. One that is new, or that nobody has proven the address of, has this name and this
    /// password then: such an address belongs to nobody, and the newest registration counts. A proven one stays as it
    /// is. Which of the three it was, the statements do not show.
    pub(crate) async fn begin_account(
        &self,
        work: &mut Work<'_>,
        newcomer: &Newcomer,
        hash: &str,
    ) -> Result<User> {
        let tx = work.tx();
        let new = User::new(self.core.base()?, newcomer.email.clone(), newcomer.display_name.clone());
        let user = tx.users().claim(&new).await?;
        let (base, password_hash) = (self.core.base()?, hash.to_owned());
        tx.credentials().propose(&Credential { base, user_id: user.base.id, password_hash }).await?;
        tx.mail_tokens().clear(user.base.id, MailPurpose::VerifyEmail).await?;
        work.on(user.base.uuid);
        Ok(user)
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
