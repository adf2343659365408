//! The user's own account.

use domain::User;

use crate::auth::Principal;
use crate::{Core, Result};

/// Use cases on users.
#[derive(Clone)]
pub struct Users {
    core: Core,
}

impl Users {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// The caller's own account.
    pub async fn me(&self, caller: &Principal) -> Result<User> {
        Ok(self.core.store.users().by_uuid(caller.user).await?)
    }
}
