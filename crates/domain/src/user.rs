//! A person who can sign in. Users are global; what they may do in a tenant is a membership.

use crate::{Base, DisplayName, Email, Locale, Phone, TimeZone, Timestamp};

/// A user account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Id, times, version.
    pub base: Base,
    /// Unique among live users.
    pub email: Email,
    /// What it shall be instead, once that is proven.
    pub pending_email: Option<Email>,
    /// How the person wants to be called.
    pub display_name: Option<DisplayName>,
    /// Where the person can be called; encrypted wherever it is kept.
    pub phone: Option<Phone>,
    /// In which language, and how dates and numbers are written, if the person has said so.
    pub locale: Option<Locale>,
    /// Where the person's clock is, if the person has said so.
    pub time_zone: Option<TimeZone>,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// When the address was proven; nobody logs in before.
    pub email_verified_at: Option<Timestamp>,
    /// Grows whenever something that authentication depends on changes: a session ends, a role is taken
    /// away. Replicas compare it to know whether what they remember of the user still holds.
    pub auth_revision: i64,
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    /// In use.
    Active,
    /// Closed by an administrator until reopened.
    Locked,
}

impl UserStatus {
    /// The stored and shown form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Locked => "locked",
        }
    }

    /// Reads the stored form; anything unknown counts as locked, the safe side.
    pub fn from_stored(text: &str) -> Self {
        if text == "active" { Self::Active } else { Self::Locked }
    }
}

impl User {
    /// A new account whose address is not proven yet.
    pub fn new(base: Base, email: Email, display_name: Option<DisplayName>) -> Self {
        let status = UserStatus::Active;
        Self {
            base,
            email,
            pending_email: None,
            display_name,
            phone: None,
            locale: None,
            time_zone: None,
            status,
            email_verified_at: None,
            auth_revision: 1,
        }
    }

    /// True once the address has been proven.
    pub fn is_verified(&self) -> bool {
        self.email_verified_at.is_some()
    }
}
