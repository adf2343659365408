//! What roles grant, computed by casbin: role-based access with domains, where a domain is a tenant or the platform.
//!
//! casbin is asked when a caller's rights are loaded, never for a single decision: those are look-ups in what it gave
//! (`domain::Permissions`). Its model says the same in its own words, and the tests hold the two against each other.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use casbin::{CoreApi, DefaultModel, Enforcer, MgmtApi, NullAdapter, RbacApi};
use domain::{Permission, Policy};
use ports::{CompiledPolicy, Error, Kind, PolicyEngine, Result};

/// Roles inherit from roles; `*` stands for any word.
const MODEL: &str = r#"
[request_definition]
r = sub, dom, obj, act

[policy_definition]
p = sub, dom, obj, act

[role_definition]
g = _, _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = g(r.sub, p.sub, r.dom) && r.dom == p.dom && (p.obj == "*" || p.obj == r.obj) && (p.act == "*" || p.act == r.act)
"#;

/// [`PolicyEngine`] over casbin.
#[derive(Debug, Clone, Copy, Default)]
pub struct CasbinEngine;

#[async_trait]
impl PolicyEngine for CasbinEngine {
    async fn compile(&self, policy: &Policy) -> Result<Arc<dyn CompiledPolicy>> {
        const OPERATION: &str = "policy.compile";
        let policy = policy.clone();
        // A hundred thousand rules take longer than other requests may be kept waiting.
        let runtime = tokio::runtime::Handle::current();
        let compiled = tokio::task::spawn_blocking(move || runtime.block_on(compile(&policy)));
        let compiled = compiled.await.map_err(|error| Error::with(Kind::Internal, OPERATION, error))?;
        Ok(Arc::new(compiled.map_err(|error| Error::with(Kind::Internal, OPERATION, error))?))
    }
}

/// A policy in casbin's hands.
struct Compiled {
    enforcer: Enforcer,
    domain: String,
}

async fn compile(policy: &Policy) -> casbin::Result<Compiled> {
    let domain = domain_of(policy);
    let mut enforcer = Enforcer::new(DefaultModel::from_str(MODEL).await?, NullAdapter).await?;
    enforcer.enable_auto_save(false);
    let (mut rules, mut links) = (Vec::new(), Vec::new());
    for role in &policy.roles {
        let name = role.id.to_string();
        for grant in role.grants(policy.scope) {
            rules.push(vec![name.clone(), domain.clone(), grant.resource().to_owned(), grant.act()]);
        }
        let link = |parent: &i64| vec![name.clone(), parent.to_string(), domain.clone()];
        links.extend(role.parents.iter().map(link));
    }
    if !rules.is_empty() {
        enforcer.add_policies(rules).await?;
    }
    if !links.is_empty() {
        enforcer.add_grouping_policies(links).await?;
    }
    Ok(Compiled { enforcer, domain })
}

/// What casbin calls the scope.
fn domain_of(policy: &Policy) -> String {
    policy.scope.tenant_uuid().map_or_else(|| "platform".to_owned(), |tenant| tenant.to_string())
}

impl CompiledPolicy for Compiled {
    fn granted(&self, roles: &[i64]) -> Result<Vec<Permission>> {
        let of_role = |role: &i64| {
            self.enforcer.get_implicit_permissions_for_user(&role.to_string(), Some(self.domain.as_str()))
        };
        let permission = |rule: Vec<String>| match &rule[..] {
            [_, _, resource, action] => Permission::parse(&format!("{resource}:{action}")).ok(),
            _ => None,
        };
        Ok(roles.iter().flat_map(of_role).filter_map(permission).collect())
    }
}
