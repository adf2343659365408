//! In: one unit of work from the first line to the last, so that nobody sees a part of a tenant.
//!
//! It reads lines while the unit of work is open. Whoever has them from far away reads and compares them before.

use std::collections::{HashMap, HashSet};

use domain::{Base, DisplayName, Email, Slug, Tenant, TenantScope, TenantStatus, User, UserStatus};
use ports::{ByteStream, Identified, NewInvitation, NewMember, RoleRow};
use uuid::Uuid;

use super::lines::{
    AuditLine, Counts, FORMAT, InvitationLine, Line, Lines, MemberLine, OLDEST, ParentsLine, RoleLine,
    TenantLine,
};
use super::{BATCH, TenantArchives, unreadable};
use crate::tenants::Tenants;
use crate::{Action, Context, Core, Error, FieldError, Result, Tenancy, Work};

const IMPORT: Action = Action { name: "tenant.import", resource: "tenant" };

/// What an import has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Public id of the tenant.
    pub tenant: Uuid,
    /// Its short name.
    pub slug: String,
    /// Roles.
    pub roles: u64,
    /// Memberships.
    pub members: u64,
    /// Accounts made for members whose address nobody had.
    pub accounts: u64,
    /// Invitations that wait.
    pub invitations: u64,
    /// Entries of its audit trail.
    pub audit_entries: u64,
}

impl TenantArchives {
    /// Writes the tenant that the lines describe, under another short name if one is given. Ids stay as they were,
    /// unless they are taken here. Members are found by address; whoever is not gets an account without a password,
    /// whose address is not proven.
    ///
    /// # Errors
    /// `Conflict` when the short name is taken, when no other is given and the tenant is here under another one, and
    /// when somebody writes the same meanwhile; `Forbidden` where there is to be only one tenant; `Invalid` for a
    /// text that is no short name; `Internal` for lines that no export has written. Nothing is written then.
    pub async fn import(
        &self,
        context: &Context,
        pieces: ByteStream<'static>,
        slug: Option<&str>,
    ) -> Result<Imported> {
        if self.core.settings.tenancy == Tenancy::Single {
            return Err(Error::Forbidden);
        }
        let slug = slug.map(Slug::parse).transpose();
        let slug = slug.map_err(|error| Error::Invalid(vec![FieldError::new("as", "slug", &error)]))?;
        let mut lines = Lines::of(pieces);
        let archived = head(&mut lines).await?;
        // Once: what it reads comes once.
        let work = Work::begin(&self.core, context, IMPORT).await?;
        let tenant = begin(&self.core, &work, archived, slug).await?;
        let mut writing = Writing {
            core: &self.core,
            tenants: &self.tenants,
            work,
            tenant,
            roles: HashMap::new(),
            accounts: 0,
            invitations: 0,
        };
        let counts = writing.all(&mut lines).await?;
        let Writing { mut work, tenant, accounts, invitations, .. } = writing;
        let scope = TenantScope::Tenant { id: tenant.base.id, uuid: tenant.base.uuid };
        work.acting_as(context.actor.clone(), scope);
        work.on(tenant.base.uuid);
        fail::fail_point!("import.before-commit", |_| std::process::abort());
        work.commit().await?;
        let Counts { roles, members, audit_entries, .. } = counts;
        let (slug, tenant) = (tenant.slug, tenant.base.uuid);
        Ok(Imported { tenant, slug, roles, members, accounts, invitations, audit_entries })
    }
}

/// The first two lines.
async fn head(lines: &mut Lines) -> Result<TenantLine> {
    match lines.next().await? {
        Some(Line::Archive(head)) if (OLDEST..=FORMAT).contains(&head.format) => {}
        Some(Line::Archive(head)) => {
            let format = head.format;
            let how =
                format!("it has format {format}, this program knows {OLDEST} to {FORMAT}; use a newer one");
            return Err(unreadable(how).into());
        }
        _ => return Err(unreadable("it does not begin with its format").into()),
    }
    match lines.next().await? {
        Some(Line::Tenant(tenant)) => Ok(tenant),
        _ => Err(unreadable("it does not say which tenant it is of").into()),
    }
}

/// Writes the tenant itself.
async fn begin(core: &Core, work: &Work<'_>, archived: TenantLine, given: Option<Slug>) -> Result<Tenant> {
    let TenantLine { row, name, slug, status, requires_mfa, settings } = archived;
    let taken = work.tx().tenant_content().taken(Identified::Tenants, &[(row.key, row.id)]).await?;
    if given.is_none() && !taken.is_empty() {
        return Err(Error::Conflict);
    }
    let slug = given.map_or(slug, Slug::into_string);
    let ids = if taken.is_empty() { (row.key, row.id) } else { new_ids(core)? };
    let status = TenantStatus::from_stored(&status);
    let tenant = Tenant { status, requires_mfa, settings, ..Tenant::new(row.under(ids), name, slug) };
    work.tx().tenants().insert(&tenant).await?;
    Ok(tenant)
}

fn address(text: &str) -> ports::Result<Email> {
    Email::parse(text).map_err(|_| unreadable("an address is none"))
}

fn new_ids(core: &Core) -> Result<(i64, Uuid)> {
    Ok((core.ids.snowflake()?, core.ids.uuid()?))
}

/// Lines that wait to be written together.
#[derive(Default)]
struct Batch {
    roles: Vec<RoleLine>,
    parents: Vec<ParentsLine>,
    members: Vec<MemberLine>,
    invitations: Vec<InvitationLine>,
    audit: Vec<AuditLine>,
}

impl Batch {
    fn is_full(&self) -> bool {
        let people = self.members.len() + self.invitations.len();
        self.roles.len() + self.parents.len() + people + self.audit.len() >= BATCH
    }
}

/// A tenant on its way in.
struct Writing<'a> {
    core: &'a Core,
    tenants: &'a Tenants,
    work: Work<'a>,
    tenant: Tenant,
    /// What the archive calls a role, and what it is called here.
    roles: HashMap<i64, i64>,
    accounts: u64,
    invitations: u64,
}

impl Writing<'_> {
    /// Everything behind the first two lines.
    async fn all(&mut self, lines: &mut Lines) -> Result<Counts> {
        let (mut batch, mut counts) = (Batch::default(), Counts::default());
        loop {
            match lines.next().await? {
                Some(Line::Role(role)) => {
                    counts.roles += 1;
                    batch.roles.push(role);
                }
                Some(Line::Parents(parents)) => {
                    counts.parents += 1;
                    batch.parents.push(parents);
                }
                Some(Line::Member(member)) => {
                    counts.members += 1;
                    batch.members.push(member);
                }
                Some(Line::Invitation(invitation)) => {
                    counts.invitations += 1;
                    batch.invitations.push(invitation);
                }
                Some(Line::Audit(entry)) => {
                    counts.audit_entries += 1;
                    batch.audit.push(entry);
                }
                Some(Line::End(promised)) if promised == counts => break,
                Some(Line::End(_)) => return Err(unreadable("lines are missing").into()),
                Some(Line::Archive(_) | Line::Tenant(_)) => {
                    return Err(unreadable("a second one begins in it").into());
                }
                None => return Err(unreadable("it was cut off").into()),
            }
            if batch.is_full() {
                self.write(std::mem::take(&mut batch)).await?;
            }
        }
        // Only the end of the stream proves that it is what was written.
        if lines.next().await?.is_some() {
            return Err(unreadable("something follows its end").into());
        }
        self.write(batch).await?;
        Ok(counts)
    }

    /// What is referred to comes first.
    async fn write(&mut self, batch: Batch) -> Result<()> {
        self.write_roles(batch.roles).await?;
        self.write_parents(&batch.parents).await?;
        self.write_members(batch.members).await?;
        self.write_invitations(batch.invitations).await?;
        self.write_trail(batch.audit).await
    }

    async fn write_roles(&mut self, lines: Vec<RoleLine>) -> Result<()> {
        let ids = lines.iter().map(|line| (line.row.key, line.row.id)).collect();
        let ids = self.free(Identified::Roles, ids).await?;
        let mut rows = Vec::with_capacity(lines.len());
        for (line, ids) in lines.into_iter().zip(ids) {
            let RoleLine { row, name, description, system, permissions } = line;
            self.roles.insert(row.key, ids.0);
            let (base, parents) = (row.under(ids), Vec::new());
            rows.push(RoleRow { base, name, description, system, permissions, parents });
        }
        Ok(self.work.tx().tenant_content().insert_roles(self.tenant.base.id, &rows).await?)
    }

    async fn write_parents(&self, lines: &[ParentsLine]) -> Result<()> {
        let mut pairs = Vec::new();
        for line in lines {
            let role = self.role(line.role)?;
            pairs.extend(self.roles(&line.parents)?.into_iter().map(|parent| (role, parent)));
        }
        Ok(self.work.tx().tenant_content().insert_parents(self.tenant.base.id, &pairs).await?)
    }

    /// What a role of the archive is called here.
    fn role(&self, key: i64) -> ports::Result<i64> {
        self.roles.get(&key).copied().ok_or_else(|| unreadable("there is a role that it does not describe"))
    }

    fn roles(&self, keys: &[i64]) -> ports::Result<Vec<i64>> {
        keys.iter().map(|key| self.role(*key)).collect()
    }

    async fn write_members(&mut self, lines: Vec<MemberLine>) -> Result<()> {
        let ids = lines.iter().map(|line| (line.row.key, line.row.id)).collect();
        let ids = self.free(Identified::Memberships, ids).await?;
        let people = self.people(&lines).await?;
        let mut rows = Vec::with_capacity(lines.len());
        for ((line, ids), user_id) in lines.into_iter().zip(ids).zip(people) {
            let roles = self.roles(&line.roles)?;
            rows.push(NewMember { base: line.row.under(ids), status: line.status, user_id, roles });
        }
        Ok(self.work.tx().tenant_content().insert_members(self.tenant.base.id, &rows).await?)
    }

    /// Always under new ids: the token of a link is made of the id, and no link that was ever sent shall work here. What
    /// somebody asked who is not known here is left out.
    async fn write_invitations(&mut self, lines: Vec<InvitationLine>) -> Result<()> {
        let hosts: Vec<Email> =
            lines.iter().map(|line| address(&line.invited_by)).collect::<ports::Result<_>>()?;
        let known = self.work.tx().tenant_content().users_at(&hosts).await?;
        let known: HashMap<Email, i64> = known.into_iter().collect();
        let mut rows = Vec::with_capacity(lines.len());
        for (line, host) in lines.into_iter().zip(hosts) {
            let Some(invited_by) = known.get(&host).copied() else { continue };
            let ids = new_ids(self.core)?;
            let (_, hash) = self.tenants.token_of(ids.1)?;
            let (email, roles) = (address(&line.email)?, self.roles(&line.roles)?);
            let (base, expires_at) = (line.row.under(ids), line.expires_at);
            rows.push(NewInvitation { base, email, invited_by, expires_at, hash, roles });
        }
        self.invitations += rows.len() as u64;
        Ok(self.work.tx().tenant_content().insert_invitations(self.tenant.base.id, &rows).await?)
    }

    async fn write_trail(&self, lines: Vec<AuditLine>) -> Result<()> {
        let ids = lines.iter().map(|line| (line.key, line.id)).collect();
        let ids = self.free(Identified::AuditEntries, ids).await?;
        let entries = lines.into_iter().zip(ids).map(|(line, ids)| line.entry(self.tenant.base.id, ids));
        Ok(self.work.tx().bulk().insert_audit_entries(&entries.collect::<Vec<_>>()).await?)
    }

    /// The internal ids of the members, with accounts for those who have none.
    async fn people(&mut self, lines: &[MemberLine]) -> Result<Vec<i64>> {
        let addresses: Vec<Email> =
            lines.iter().map(|line| address(&line.email)).collect::<ports::Result<_>>()?;
        let present = self.work.tx().tenant_content().users_at(&addresses).await?;
        let present: HashMap<Email, i64> = present.into_iter().collect();
        let mut new = Vec::new();
        for (line, email) in lines.iter().zip(&addresses) {
            if !present.contains_key(email) {
                new.push((line, email, self.core.ids.snowflake()?));
            }
        }
        let ids = new.iter().map(|(line, _, id)| (*id, line.user)).collect();
        let ids = self.free(Identified::Users, ids).await?;
        let now = self.core.clock.now();
        let account = |((line, email, _), (id, uuid)): ((&MemberLine, &Email, i64), (i64, Uuid))| {
            let name = line.display_name.as_deref().map(DisplayName::parse).transpose();
            let name = name.map_err(|_| unreadable("a name is none"))?;
            let status = if line.locked { UserStatus::Locked } else { UserStatus::Active };
            Ok(User { status, ..User::new(Base::new(id, uuid, now), email.clone(), name) })
        };
        let accounts: Vec<User> = new.into_iter().zip(ids).map(account).collect::<ports::Result<_>>()?;
        self.work.tx().bulk().insert_users(&accounts).await?;
        self.accounts += accounts.len() as u64;
        let made: HashMap<&Email, i64> = accounts.iter().map(|user| (&user.email, user.base.id)).collect();
        let id = |email: &Email| present.get(email).or_else(|| made.get(email)).copied();
        let ids = addresses.iter().map(|email| id(email).ok_or(Error::NotFound));
        ids.collect()
    }

    /// The same ids, and new ones in place of those that are taken.
    async fn free(&self, of: Identified, ids: Vec<(i64, Uuid)>) -> Result<Vec<(i64, Uuid)>> {
        let taken: HashSet<i64> =
            self.work.tx().tenant_content().taken(of, &ids).await?.into_iter().collect();
        let free = |ids: (i64, Uuid)| if taken.contains(&ids.0) { new_ids(self.core) } else { Ok(ids) };
        ids.into_iter().map(free).collect()
    }
}
