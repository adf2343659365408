//! What was taken out is there again.

use serde_json::json;

use super::*;
use crate::harness::{Client, Empty, PASSWORD, Tokens, contents, installations};

async fn login(api: &Client, password: &str, tenant: Uuid) -> Tokens {
    let body = json!({ "email": OWNER, "password": password, "tenantId": tenant });
    Tokens::of(&api.post("/api/v1/auth/login", &body).gives(200).await)
}

installations! {
    /// From SQLite to each engine, and from there to SQLite again.
    async fn a_tenant_moves_between_engines(target: &Installation) {
        let source = source().await;
        let before = Description::of(&source).await;
        assert!(before.members.len() >= 1_200 && before.trail.len() == 1_200, "{before:?}");
        assert!(before.roles.iter().any(|role| role.contains("Prüfer|Prüft ✓|0|3|reports:*")), "{:?}", before.roles);
        assert_eq!((&*before.parents, before.invitations.len(), before.tenant.len()), (&["Prüfer|Leser".to_owned()][..], 1, 1));
        let vault = Vault::new();
        export(&source, &vault).well();

        // One of its people is here already, with another password and another name.
        let api = target.api("api", &[]).await;
        api.newcomer(OWNER).await;
        api.stop().await;
        let said = import(target, &vault);
        assert!(said.well().contains("1200 members, 1199 of them with a new account"), "{}", said.text);
        let tenant = id_in(&said.text);
        let after = Description::of(target).await;
        assert_eq!((&before.roles, &before.trail), (&after.roles, &after.trail));
        assert_eq!((&before.tenant, &before.parents), (&after.tenant, &after.parents));
        assert_eq!(before.invitations, after.invitations);
        assert!(said.text.contains("1 invitations wait"), "{}", said.text);
        // Nothing that was ever sent opens it.
        let hex = "SELECT LOWER(HEX(hash)) FROM invitations";
        let postgres = "SELECT encode(hash, 'hex') FROM invitations";
        let hash = if target.profile == Profile::Postgres { postgres } else { hex };
        assert_ne!(source.sql(hex).await, target.sql(hash).await);
        assert_eq!(without_owner(&before), without_owner(&after));

        let api = target.api("api", &[]).await;
        let owner = login(&api, PASSWORD, tenant).await;
        api.me(&owner.access).await.is(200);
        let admin = api.admin().await;
        let imports = api.audit(&admin, "action=tenant.import").await;
        assert_eq!((imports.len(), &imports[0]["resourceId"]), (1, &json!(tenant)), "{imports:?}");
        assert_eq!(imports[0]["actor"], "operator");
        api.stop().await;
        // The accounts that were made have no password and have proven nothing.
        let proven = "SELECT email FROM users WHERE email LIKE '%@s1.demo.example' AND email_verified_at IS NOT NULL";
        assert_eq!(target.sql(proven).await, [OWNER]);
        let secrets = "SELECT u.email FROM users u JOIN credentials c ON c.user_id = u.id WHERE u.email LIKE '%@s1.%'";
        assert_eq!(target.sql(secrets).await, [OWNER]);

        // And on, with what has happened since: nobody gets in any more.
        target.sql("UPDATE tenants SET status = 'suspended', requires_mfa = TRUE WHERE slug = 'demo-1-0'").await;
        let (after, back) = (Description::of(target).await, Vault::new());
        assert_eq!(after.trail.len(), 1_201, "the owner has logged in");
        export(target, &back).well();
        let third = Empty::of(Profile::Embedded).await.unwrap().installation;
        prepare(&third);
        let said = import(&third, &back);
        assert!(said.well().contains("1200 of them with a new account"), "{}", said.text);
        assert_eq!(id_in(&said.text), tenant);
        assert!(after.tenant[0].contains("|suspended|1|"), "{:?}", after.tenant);
        assert_eq!(Description::of(&third).await, after);
    }

    async fn a_second_import_needs_another_name(target: &Installation) {
        let source = source().await;
        let vault = Vault::new();
        export(&source, &vault).well();
        prepare(target);
        let tenant = id_in(import(target, &vault).well());
        let url = target.database_url();
        let once = contents(&url).await;
        let import_as = |slug: &str| operate(target, &["tenants", "import", "--from", &vault.url(), "--as", slug]);
        import(target, &vault).refused("conflict: the tenant `demo-1-0`");
        import_as(SLUG).refused("conflict: a tenant `demo-1-0` is here already");
        import_as("No Slug").refused("as must have 1 to 64");
        is_the_same_but_for_nodes(once, contents(&url).await);

        let said = import_as("second");
        assert!(said.well().contains("1200 members, 0 of them with a new account, "), "{}", said.text);
        assert_ne!(id_in(&said.text), tenant);
        let names = "SELECT slug FROM tenants WHERE slug IN ('demo-1-0', 'second')";
        assert_eq!(target.sql(names).await.len(), 2);
        let shared = "SELECT u.email FROM memberships m JOIN users u ON u.id = m.user_id GROUP BY u.email HAVING COUNT(*) = 2";
        assert_eq!(target.sql(shared).await.len(), 1_200);
    }
}

fn without_owner(of: &Description) -> Vec<&String> {
    of.members.iter().filter(|member| !member.contains(OWNER)).collect()
}

/// Whoever runs joins the other processes first.
pub(super) fn is_the_same_but_for_nodes(
    mut before: crate::harness::Contents,
    mut after: crate::harness::Contents,
) {
    before.remove("nodes");
    after.remove("nodes");
    for (table, rows) in &before {
        assert_eq!(rows, &after[table], "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_said() {
    let installation = Installation::on(Profile::Embedded, None);
    prepare(&installation);
    let vault = Vault::new();
    export(&installation, &vault).refused("there is no tenant `demo-1-0`");
    import(&installation, &vault).refused("there is no backup of a tenant");
    operate(&installation, &["backup", "--to", &vault.url()]).well();
    import(&installation, &vault).refused("there is no backup of a tenant");
    let name = vault.archives()[0].file_name().unwrap().to_str().unwrap().to_owned();
    let named = operate(&installation, &["tenants", "import", "--from", &vault.url(), &name]);
    named.refused("is no archive of a tenant but of a database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_on_record() {
    let source = source().await;
    let vault = Vault::new();
    export(&source, &vault).well();
    let api = source.api("api", &[]).await;
    let admin = api.admin().await;
    let exports = api.audit(&admin, "action=tenant.export").await;
    assert_eq!((exports.len(), &exports[0]["resource"]), (1, &json!("tenant")), "{exports:?}");
    let tenant = exports[0]["resourceId"].as_str().unwrap().parse().unwrap();
    // The id names it as well.
    login(&api, DEMO_PASSWORD, tenant).await;
    api.stop().await;
    let by_id = operate(&source, &["tenants", "export", &tenant.to_string(), "--to", &vault.url()]);
    assert!(by_id.well().contains("tenant `demo-1-0`"), "{}", by_id.text);
}
