//! `mainstay tenants`.

use anyhow::Result;
use bootstrap::operator;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Tenants {
    /// Write one, with its roles, members, invitations and audit trail, as an encrypted archive.
    Export {
        /// Its short name or its id.
        tenant: String,
        /// Where to: file://<directory> or s3://<bucket>/<folder>?region=…; S3 keys are better in AWS_ACCESS_KEY_ID
        /// and AWS_SECRET_ACCESS_KEY than here.
        #[arg(long, value_name = "URL")]
        to: String,
        /// The size of a part at most, in MiB.
        #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=65_536))]
        part_size: u64,
    },
    /// Write the tenant of an archive into the configured database, whichever engine either is of.
    Import {
        /// Where from.
        #[arg(long, value_name = "URL")]
        from: String,
        /// Which archive; the newest of a tenant unless given.
        name: Option<String>,
        /// Another short name for it here.
        #[arg(long = "as", value_name = "SLUG")]
        slug: Option<String>,
    },
}

pub(crate) async fn execute(command: Tenants) -> Result<()> {
    let loaded = operator::configuration()?;
    match command {
        Tenants::Export { tenant, to, part_size } => {
            let done = operator::tenant_export(&loaded, &tenant, &to, part_size * 1024 * 1024).await?;
            println!("{}: tenant `{}`, {} bytes", done.manifest.name, done.slug, done.manifest.content_bytes);
            println!("it can be imported only with the master key, which is NOT in it");
        }
        Tenants::Import { from, name, slug } => {
            let (name, slug) = (name.as_deref(), slug.as_deref());
            let done = operator::tenant_import(&loaded, &from, name, slug).await?;
            println!(
                "imported tenant `{}` ({}): {} roles, {} members, {} of them with a new account, {} audit entries",
                done.slug, done.tenant, done.roles, done.members, done.accounts, done.audit_entries
            );
            if done.invitations > 0 {
                println!(
                    "{} invitations wait; invite again who shall have a link that works here",
                    done.invitations
                );
            }
        }
    }
    Ok(())
}
