//! Out: the tenant, its roles and what they inherit, its members, its invitations, its audit entries, in this order, a
//! batch at a time.

use std::collections::HashSet;

use bytes::Bytes;
use domain::{Tenant, TenantScope};
use futures_util::{StreamExt, stream};
use ports::{ByteStream, InvitationRow, MemberRow};
use uuid::Uuid;

use super::lines::{Counts, FORMAT, Head, Line, ParentsLine, piece};
use super::{BATCH, TenantArchives};
use crate::{Action, Context, Core, Result, Work};

const EXPORT: Action = Action { name: "tenant.export", resource: "tenant" };
/// Rows of the trail that are looked at for a batch: few may be the tenant's.
const LOOK: u64 = 5_000;

/// A tenant on its way out.
pub struct Export {
    /// Which.
    pub tenant: Tenant,
    /// The version of the lines.
    pub format: u32,
    /// Its lines. They are whole only if the stream ends without an error.
    pub content: ByteStream<'static>,
}

impl TenantArchives {
    /// Begins to export a tenant, named by its short name or its public id. That it was is on record before the first
    /// line can be read.
    ///
    /// The lines are not of one moment: what changes meanwhile may be in them or not. What they refer to is in them.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn export(&self, context: &Context, which: &str) -> Result<Export> {
        let tenants = self.core.store.tenants();
        let tenant = match Uuid::parse_str(which) {
            Ok(uuid) => tenants.by_uuid(uuid).await?,
            Err(_) => tenants.by_slug(which).await?,
        };
        let scope = TenantScope::Tenant { id: tenant.base.id, uuid: tenant.base.uuid };
        Work::run(&self.core, context, EXPORT, |mut work| async move {
            work.acting_as(context.actor.clone(), scope);
            work.on(scope.tenant_uuid().unwrap_or_default());
            work.commit().await
        })
        .await?;
        let reading = Reading {
            core: self.core.clone(),
            tenant: tenant.clone(),
            stage: Stage::Head,
            roles: HashSet::new(),
            parents: Vec::new(),
            counts: Counts::default(),
        };
        Ok(Export { tenant, format: FORMAT, content: stream::try_unfold(reading, Reading::step).boxed() })
    }
}

/// What is read next, behind which id.
enum Stage {
    Head,
    Roles(i64),
    Parents,
    Members(i64),
    Invitations(i64),
    Trail(i64),
    End,
    Done,
}

struct Reading {
    core: Core,
    tenant: Tenant,
    stage: Stage,
    /// Those that have been written.
    roles: HashSet<i64>,
    /// What waits until all of them have been.
    parents: Vec<ParentsLine>,
    counts: Counts,
}

impl Reading {
    async fn step(mut self) -> ports::Result<Option<(Bytes, Self)>> {
        let lines = match self.stage {
            Stage::Head => {
                self.stage = Stage::Roles(0);
                piece([Line::Archive(Head { format: FORMAT }), Line::from(&self.tenant)])
            }
            Stage::Roles(after) => self.roles(after).await,
            Stage::Parents => self.inheritance(),
            Stage::Members(after) => self.members(after).await,
            Stage::Invitations(after) => self.invitations(after).await,
            Stage::Trail(after) => self.trail(after).await,
            Stage::End => {
                self.stage = Stage::Done;
                piece([Line::End(self.counts)])
            }
            Stage::Done => return Ok(None),
        };
        Ok(Some((lines?, self)))
    }

    async fn roles(&mut self, after: i64) -> ports::Result<Bytes> {
        let rows = self.core.store.tenant_content().roles(self.tenant.base.id, after, BATCH as u64).await?;
        self.stage = match rows.last() {
            Some(last) if rows.len() == BATCH => Stage::Roles(last.base.id),
            _ => Stage::Parents,
        };
        self.counts.roles += rows.len() as u64;
        self.roles.extend(rows.iter().map(|role| role.base.id));
        let heirs = rows.iter().filter(|role| !role.parents.is_empty());
        self.parents
            .extend(heirs.map(|role| ParentsLine { role: role.base.id, parents: role.parents.clone() }));
        piece(rows.into_iter().map(Line::from))
    }

    fn inheritance(&mut self) -> ports::Result<Bytes> {
        self.stage = Stage::Members(0);
        let lines = std::mem::take(&mut self.parents);
        self.counts.parents += lines.len() as u64;
        piece(
            lines
                .into_iter()
                .map(|line| Line::Parents(ParentsLine { parents: self.known(line.parents), ..line })),
        )
    }

    /// Without a role that came into being after the roles were read: a line refers to lines before it.
    fn known(&self, mut roles: Vec<i64>) -> Vec<i64> {
        roles.retain(|role| self.roles.contains(role));
        roles
    }

    async fn members(&mut self, after: i64) -> ports::Result<Bytes> {
        let rows = self.core.store.tenant_content().members(self.tenant.base.id, after, BATCH as u64).await?;
        // Fewer than fit may also mean that somebody was deleted while they were read.
        self.stage = rows.last().map_or(Stage::Invitations(0), |last| Stage::Members(last.base.id));
        self.counts.members += rows.len() as u64;
        let known = |member: MemberRow| MemberRow { roles: self.known(member.roles), ..member };
        piece(rows.into_iter().map(known).map(Line::from))
    }

    async fn invitations(&mut self, after: i64) -> ports::Result<Bytes> {
        let content = self.core.store.tenant_content();
        let rows = content.invitations(self.tenant.base.id, after, BATCH as u64).await?;
        self.stage = rows.last().map_or(Stage::Trail(0), |last| Stage::Invitations(last.base.id));
        self.counts.invitations += rows.len() as u64;
        let known = |row: InvitationRow| InvitationRow { roles: self.known(row.roles), ..row };
        piece(rows.into_iter().map(known).map(Line::from))
    }

    async fn trail(&mut self, after: i64) -> ports::Result<Bytes> {
        let stretch = self.core.store.tenant_content().trail(self.tenant.base.id, after, LOOK).await?;
        self.stage = stretch.next.map_or(Stage::End, Stage::Trail);
        self.counts.audit_entries += stretch.entries.len() as u64;
        piece(stretch.entries.into_iter().map(Line::from))
    }
}
