//! An installation whose database has nothing in it yet: where a backup is restored to.

use super::databases::TestDatabase;
use super::{Installation, Profile, contents};

/// Nothing, and what it takes to make something of it.
pub(crate) struct Empty {
    pub(crate) installation: Installation,
    /// Dropped with it.
    _database: TestDatabase,
}

impl Empty {
    /// `None` when the profile's server does not answer, after having said so.
    pub(crate) async fn of(profile: Profile) -> Option<Self> {
        let database = TestDatabase::empty(profile).await?;
        let url = database.url();
        Some(Self { installation: Installation::on(profile, url.as_deref()), _database: database })
    }

    /// Whether there is still nothing. A database file that is not there must not come into being by looking.
    pub(crate) async fn is_untouched(&self) -> bool {
        let url = self.installation.database_url();
        match url.strip_prefix("sqlite://") {
            Some(path) => !std::path::Path::new(path).exists(),
            None => contents(&url).await.is_empty(),
        }
    }
}
