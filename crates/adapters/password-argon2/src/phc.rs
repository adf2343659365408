//! PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>`, with `keyid=<pepper>` among the parameters where there is
//! one.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Params, Version};
use ports::{Error, Kind, Result};

use crate::pepper::Pepper;
use crate::pool::{MOST_MEMORY, Recipe};

/// A stored hash, read. Any Argon2 variant and version is understood, so that old ones can be replaced.
pub(crate) struct Stored {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    /// Compares in constant time.
    pub(crate) tag: Output,
}

impl Stored {
    /// The text is not part of the error: it would end up in logs.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let hash = PasswordHash::new(text).map_err(unread)?;
        let (Some(salt), Some(tag)) = (hash.salt, hash.hash) else {
            return Err(unread("salt or hash is missing"));
        };
        let params = Params::try_from(&hash).map_err(unread)?;
        if params.m_cost() > MOST_MEMORY {
            return Err(unread("it asks for too much memory"));
        }
        Ok(Self {
            algorithm: Algorithm::try_from(hash.algorithm.as_str()).map_err(unread)?,
            // A string without a version stems from before there were several.
            version: hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(unread)?,
            params,
            salt,
            tag,
        })
    }

    /// `None` when it was made with a pepper that is not among these.
    pub(crate) fn recipe(&self, peppers: &[Arc<Pepper>]) -> Option<Recipe> {
        let name = self.params.keyid();
        let pepper = match name {
            [] => None,
            name => Some(Arc::clone(peppers.iter().find(|pepper| pepper.is_named(name))?)),
        };
        let (algorithm, version) = (self.algorithm, self.version);
        Some(Recipe { algorithm, version, params: self.params.clone(), salt: self.salt.to_vec(), pepper })
    }

    /// Whether the hash should be made anew, now that the password is known.
    pub(crate) fn is_weaker_than(&self, today: &Params) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.keyid() != today.keyid()
            || self.params.m_cost() < today.m_cost()
            || self.params.t_cost() < today.t_cost()
            || self.params.p_cost() < today.p_cost()
            || self.params.output_len() < today.output_len()
    }
}

/// The text to store for an Argon2id hash.
pub(crate) fn format(params: &Params, salt: &[u8], tag: &Output) -> Result<String> {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(unread)?,
        salt: Some(Salt::new(salt).map_err(unread)?),
        hash: Some(*tag),
    };
    Ok(hash.to_string())
}

fn unread(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::with(Kind::Internal, "read a password hash", error)
}
