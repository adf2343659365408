//! A tenant is taken out of one installation and comes into another, whichever engines they are on.

mod content;
mod damage;
mod moving;

use uuid::Uuid;

use crate::harness::{Installation, Profile, Said, Vault, operate};

/// The tenant that moves.
const SLUG: &str = "demo-1-0";
/// The first of its people in the demo.
const OWNER: &str = "chidi.singh.0@s1.demo.example";
/// Everybody's, in the demo.
const DEMO_PASSWORD: &str = "mainstay demo people";

/// On SQLite, with more members and entries in one tenant than are written at once, roles of its own of which the earlier
/// inherits from the later, members who have a role of another tenant, several roles, and none, settings, and an
/// invitation.
async fn source() -> Installation {
    let installation = Installation::on(Profile::Embedded, None);
    operate(&installation, &["seed", "--users", "1200"]).well();
    for statement in [
        "UPDATE memberships SET tenant_id = (SELECT id FROM tenants WHERE slug = 'demo-1-0')
         WHERE user_id IN (SELECT id FROM users WHERE email LIKE '%@s1.demo.example')",
        "INSERT INTO roles (id, uuid, created_at, updated_at, version, tenant_id, name, system, description)
         SELECT 77, randomblob(16), '2026-03-01 12:00:00.123+00:00', '2026-03-02 12:00:00.456+00:00', 3, id, 'Prüfer', 0,
           'Prüft ✓' FROM tenants WHERE slug = 'demo-1-0'",
        "INSERT INTO roles (id, uuid, created_at, updated_at, version, tenant_id, name, system)
         SELECT 78, randomblob(16), '2026-03-01 12:00:00.123+00:00', '2026-03-02 12:00:00.456+00:00', 1, id, 'Leser', 0
         FROM tenants WHERE slug = 'demo-1-0'",
        "INSERT INTO role_parents (role_id, parent_id) VALUES (77, 78)",
        "UPDATE tenants SET settings = '{\"farbe\":\"grün\"}' WHERE slug = 'demo-1-0'",
        "INSERT INTO invitations (id, uuid, created_at, updated_at, version, tenant_id, email, invited_by, expires_at, hash)
         SELECT 79, randomblob(16), '2026-03-01 12:00:00.123+00:00', '2026-03-01 12:00:00.123+00:00', 1, t.id,
           'eingeladen@example.com', u.id, '2036-03-01 12:00:00.000+00:00', randomblob(32)
         FROM tenants t JOIN users u ON u.email = 'chidi.singh.0@s1.demo.example' WHERE t.slug = 'demo-1-0'",
        "INSERT INTO invitation_roles (invitation_id, role_id) VALUES (79, 77)",
        "INSERT INTO role_permissions (role_id, permission) VALUES (77, 'audit:read'), (77, 'reports:*')",
        "INSERT INTO membership_roles (membership_id, role_id)
         SELECT m.id, 77 FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email LIKE '%.1%@s1.demo.example'",
        "INSERT INTO audit_entries (id, uuid, created_at, tenant_id, actor_kind, actor, action, resource, resource_id,
           outcome, ip)
         SELECT id + 500000, randomblob(16), created_at, (SELECT id FROM tenants WHERE slug = 'demo-1-0'), actor_kind,
           actor, 'project.paint', resource, 'grün ✓', outcome, ip FROM audit_entries WHERE action = 'session.login'",
    ] {
        installation.sql(statement).await;
    }
    installation
}

fn export(installation: &Installation, vault: &Vault) -> Said {
    operate(installation, &["tenants", "export", SLUG, "--to", &vault.url()])
}

fn import(installation: &Installation, vault: &Vault) -> Said {
    operate(installation, &["tenants", "import", "--from", &vault.url()])
}

/// Migrates the target and opens its key ring.
fn prepare(target: &Installation) {
    operate(target, &["seed", "--only", "platform"]).well();
}

/// The id in what a successful import says.
fn id_in(said: &str) -> Uuid {
    let (_, rest) = said.split_once('(').unwrap_or_else(|| panic!("no id in {said}"));
    rest.split_once(')').unwrap().0.parse().unwrap()
}

/// All that an archive is to carry, in words that every engine has.
#[derive(Debug, PartialEq)]
struct Description {
    tenant: Vec<String>,
    parents: Vec<String>,
    invitations: Vec<String>,
    roles: Vec<String>,
    members: Vec<String>,
    trail: Vec<String>,
}

impl Description {
    async fn of(installation: &Installation) -> Self {
        const TENANT: &str = "SELECT CONCAT(name, '|', status, '|', requires_mfa, '|', settings) FROM tenants WHERE slug = 'demo-1-0'";
        const PARENTS: &str =
            "SELECT CONCAT(r.name, '|', p.name) FROM role_parents l JOIN roles r ON r.id = l.role_id
             JOIN roles p ON p.id = l.parent_id JOIN tenants t ON t.id = r.tenant_id AND t.id = p.tenant_id
             WHERE t.slug = 'demo-1-0'";
        const INVITATIONS: &str =
            "SELECT CONCAT(i.email, '|', u.email, '|', i.version, '|', r.name) FROM invitations i
             JOIN tenants t ON t.id = i.tenant_id JOIN users u ON u.id = i.invited_by
             JOIN invitation_roles l ON l.invitation_id = i.id JOIN roles r ON r.id = l.role_id AND r.tenant_id = t.id
             WHERE t.slug = 'demo-1-0'";
        const ROLES: &str =
            "SELECT CONCAT(r.id, '|', r.name, '|', COALESCE(r.description, '-'), '|', r.system, '|', r.version, '|', COALESCE(p.permission, '-'))
             FROM roles r JOIN tenants t ON t.id = r.tenant_id LEFT JOIN role_permissions p ON p.role_id = r.id
             WHERE t.slug = 'demo-1-0'";
        const MEMBERS: &str =
            "SELECT CONCAT(m.id, '|', u.email, '|', COALESCE(u.display_name, '-'), '|', u.status, '|', m.status, '|',
               m.version, '|', COALESCE(r.name, '-'))
             FROM memberships m JOIN tenants t ON t.id = m.tenant_id JOIN users u ON u.id = m.user_id
             LEFT JOIN (membership_roles l JOIN roles r ON r.id = l.role_id)
               ON l.membership_id = m.id AND r.tenant_id = m.tenant_id
             WHERE t.slug = 'demo-1-0'";
        let mut found = Self {
            tenant: installation.sql(TENANT).await,
            parents: installation.sql(PARENTS).await,
            invitations: installation.sql(INVITATIONS).await,
            roles: installation.sql(ROLES).await,
            members: installation.sql(MEMBERS).await,
            trail: installation.sql(trail(installation.profile)).await,
        };
        for texts in [&mut found.tenant, &mut found.roles, &mut found.members, &mut found.trail] {
            // How an engine writes a boolean is its own business.
            *texts = texts.iter().map(|text| text.replace("|t|", "|1|").replace("|f|", "|0|")).collect();
            texts.sort();
            texts.dedup();
        }
        found
    }
}

/// The entries, but for those of the moves themselves; their moments in milliseconds. Where from is left out: of people
/// who are known here it is encrypted, of those who came with an archive it is not.
fn trail(profile: Profile) -> &'static str {
    macro_rules! entries {
        ($millis:literal) => {
            concat!(
                "SELECT CONCAT(a.id, '|', ",
                $millis,
                ", '|', a.actor_kind, '|', COALESCE(a.actor, '-'), '|', a.action, '|', a.resource, '|',
                   COALESCE(a.resource_id, '-'), '|', a.outcome)
                 FROM audit_entries a JOIN tenants t ON t.id = a.tenant_id
                 WHERE t.slug = 'demo-1-0' AND a.action NOT LIKE 'tenant.%'"
            )
        };
    }
    match profile {
        Profile::Embedded => entries!("CAST(round(unixepoch(a.created_at, 'subsec') * 1000) AS INTEGER)"),
        Profile::Postgres => entries!("CAST(extract(epoch FROM a.created_at) * 1000 AS bigint)"),
        Profile::Mysql => {
            entries!("CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', a.created_at) / 1000 AS SIGNED)")
        }
    }
}
