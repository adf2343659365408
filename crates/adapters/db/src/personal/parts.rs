//! What is shown to a person of each table that says something about them: the one place where a table is registered.
//!
//! A test compares the list with the schema. A new table with a `user_id`, and a new column of such a table, is either
//! shown here or named as [`withheld`](Part::withheld).

use crate::sealed::PHONE;
use ports::SealedColumn;

/// How a value is read.
#[derive(Clone, Copy)]
pub(crate) enum As {
    Text,
    Id,
    Time,
    Number,
    Flag,
    /// Encrypted; the row's public id stands in the column before it.
    Sealed(SealedColumn),
}

/// Rows of one table.
#[allow(dead_code, reason = "a test compares the table and what is withheld with the schema")]
pub(crate) struct Part {
    /// Its name in the export.
    pub(crate) name: &'static str,
    /// The table that is covered.
    pub(crate) table: &'static str,
    /// Its rows of the user `$1`, from old to new.
    pub(crate) sql: &'static str,
    /// The columns of that, in order, as they are called.
    pub(crate) shows: &'static [(&'static str, As)],
    /// Columns that are not shown: secrets and hashes of them, and what only we can read anything out of.
    pub(crate) withheld: &'static [&'static str],
}

pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "account",
        table: "users",
        sql: "SELECT uuid, phone_sealed, email, pending_email, display_name, locale, time_zone, status, \
              email_verified_at, created_at, updated_at, deleted_at FROM users WHERE id = $1",
        shows: &[
            ("id", As::Id),
            ("phone", As::Sealed(PHONE)),
            ("email", As::Text),
            ("pendingEmail", As::Text),
            ("displayName", As::Text),
            ("locale", As::Text),
            ("timeZone", As::Text),
            ("status", As::Text),
            ("emailVerifiedAt", As::Time),
            ("createdAt", As::Time),
            ("updatedAt", As::Time),
            ("deletedAt", As::Time),
        ],
        withheld: &["version", "auth_revision", "email_key", "name_key", "phone_index", "live"],
    },
    Part {
        name: "password",
        table: "credentials",
        sql: "SELECT created_at, updated_at FROM credentials WHERE user_id = $1 ORDER BY id",
        shows: &[("chosenAt", As::Time), ("changedAt", As::Time)],
        withheld: &["uuid", "password_hash", "deleted_at", "version", "live"],
    },
    Part {
        name: "formerPasswords",
        table: "former_passwords",
        sql: "SELECT replaced_at FROM former_passwords WHERE user_id = $1 ORDER BY id",
        shows: &[("replacedAt", As::Time)],
        withheld: &["password_hash"],
    },
    Part {
        name: "authenticatorApps",
        table: "totp_enrollments",
        sql: "SELECT uuid, created_at, confirmed_at FROM totp_enrollments WHERE user_id = $1 ORDER BY id",
        shows: &[("id", As::Id), ("createdAt", As::Time), ("confirmedAt", As::Time)],
        withheld: &["secret_sealed", "last_step"],
    },
    Part {
        name: "recoveryCodes",
        table: "recovery_codes",
        sql: "SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1",
        shows: &[("left", As::Number)],
        withheld: &["hash"],
    },
    Part {
        name: "logins",
        table: "mfa_challenges",
        sql: "SELECT tenant, methods, expires_at FROM mfa_challenges WHERE user_id = $1 ORDER BY id",
        shows: &[("tenant", As::Id), ("methods", As::Text), ("expiresAt", As::Time)],
        withheld: &["hash", "tries"],
    },
    Part {
        name: "sessions",
        table: "sessions",
        sql: "SELECT s.uuid, t.uuid AS tenant_id, s.ip, s.user_agent, s.methods, s.created_at, s.authenticated_at, \
              s.last_used_at, s.expires_at, s.revoked_at FROM sessions s LEFT JOIN tenants t ON t.id = s.tenant_id \
              WHERE s.user_id = $1 ORDER BY s.id",
        shows: &[
            ("id", As::Id),
            ("tenant", As::Id),
            ("ip", As::Text),
            ("userAgent", As::Text),
            ("methods", As::Text),
            ("createdAt", As::Time),
            ("authenticatedAt", As::Time),
            ("lastUsedAt", As::Time),
            ("expiresAt", As::Time),
            ("revokedAt", As::Time),
        ],
        withheld: &["updated_at", "deleted_at", "version"],
    },
    Part {
        name: "devices",
        table: "devices",
        sql: "SELECT uuid, network, agent, created_at, last_seen_at FROM devices WHERE user_id = $1 ORDER BY id",
        shows: &[
            ("id", As::Id),
            ("network", As::Text),
            ("agent", As::Text),
            ("createdAt", As::Time),
            ("lastSeenAt", As::Time),
        ],
        withheld: &[],
    },
    Part {
        name: "mailedLinks",
        table: "mail_tokens",
        sql: "SELECT purpose, expires_at FROM mail_tokens WHERE user_id = $1 ORDER BY id",
        shows: &[("purpose", As::Text), ("expiresAt", As::Time)],
        withheld: &["hash"],
    },
    Part {
        name: "memberships",
        table: "memberships",
        sql: "SELECT m.uuid, t.uuid AS tenant_id, t.name, m.status, m.created_at, m.updated_at, m.deleted_at \
              FROM memberships m JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = $1 ORDER BY m.id",
        shows: &[
            ("id", As::Id),
            ("tenant", As::Id),
            ("tenantName", As::Text),
            ("status", As::Text),
            ("createdAt", As::Time),
            ("updatedAt", As::Time),
            ("endedAt", As::Time),
        ],
        withheld: &["version", "live"],
    },
    Part {
        name: "platformRoles",
        table: "platform_roles",
        sql: "SELECT r.name AS role_id FROM platform_roles p JOIN roles r ON r.id = p.role_id \
              WHERE p.user_id = $1 ORDER BY r.name",
        shows: &[("role", As::Text)],
        withheld: &[],
    },
    Part {
        name: "invitations",
        table: "invitations",
        sql: "SELECT i.uuid, t.uuid AS tenant_id, t.name, i.email, CASE WHEN i.invited_by = $1 THEN 'sent' ELSE 'received' \
              END AS invited_by, i.created_at, i.updated_at, i.deleted_at, i.expires_at FROM invitations i \
              JOIN tenants t ON t.id = i.tenant_id JOIN users u ON u.id = $1 \
              WHERE i.invited_by = $1 OR i.email = u.email ORDER BY i.id",
        shows: &[
            ("id", As::Id),
            ("tenant", As::Id),
            ("tenantName", As::Text),
            ("email", As::Text),
            ("direction", As::Text),
            ("createdAt", As::Time),
            ("updatedAt", As::Time),
            ("endedAt", As::Time),
            ("expiresAt", As::Time),
        ],
        withheld: &["hash", "version", "live"],
    },
    Part {
        name: "identities",
        table: "identities",
        sql: "SELECT uuid, provider, issuer, subject, email, created_at, last_used_at FROM identities \
              WHERE user_id = $1 ORDER BY id",
        shows: &[
            ("id", As::Id),
            ("provider", As::Text),
            ("issuer", As::Text),
            ("subject", As::Text),
            ("email", As::Text),
            ("createdAt", As::Time),
            ("lastUsedAt", As::Time),
        ],
        withheld: &[],
    },
    Part {
        name: "loginsElsewhere",
        table: "oauth_codes",
        sql: "SELECT tenant, expires_at FROM oauth_codes WHERE user_id = $1 ORDER BY id",
        shows: &[("tenant", As::Id), ("expiresAt", As::Time)],
        withheld: &["hash", "browser", "challenge"],
    },
    Part {
        name: "passkeys",
        table: "passkeys",
        sql: "SELECT uuid, label, transports, backed_up, created_at, last_used_at FROM passkeys \
              WHERE user_id = $1 ORDER BY id",
        shows: &[
            ("id", As::Id),
            ("label", As::Text),
            ("transports", As::Text),
            ("backedUp", As::Flag),
            ("createdAt", As::Time),
            ("lastUsedAt", As::Time),
        ],
        withheld: &["credential_id", "public_key", "algorithm", "counter", "backup_eligible"],
    },
    Part {
        name: "passkeyChallenges",
        table: "passkey_challenges",
        sql: "SELECT purpose, expires_at FROM passkey_challenges WHERE user_id = $1 ORDER BY id",
        shows: &[("purpose", As::Text), ("expiresAt", As::Time)],
        withheld: &["hash"],
    },
    Part {
        name: "apiKeys",
        table: "api_keys",
        sql: "SELECT uuid, tenant, name, prefix, scopes, created_at, expires_at, last_used_at FROM api_keys \
              WHERE user_id = $1 ORDER BY id",
        shows: &[
            ("id", As::Id),
            ("tenant", As::Id),
            ("name", As::Text),
            ("prefix", As::Text),
            ("scopes", As::Text),
            ("createdAt", As::Time),
            ("expiresAt", As::Time),
            ("lastUsedAt", As::Time),
        ],
        withheld: &["hash", "multi_factor"],
    },
    Part {
        name: "exports",
        table: "exports",
        sql: "SELECT uuid, created_at, ready_at, size, expires_at FROM exports WHERE user_id = $1 ORDER BY id",
        shows: &[
            ("id", As::Id),
            ("createdAt", As::Time),
            ("readyAt", As::Time),
            ("size", As::Number),
            ("expiresAt", As::Time),
        ],
        withheld: &[],
    },
];
