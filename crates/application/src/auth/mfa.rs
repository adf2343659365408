//! An authenticator app for an account: begun, confirmed, taken away.

use domain::{DomainEvent, RECOVERY_CODES, TotpEnrollment, TotpSecret, read_recovery_code, recovery_code};
use ports::{Kind, ResultExt};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Auth, Principal};
use crate::{Action, Context, Error, Result, Work};

const ENROLL: Action = Action { name: "mfa.enroll", resource: "user" };
const CONFIRM: Action = Action { name: "mfa.enable", resource: "user" };
const DISABLE: Action = Action { name: "mfa.disable", resource: "user" };

/// What an authenticator app has to be told, once.
pub struct Enrolled {
    /// In base 32, to be typed.
    pub secret: SecretString,
    /// `otpauth://…`, to be scanned.
    pub uri: SecretString,
}

impl Auth {
    /// Begins with an authenticator app, in the place of one that was never confirmed. Nothing is asked for yet.
    ///
    /// # Errors
    /// `Conflict` when the account has a confirmed one.
    pub async fn enroll_totp(&self, context: &Context, caller: &Principal) -> Result<Enrolled> {
        let user = self.core.store.users().by_id(caller.user_id).await?;
        let mut bytes = [0; TotpSecret::BYTES];
        self.core.random.fill(&mut bytes)?;
        let enrollment = &TotpEnrollment {
            id: self.core.ids.snowflake()?,
            uuid: self.core.ids.uuid()?,
            user_id: caller.user_id,
            secret: TotpSecret::of(bytes),
            created_at: self.core.clock.now(),
            confirmed_at: None,
            last_step: 0,
        };
        Work::run(&self.core, context, ENROLL, |mut work| async move {
            work.on(caller.user);
            work.tx().mfa().enroll(enrollment).await?;
            work.commit().await
        })
        .await?;
        let issuer = self.core.settings.link_base.host_str().unwrap_or("mainstay");
        let unwritten = || Error::Internal(ports::Error::new(Kind::Internal, "mfa.uri"));
        let uri = enrollment.secret.uri(issuer, &user.email).ok_or_else(unwritten)?;
        Ok(Enrolled { secret: enrollment.secret.base32(), uri })
    }

    /// The first code proves that the app has the secret: from now on logins ask for one. Gives the codes for the loss
    /// of the app, which are shown this once.
    ///
    /// # Errors
    /// `Invalid` for a wrong code; `Conflict` when there is nothing to confirm.
    pub async fn confirm_totp(
        &self,
        context: &Context,
        caller: &Principal,
        code: &str,
    ) -> Result<Vec<SecretString>> {
        let now = self.core.clock.now();
        let enrollment = self.core.store.mfa().totp_of(caller.user_id).await.optional()?;
        let enrollment = enrollment.filter(|found| found.confirmed_at.is_none()).ok_or(Error::Conflict)?;
        let wrong = || Error::field("code", "code", "is not the code of this moment");
        let step = enrollment.secret.step_of(code, now).ok_or_else(wrong)?;
        let codes = self.new_codes()?;
        let hashes = &self.hashes_of(caller.user, &codes)?;
        Work::run(&self.core, context, CONFIRM, |mut work| async move {
            work.on(caller.user);
            let mfa = work.tx().mfa();
            mfa.confirm(caller.user_id, step, now).await?;
            mfa.replace_recovery_codes(caller.user_id, hashes).await?;
            work.emit(&DomainEvent::MfaEnabled { user: caller.user }).await?;
            work.commit().await
        })
        .await?;
        Ok(codes.into_iter().map(SecretString::from).collect())
    }

    /// Takes the app and its recovery codes away; the password has to be given again.
    ///
    /// # Errors
    /// `Unauthenticated` (`invalid_credentials`) and `Locked` as at a login; `NotFound` when there is none.
    pub async fn disable_totp(
        &self,
        context: &Context,
        caller: &Principal,
        password: &SecretString,
    ) -> Result<()> {
        let (_, counter) = &self.prove_own(context, DISABLE, caller, password).await?;
        Work::run(&self.core, context, DISABLE, |mut work| async move {
            work.on(caller.user);
            if !work.tx().mfa().remove(caller.user_id).await? {
                return Err(Error::NotFound);
            }
            self.clear_failures(&work, counter).await?;
            work.emit(&DomainEvent::MfaDisabled { user: caller.user }).await?;
            work.commit().await
        })
        .await
    }

    /// Under a key of ours, because fifty bits alone could be tried out by whoever has the table.
    pub(super) fn recovery_hash(&self, user: Uuid, code: &str) -> Result<Vec<u8>> {
        let parts = [b"recovery-code".as_slice(), user.as_bytes(), code.as_bytes()];
        Ok(self.keys.derive(&parts)?.to_vec())
    }

    fn new_codes(&self) -> Result<Vec<String>> {
        let code = |_| {
            let mut random = [0; 10];
            self.core.random.fill(&mut random)?;
            Ok(recovery_code(random))
        };
        (0..RECOVERY_CODES).map(code).collect()
    }

    fn hashes_of(&self, user: Uuid, codes: &[String]) -> Result<Vec<(i64, Vec<u8>)>> {
        let hash = |code: &String| {
            let read = read_recovery_code(code).unwrap_or_default();
            Ok((self.core.ids.snowflake()?, self.recovery_hash(user, &read)?))
        };
        codes.iter().map(hash).collect()
    }
}
