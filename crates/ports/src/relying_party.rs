//! The relying party's side of WebAuthn (Level 3, section 7): what browsers are asked, and what their answers prove.
//!
//! What travels is the JSON that browsers give and take by themselves (sections 5.1.8 to 5.1.11). Challenges are made,
//! kept and used up by the caller; users are asked to unlock the authenticator, always.

use domain::Passkey;
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::Result;

/// Who registers a passkey, as the authenticator will show it.
#[derive(Debug, Clone, Copy)]
pub struct PasskeyOwner<'a> {
    /// The user handle (section 5.4.3); comes back with every login.
    pub handle: Uuid,
    /// What tells accounts apart: the address.
    pub name: &'a str,
    /// What the person is called.
    pub display_name: &'a str,
}

/// What an answer says it is about. Nothing of it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The bytes that it says were to be signed.
    pub challenge: Vec<u8>,
    /// The credential that it says has signed.
    pub credential_id: Vec<u8>,
}

/// A new credential whose registration has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// What the authenticator calls it.
    pub credential_id: Vec<u8>,
    /// `COSE_Key`.
    pub public_key: Vec<u8>,
    /// COSE algorithm.
    pub algorithm: i32,
    /// Signatures so far.
    pub counter: u32,
    /// How browsers reach the authenticator; those that the standard names.
    pub transports: Vec<String>,
    /// Whether it may be synchronised between devices.
    pub backup_eligible: bool,
    /// Whether it is.
    pub backed_up: bool,
}

/// A signature that has been checked. What its counter means is the caller's to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    /// Signatures so far; not checked.
    pub counter: u32,
    /// Whether the passkey is synchronised now.
    pub backed_up: bool,
    /// The user handle that the authenticator keeps with the key, where it told it.
    pub handle: Option<Vec<u8>>,
}

/// Why an answer proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasskeyRefusal {
    /// It is not what a browser gives.
    #[error("is not what a browser gives")]
    Malformed,
    /// It answers another call: a login in the place of a registration, or the other way round.
    #[error("answers another call")]
    Type,
    /// It is about another challenge.
    #[error("is about another challenge")]
    Challenge,
    /// It was given to a page that is not ours, or is embedded in one.
    #[error("was given to another origin")]
    Origin,
    /// The key is for another relying party.
    #[error("is for another relying party")]
    RelyingParty,
    /// It is the answer of another credential.
    #[error("is of another credential")]
    Credential,
    /// Nobody touched the authenticator, or nobody unlocked it.
    #[error("nobody unlocked the authenticator")]
    NotUnlocked,
    /// What it says about backups contradicts itself, or what was said before.
    #[error("contradicts itself about backups")]
    Backup,
    /// The key, or the way it was attested, is of a kind that was not asked for.
    #[error("is of a kind that was not asked for")]
    Unsupported,
    /// The signature is not of this key, or not over this.
    #[error("is not signed by this key")]
    Signature,
}

impl PasskeyRefusal {
    /// Stable; stands as the reason in the audit trail.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "passkey_malformed",
            Self::Type => "passkey_type",
            Self::Challenge => "passkey_challenge",
            Self::Origin => "passkey_origin",
            Self::RelyingParty => "passkey_relying_party",
            Self::Credential => "passkey_credential",
            Self::NotUnlocked => "passkey_not_unlocked",
            Self::Backup => "passkey_backup",
            Self::Unsupported => "passkey_unsupported",
            Self::Signature => "passkey_signature",
        }
    }
}

/// Asks browsers for passkeys and checks their answers.
pub trait RelyingParty: Send + Sync {
    /// What `navigator.credentials.create` is called with (`PublicKeyCredentialCreationOptionsJSON`): a discoverable
    /// credential, unlocked by its owner, without attestation, not on an authenticator that holds one of `existing`.
    ///
    /// # Errors
    /// `Internal`.
    fn creation_options(
        &self,
        challenge: &[u8],
        owner: PasskeyOwner<'_>,
        existing: &[Passkey],
    ) -> Result<Value>;
    /// What `navigator.credentials.get` is called with (`PublicKeyCredentialRequestOptionsJSON`): one of `allowed`, or
    /// any that its owner chooses when that is empty; unlocked by its owner.
    ///
    /// # Errors
    /// `Internal`.
    fn request_options(&self, challenge: &[u8], allowed: &[Passkey]) -> Result<Value>;
    /// What an answer to either call says it is about, to find what to check it against.
    ///
    /// # Errors
    /// `Malformed`.
    fn claimed(&self, credential: &Value) -> std::result::Result<Claimed, PasskeyRefusal>;
    /// Checks a registration (`RegistrationResponseJSON`) against its challenge (section 7.1). Attestation was not asked
    /// for, and makes nothing trusted.
    ///
    /// # Errors
    /// Every other case of [`PasskeyRefusal`].
    fn attested(&self, challenge: &[u8], credential: &Value)
    -> std::result::Result<Attested, PasskeyRefusal>;
    /// Checks an authentication (`AuthenticationResponseJSON`) against its challenge and a passkey (section 7.2), all but
    /// the counter: that is a signal only once the signature is known to be good.
    ///
    /// # Errors
    /// Every other case of [`PasskeyRefusal`].
    fn asserted(
        &self,
        challenge: &[u8],
        credential: &Value,
        passkey: &Passkey,
    ) -> std::result::Result<Asserted, PasskeyRefusal>;
}
