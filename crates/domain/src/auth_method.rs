//! How a person proved who they are, as access tokens tell it.

use std::fmt;

use thiserror::Error;

/// One way of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthMethod {
    /// A password.
    Password,
    /// A one-time code of an authenticator app.
    Otp,
    /// A recovery code, which stands in for a lost second factor.
    RecoveryCode,
    /// A passkey that is bound to one device, unlocked by its owner.
    Passkey,
    /// A passkey that its owner's devices share, unlocked by its owner.
    SyncedPasskey,
    /// Another provider's word (`OpenID` Connect).
    Federated,
}

impl AuthMethod {
    const ALL: [Self; 6] =
        [Self::Password, Self::Otp, Self::RecoveryCode, Self::Passkey, Self::SyncedPasskey, Self::Federated];

    /// The value of `amr` (RFC 8176, section 2), where it has one; also the stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Otp => "otp",
            Self::RecoveryCode => "rec",
            Self::Passkey => "hwk",
            Self::SyncedPasskey => "swk",
            Self::Federated => "fed",
        }
    }
}

/// All proofs of one authentication, in the order in which they were given; never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthMethods(Vec<AuthMethod>);

/// Why a stored text names no methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("names no way of authentication")]
pub struct AuthMethodsError;

impl AuthMethods {
    /// A single proof.
    pub fn of(method: AuthMethod) -> Self {
        Self(vec![method])
    }

    /// One more; the same again changes nothing.
    #[must_use]
    pub fn and(mut self, method: AuthMethod) -> Self {
        if !self.0.contains(&method) {
            self.0.push(method);
        }
        self
    }

    /// Whether more than one factor was proven. An unlocked passkey is two by itself: something one has, opened by
    /// something one knows or is.
    pub fn is_multi_factor(&self) -> bool {
        self.0.len() > 1 || self.has_passkey()
    }

    fn has_passkey(&self) -> bool {
        self.0.iter().any(|method| matches!(method, AuthMethod::Passkey | AuthMethod::SyncedPasskey))
    }

    /// The claim `amr`: after the methods `user`, when somebody unlocked a passkey, and `mfa`, when more than one
    /// factor was proven.
    pub fn claim(&self) -> Vec<String> {
        let user = self.has_passkey().then_some("user");
        let mfa = self.is_multi_factor().then_some("mfa");
        self.0.iter().map(|method| method.as_str()).chain(user).chain(mfa).map(str::to_owned).collect()
    }

    /// Reads the stored form: names with a space between.
    ///
    /// # Errors
    /// [`AuthMethodsError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, AuthMethodsError> {
        let named = |name: &str| AuthMethod::ALL.into_iter().find(|method| method.as_str() == name);
        let methods: Option<Vec<_>> = text.split(' ').map(named).collect();
        methods.map(Self).ok_or(AuthMethodsError)
    }
}

impl fmt::Display for AuthMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, method) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(method.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_reads_back() {
        for text in ["pwd", "pwd otp", "pwd rec", "hwk", "pwd swk", "fed otp"] {
            assert_eq!(AuthMethods::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "pwd ", "mfa", "pwd,otp", "PWD"] {
            assert_eq!(AuthMethods::parse(text), Err(AuthMethodsError), "{text:?}");
        }
    }

    #[test]
    fn two_factors_or_a_passkey_are_several() {
        let password = AuthMethods::of(AuthMethod::Password);
        assert_eq!(password.claim(), ["pwd"]);
        assert_eq!(password.clone().and(AuthMethod::Password), password);
        assert_eq!(password.and(AuthMethod::Otp).claim(), ["pwd", "otp", "mfa"]);
        assert_eq!(AuthMethods::of(AuthMethod::Passkey).claim(), ["hwk", "user", "mfa"]);
        assert_eq!(AuthMethods::of(AuthMethod::SyncedPasskey).claim(), ["swk", "user", "mfa"]);
    }
}
