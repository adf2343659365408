//! All accounts, as a list.

use domain::User;
use ports::{SortKey, USER_ORDERS, UserFilter};

use super::Users;
use crate::lists::List;
use crate::{Ask, Listed, Result};

const LIST: List = List { name: "users", orders: USER_ORDERS, default: &[SortKey::desc("createdAt")] };

impl Users {
    /// Accounts, from new to old unless asked otherwise.
    pub async fn list(&self, filter: &UserFilter, ask: &Ask) -> Result<Listed<User>> {
        let reading = self.lists.begin(&LIST, ask)?;
        let users = self.core.store.relaxed().users();
        let found = users.list(filter, reading.page()).await?;
        let total = reading.total(async || users.count(filter).await).await?;
        reading.finish(found, total)
    }
}
