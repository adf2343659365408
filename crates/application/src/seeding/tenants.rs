//! Tenants of the demo, one for each hundred users, with the roles that every tenant has.

use domain::{SystemRole, Tenant};
use ports::{BulkTable, TenantRows};

use super::dice::{Kind, base, born, id, pick, roll};
use super::names::{FAMILY, TRADES};
use super::{Draw, Load, Rows, Seeder, Way};
use crate::Result;

/// Users per tenant.
pub(super) const SIZE: u32 = 100;

pub(super) const SEEDER: Seeder = Seeder {
    name: "tenants",
    after: &["platform"],
    in_production: false,
    way: Way::Load(Load { table: BulkTable::Tenants, ids: 1, count: |users| users.div_ceil(SIZE), rows }),
};

#[allow(clippy::unnecessary_wraps, reason = "the signature of `Load::rows`")]
fn rows(draw: &Draw, numbers: &[u32]) -> Result<Rows> {
    Ok(Rows { tenants: numbers.iter().map(|number| tenant(draw.seed, *number)).collect(), ..Rows::default() })
}

/// The id of a role of the tenant with this number.
pub(super) fn role_id(seed: u16, tenant: u32, role: SystemRole) -> i64 {
    id(seed, role_number(tenant, role))
}

fn role_number(tenant: u32, role: SystemRole) -> u32 {
    let place = match role {
        SystemRole::Owner => 0,
        SystemRole::Admin => 1,
        SystemRole::Member => 2,
    };
    tenant * 4 + place
}

fn tenant(seed: u16, number: u32) -> TenantRows {
    let at = born(number * SIZE);
    let (family, trade) = (roll(seed, Kind::Tenant, number, 2), roll(seed, Kind::Tenant, number, 3));
    let name =
        format!("{} {}", pick(&FAMILY, family).unwrap_or_default(), pick(&TRADES, trade).unwrap_or_default());
    let slug = format!("demo-{seed}-{number}");
    let tenant = Tenant::new(base(seed, Kind::Tenant, number, at), name, slug);
    let role = |role| (base(seed, Kind::Role, role_number(number, role), at), role);
    TenantRows { tenant, roles: SystemRole::ALL.map(role).to_vec() }
}
