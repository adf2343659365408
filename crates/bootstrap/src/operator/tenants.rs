//! Tenants, out and in: the lines of one as an archive in a blob store, and back.

use anyhow::{Context as _, Result, anyhow};
pub use application::tenant_archives::Imported;
use application::{Context, Error};
use archive_sealed::{Manifest, NewArchive};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::archives::{chosen, open};
use super::operate;
use crate::config::Loaded;
use crate::fail_points;

/// What the archives of tenants say they are.
const KIND: &str = "tenant";

/// Which tenant an archive is of, and how it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    format: u32,
    tenant: Uuid,
    slug: String,
    name: String,
}

/// A tenant that was exported.
pub struct Exported {
    /// Its short name.
    pub slug: String,
    /// Where it is.
    pub manifest: Manifest,
}

/// Exports the tenant with this short name or public id, while it is in use.
///
/// # Errors
/// With what an operator has to change; nothing is left behind then.
pub async fn tenant_export(loaded: &Loaded, which: &str, to: &str, part_bytes: u64) -> Result<Exported> {
    let _armed = fail_points::arm(&loaded.config);
    let archives = open(loaded, to)?;
    operate(loaded, async |shared| {
        let export = shared.app.tenant_archives.export(&context(), which).await;
        let export = export.map_err(|error| match error {
            Error::NotFound => anyhow!("there is no tenant `{which}`: give its short name or its id"),
            other => other.into(),
        })?;
        let tenant = export.tenant;
        let (slug, name) = (tenant.slug.clone(), tenant.name);
        let about = About { format: export.format, tenant: tenant.base.uuid, slug, name };
        let new = NewArchive {
            kind: KIND,
            program: super::program(),
            about: serde_json::to_value(about)?,
            sealed: true,
            part_bytes,
        };
        let written = archives.write(new, export.content).await;
        let manifest = written.context("the export failed; nothing is left of it")?;
        Ok(Exported { slug: tenant.slug, manifest })
    })
    .await
}

/// Imports the tenant of an archive (the newest of a tenant, if none is named), under another short name if one is
/// given. All of it is read and compared before anything is written.
///
/// # Errors
/// With what an operator has to change; nothing was written then.
pub async fn tenant_import(
    loaded: &Loaded,
    from: &str,
    name: Option<&str>,
    slug: Option<&str>,
) -> Result<Imported> {
    let _armed = fail_points::arm(&loaded.config);
    let archives = open(loaded, from)?;
    let manifest = chosen(&archives, KIND, name).await?;
    let about: About = serde_json::from_value(manifest.about.clone())
        .with_context(|| format!("{} does not say which tenant it is of", manifest.name))?;
    let refused = || format!("{} can't be imported; nothing was written", manifest.name);
    archives.verify(&manifest).await.with_context(refused)?;
    operate(loaded, async |shared| {
        let content = archives.read(&manifest)?;
        let imported = shared.app.tenant_archives.import(&context(), content, slug).await;
        imported.map_err(|error| explained(error, &about, slug)).with_context(refused)
    })
    .await
}

fn context() -> Context {
    Context::system("operator", None)
}

fn explained(error: Error, about: &About, slug: Option<&str>) -> anyhow::Error {
    match (error, slug) {
        (Error::Conflict, None) => anyhow!(
            "conflict: the tenant `{}` ({}), or another one of that name, is here already; \
             `--as <slug>` makes a second one of it",
            about.slug,
            about.tenant
        ),
        (Error::Conflict, Some(slug)) => anyhow!(
            "conflict: a tenant `{slug}` is here already, or an account was made meanwhile for one of the members; \
             choose another name, or try again"
        ),
        (Error::Forbidden, _) => anyhow!("MAINSTAY_TENANCY__MODE is `single`: there is one tenant only"),
        (Error::Invalid(fields), _) => {
            let texts: Vec<_> =
                fields.iter().map(|field| format!("{} {}", field.field, field.message)).collect();
            anyhow!("{}", texts.join("; "))
        }
        (other, _) => other.into(),
    }
}
