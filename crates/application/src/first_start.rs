//! What an empty database needs before anybody can work with it.

use domain::{Actor, Base, Credential, Email, SystemRole, Tenant, TenantScope, User};
use ports::Tx;
use secrecy::SecretString;

use crate::{Action, Context, Core, Error, Result, Work};

const INITIALISE: Action = Action { name: "platform.initialise", resource: "platform" };
/// Short name of the tenant that exists from the first start.
pub const DEFAULT_TENANT: &str = "default";

/// Writes system roles, the default tenant and the platform administrator, verified, when there is no user yet.
/// True when this call did it; of two processes that start at once, one does.
pub async fn run(core: &Core, email: &Email, password: &SecretString) -> Result<bool> {
    if !core.store.users().is_empty().await? {
        return Ok(false);
    }
    let hash = core.hasher.hash(password).await?;
    match write(core, email, hash).await {
        Ok(()) => Ok(true),
        Err(Error::Conflict) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn write(core: &Core, email: &Email, password_hash: String) -> Result<()> {
    let context = Context::system("first-start", None);
    let tenant = &Tenant::new(core.base()?, "Default".to_owned(), DEFAULT_TENANT.to_owned());
    let scope = tenant.scope();
    let base = core.base()?;
    let admin = &User { email_verified_at: Some(base.created_at), ..User::new(base, email.clone(), None) };
    let credential = &Credential { base: core.base()?, user_id: admin.base.id, password_hash };

    Work::run(core, &context, INITIALISE, |mut work| async move {
        let tx = work.tx();
        tx.tenants().insert(tenant).await?;
        insert_roles(core, tx, TenantScope::Platform).await?;
        insert_roles(core, tx, scope).await?;
        tx.users().insert(admin).await?;
        tx.credentials().insert(credential).await?;
        tx.access().assign_platform_role(admin.base.id, SystemRole::Owner).await?;
        join(core, tx, &admin.base, scope, SystemRole::Owner).await?;
        work.acting_as(Actor::System("first-start"), TenantScope::Platform);
        work.on(admin.base.uuid);
        work.commit().await
    })
    .await
}

/// Writes the roles that every scope has.
pub(crate) async fn insert_roles(core: &Core, tx: &dyn Tx, scope: TenantScope) -> Result<()> {
    for role in SystemRole::ALL {
        tx.access().insert_system_role(&core.base()?, role, scope).await?;
    }
    Ok(())
}

/// Makes a user a member of a tenant.
pub(crate) async fn join(
    core: &Core,
    tx: &dyn Tx,
    user: &Base,
    scope: TenantScope,
    role: SystemRole,
) -> Result<()> {
    Ok(tx.members().join(&core.base()?, user.id, scope, role).await?)
}
