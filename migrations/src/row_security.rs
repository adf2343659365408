//! Row-level security of PostgreSQL for tables whose rows belong to tenants: the last line of defence behind queries
//! that name their tenant. Other engines have none, and rely on the queries.
//!
//! A transaction says for whom it works with `set_config`: `mainstay.tenant` is the tenant's internal id, and
//! `mainstay.reach` a word for what goes beyond one tenant, of those in [`Reach`]. One that has said nothing sees no row
//! and writes none, not even as the owner of the table, who may read (`FORCE`; superusers may do anything, which is one
//! more reason not to be one). Reads outside of transactions act as a role for reading, whose policies are rights and
//! settled with them.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};

/// Whose the rows of a table are.
#[derive(Debug, Clone, Copy)]
pub enum Owned {
    /// Those of the tenant in `tenant_id`; without one, where that may be, the platform's.
    ByTenant,
    /// Those of whoever has the row of `table` that `column` names. A role that `role` names has to be theirs, too.
    Through {
        /// The table that it belongs to.
        table: &'static str,
        /// The column that says to which row.
        column: &'static str,
        /// A column that names a role.
        role: Option<&'static str>,
    },
}

/// What goes beyond one tenant, and what it takes.
#[derive(Debug, Clone, Copy)]
pub enum Reach {
    /// Reads by a key that tells the tenant: a person's memberships, an invitation's token, ids that are taken.
    Lookup,
    /// Removes what has expired.
    Purge,
    /// Writes tenants by the thousand.
    Seed,
}

impl Reach {
    /// The value of `mainstay.reach`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Purge => "purge",
            Self::Seed => "seed",
        }
    }

    /// The clauses of the policies, between the table's name and its end.
    fn policies(self) -> Vec<String> {
        let said = format!("(current_setting('mainstay.reach', true) = '{}')", self.word());
        match self {
            Self::Lookup => vec![format!("FOR SELECT USING {said}")],
            Self::Purge => vec![format!("FOR SELECT USING {said}"), format!("FOR DELETE USING {said}")],
            Self::Seed => vec![format!("FOR INSERT WITH CHECK {said}")],
        }
    }
}

/// Shows rows of `table` only to transactions of whoever they belong to, and to those `beyond`. Does nothing on other
/// engines. Quick on tables of any size, and done again without harm.
///
/// # Errors
/// Those of the driver.
pub async fn protect(
    connection: &impl ConnectionTrait,
    table: &str,
    owned: Owned,
    beyond: &[Reach],
) -> Result<(), DbErr> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let theirs = theirs(table, owned);
    let mut policies = vec![
        ("by_tenant".to_owned(), format!("USING ({theirs}) WITH CHECK ({theirs})")),
        // Backups read everything as the owner.
        ("by_owner".to_owned(), format!("FOR SELECT USING {}", is_owner(table))),
    ];
    for reach in beyond {
        for (number, policy) in reach.policies().into_iter().enumerate() {
            policies.push((format!("{}_{number}", reach.word()), policy));
        }
    }
    for (name, policy) in policies {
        for sql in [
            format!("DROP POLICY IF EXISTS \"{table}_{name}\" ON \"{table}\""),
            format!("CREATE POLICY \"{table}_{name}\" ON \"{table}\" {policy}"),
        ] {
            connection.execute_unprepared(&sql).await?;
        }
    }
    for how in ["ENABLE", "FORCE"] {
        connection.execute_unprepared(&format!("ALTER TABLE \"{table}\" {how} ROW LEVEL SECURITY")).await?;
    }
    Ok(())
}

/// Takes it back, with every policy of the table.
///
/// # Errors
/// Those of the driver.
pub async fn unprotect(connection: &impl ConnectionTrait, table: &str) -> Result<(), DbErr> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let policies = format!(
        "DO $$ DECLARE one name; BEGIN
           FOR one IN SELECT polname FROM pg_policy WHERE polrelid = to_regclass('\"{table}\"') LOOP
             EXECUTE format('DROP POLICY %I ON \"{table}\"', one);
           END LOOP;
         END $$"
    );
    connection.execute_unprepared(&policies).await?;
    for how in ["NO FORCE", "DISABLE"] {
        connection
            .execute_unprepared(&format!("ALTER TABLE IF EXISTS \"{table}\" {how} ROW LEVEL SECURITY"))
            .await?;
    }
    Ok(())
}

fn theirs(table: &str, owned: Owned) -> String {
    match owned {
        Owned::ByTenant => of_scope("tenant_id"),
        Owned::Through { table: of, column, role } => {
            let row = |of: &str, column: &str| {
                let scope = of_scope("o.tenant_id");
                format!(
                    "EXISTS (SELECT 1 FROM \"{of}\" o WHERE o.id = \"{table}\".\"{column}\" AND ({scope}))"
                )
            };
            let role = role.map(|role| format!(" AND {}", row("roles", role)));
            row(of, column) + &role.unwrap_or_default()
        }
    }
}

/// An empty setting is what a session has that has reset it.
fn of_scope(tenant_id: &str) -> String {
    format!(
        "{tenant_id} = nullif(current_setting('mainstay.tenant', true), '')::bigint
         OR {tenant_id} IS NULL AND current_setting('mainstay.reach', true) = 'platform'"
    )
}

/// Asked once per query.
fn is_owner(table: &str) -> String {
    format!(
        "((SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = '\"{table}\"'::regclass))"
    )
}
