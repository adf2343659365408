//! Users of the demo, with credentials and memberships. They all have one password, and so one hash: hashing each
//! would take longer than everything else together.

use domain::{Credential, DisplayName, Email, Phone, SystemRole, User, UserStatus};
use ports::{BulkTable, MembershipRow};

use super::dice::{Kind, base, born, id, pick, roll};
use super::names::{FAMILY, GIVEN};
use super::tenants::{SIZE, role_id};
use super::{Draw, Load, Rows, Seeder, Way};
use crate::{Error, Result};

/// The password of everybody in the demo. It is public: production never gets them.
pub const PASSWORD: &str = "mainstay demo people";

pub(super) const SEEDER: Seeder = Seeder {
    name: "people",
    after: &["tenants"],
    in_production: false,
    way: Way::Load(Load { table: BulkTable::Users, ids: 1, count: |users| users, rows }),
};

fn rows(draw: &Draw, numbers: &[u32]) -> Result<Rows> {
    let seed = draw.seed;
    Ok(Rows {
        users: numbers.iter().map(|number| user(seed, *number)).collect::<Result<_>>()?,
        credentials: numbers.iter().map(|number| credential(seed, *number, &draw.hash)).collect(),
        memberships: numbers.iter().map(|number| membership(seed, *number)).collect(),
        ..Rows::default()
    })
}

/// The public id of the user with this number.
pub(super) fn public_id(seed: u16, number: u32) -> uuid::Uuid {
    super::dice::uuid(seed, Kind::User, number, born(number))
}

/// One in twenty has not proven the address, one in a hundred is locked, one in three has told a number (of a
/// country that does not exist). The first of each tenant can always sign in.
fn user(seed: u16, number: u32) -> Result<User> {
    let base = base(seed, Kind::User, number, born(number));
    let rolled = |about| roll(seed, Kind::User, number, about);
    let given = pick(&GIVEN, rolled(2)).unwrap_or_default();
    let family = pick(&FAMILY, rolled(3)).unwrap_or_default();
    let address = format!("{given}.{family}.{number}@s{seed}.demo.example");
    let first = number.is_multiple_of(SIZE);
    Ok(User {
        display_name: Some(DisplayName::parse(&format!("{given} {family}")).map_err(impossible)?),
        phone: number
            .is_multiple_of(3)
            .then(|| Phone::parse(&format!("+999{seed:04}{number:08}")).map_err(impossible))
            .transpose()?,
        status: if !first && rolled(4).is_multiple_of(100) { UserStatus::Locked } else { UserStatus::Active },
        email_verified_at: (first || !rolled(5).is_multiple_of(20)).then_some(base.created_at),
        ..User::new(base, Email::parse(&address).map_err(impossible)?, None)
    })
}

/// A number for which nobody can be made up; a test looks at them.
fn impossible<E>(_: E) -> Error {
    Error::field("demo", "unacceptable", "can't be made up")
}

fn credential(seed: u16, number: u32, hash: &str) -> Credential {
    let base = base(seed, Kind::Credential, number, born(number));
    Credential { base, user_id: id(seed, number), password_hash: hash.to_owned() }
}

fn membership(seed: u16, number: u32) -> MembershipRow {
    let tenant = number / SIZE;
    let role = match number % SIZE {
        0 => SystemRole::Owner,
        1..=4 => SystemRole::Admin,
        _ => SystemRole::Member,
    };
    MembershipRow {
        base: base(seed, Kind::Membership, number, born(number)),
        tenant_id: id(seed, tenant),
        user_id: id(seed, number),
        role_id: role_id(seed, tenant, role),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_can_be_made_and_nobody_twice() {
        let mut addresses: Vec<_> =
            (0..5_000).map(|number| user(1, number).unwrap().email.to_string()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 5_000);
        let last = user(super::super::LAST_SEED, super::super::MOST_USERS - 1).unwrap();
        assert!(last.email.as_str().ends_with("@s1023.demo.example"), "{}", last.email);
        assert!(user(1, 0).unwrap().is_verified() && user(1, 100).unwrap().status == UserStatus::Active);
        assert!((0..5_000).any(|number| user(1, number).unwrap().status == UserStatus::Locked));
    }
}
