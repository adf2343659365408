//! What browsers answer.

use passki::{AuthenticationCredential, Passki, PasskiError};
use ports::PasskeyRefusal;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A credential as the library reads it.
pub(crate) fn parsed<T: DeserializeOwned>(credential: &Value) -> Result<T, PasskeyRefusal> {
    if credential["type"] != "public-key" {
        return Err(PasskeyRefusal::Malformed);
    }
    T::deserialize(credential).map_err(|_| PasskeyRefusal::Malformed)
}

/// What an authenticator says about copies of the key, in the flags of its data (section 6.1).
pub(crate) struct Backup {
    /// There may be some; never changes.
    pub(crate) eligible: bool,
    /// There are.
    pub(crate) done: bool,
}

impl Backup {
    const FLAGS: usize = 32;
    const ELIGIBLE: u8 = 1 << 3;
    const DONE: u8 = 1 << 4;

    pub(crate) fn of(credential: &AuthenticationCredential) -> Result<Self, PasskeyRefusal> {
        let data = Passki::base64_decode(&credential.response.authenticator_data);
        let data = data.map_err(|_| PasskeyRefusal::Malformed)?;
        let flags = data.get(Self::FLAGS).ok_or(PasskeyRefusal::Malformed)?;
        Ok(Self { eligible: flags & Self::ELIGIBLE != 0, done: flags & Self::DONE != 0 })
    }
}

/// What the library refused, in the words of the port.
pub(crate) fn refusal(error: &PasskiError) -> PasskeyRefusal {
    match error {
        PasskiError::ClientDataTypeMismatch { .. } | PasskiError::InvalidClientDataType(_) => {
            PasskeyRefusal::Type
        }
        PasskiError::ChallengeMismatch => PasskeyRefusal::Challenge,
        PasskiError::OriginMismatch { .. }
        | PasskiError::CrossOriginNotAllowed
        | PasskiError::TopOriginMismatch { .. } => PasskeyRefusal::Origin,
        PasskiError::RpIdHashMismatch => PasskeyRefusal::RelyingParty,
        PasskiError::CredentialNotAllowed | PasskiError::CredentialIdMismatch => PasskeyRefusal::Credential,
        PasskiError::UserNotPresent | PasskiError::UserVerificationRequired => PasskeyRefusal::NotUnlocked,
        PasskiError::InvalidBackupFlags => PasskeyRefusal::Backup,
        PasskiError::UnsupportedAlgorithm(_)
        | PasskiError::UnsupportedAttestationFormat(_)
        | PasskiError::InvalidCoseKey(_) => PasskeyRefusal::Unsupported,
        PasskiError::SignatureVerificationFailed => PasskeyRefusal::Signature,
        _ => PasskeyRefusal::Malformed,
    }
}
