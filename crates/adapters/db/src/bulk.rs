//! Many rows at once: one statement for as many as the engines' bound on parameters lets through.

use async_trait::async_trait;
use domain::{AuditEntry, Credential, Job, Session, User};
use ports::{BulkQueries, BulkRepo, BulkTable, MembershipRow, Result, TenantRows};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, Iterable};

use crate::access::{ACTIVE, system_role};
use crate::conn::{Conn, Link, Work};
use crate::entity::row_with_base;
use crate::entity::{
    audit_entries, credentials, jobs, membership_roles, memberships, roles, sessions, tenants, users,
};
use crate::error::During;
use crate::reach::Reach;

/// SQLite takes 32,766 values in a statement, the others 65,535.
const VALUES: usize = 32_000;

#[async_trait]
impl<L: Link> BulkQueries for Conn<L> {
    async fn present(&self, table: BulkTable, first: i64, last: i64) -> Result<Vec<i64>> {
        const OPERATION: &str = "bulk.present";
        let name = match table {
            BulkTable::Tenants => "tenants",
            BulkTable::Users => "users",
            BulkTable::AuditEntries => "audit_entries",
        };
        let query = Query::select()
            .column("id")
            .from(name)
            .and_where(Expr::col("id").between(first, last))
            .order_by("id", Order::Asc)
            .to_owned();
        let rows = self.0.read().query_all(&query).await.during(OPERATION)?;
        rows.iter().map(|row| row.try_get("", "id").during(OPERATION)).collect()
    }
}

#[async_trait]
impl BulkRepo for Conn<Work> {
    async fn insert_tenants(&self, tenants: &[TenantRows]) -> Result<()> {
        const OPERATION: &str = "bulk.insert_tenants";
        let of_roles = |TenantRows { tenant, roles }: &TenantRows| {
            let id = Some(tenant.base.id);
            roles.iter().map(|(base, role)| system_role(base, *role, id)).collect::<Vec<_>>()
        };
        let rows = tenants.iter().map(|rows| crate::tenants::row_of(&rows.tenant)).collect();
        insert::<tenants::Entity>(&self.0, rows, OPERATION).await?;
        let rows = tenants.iter().flat_map(of_roles).collect();
        self.0.within(Reach::Seed, OPERATION).await?;
        insert::<roles::Entity>(&self.0, rows, OPERATION).await
    }

    async fn insert_users(&self, users: &[User]) -> Result<()> {
        let rows = users.iter().map(|user| crate::users::row_of(user, self.0.cipher()));
        insert::<users::Entity>(&self.0, rows.collect::<Result<_>>()?, "bulk.insert_users").await
    }

    async fn insert_credentials(&self, credentials: &[Credential]) -> Result<()> {
        let row = |credential: &Credential| {
            row_with_base!(credentials::Model, credential.base, {
                user_id: credential.user_id,
                password_hash: credential.password_hash.clone(),
            })
        };
        let rows = credentials.iter().map(row).collect();
        insert::<credentials::Entity>(&self.0, rows, "bulk.insert_credentials").await
    }

    async fn insert_memberships(&self, members: &[MembershipRow]) -> Result<()> {
        const OPERATION: &str = "bulk.insert_memberships";
        let row = |member: &MembershipRow| {
            row_with_base!(memberships::Model, member.base, {
                tenant_id: member.tenant_id,
                user_id: member.user_id,
                status: ACTIVE.to_owned(),
            })
        };
        let link = |member: &MembershipRow| membership_roles::Model {
            membership_id: member.base.id,
            role_id: member.role_id,
        };
        self.0.within(Reach::Seed, OPERATION).await?;
        insert::<memberships::Entity>(&self.0, members.iter().map(row).collect(), OPERATION).await?;
        insert::<membership_roles::Entity>(&self.0, members.iter().map(link).collect(), OPERATION).await
    }

    async fn insert_sessions(&self, sessions: &[Session]) -> Result<()> {
        let rows = sessions.iter().map(crate::sessions::row_of).collect();
        insert::<sessions::Entity>(&self.0, rows, "bulk.insert_sessions").await
    }

    async fn insert_audit_entries(&self, entries: &[AuditEntry]) -> Result<()> {
        let rows = entries.iter().map(crate::audit::row_of).collect();
        insert::<audit_entries::Entity>(&self.0, rows, "bulk.insert_audit_entries").await
    }

    async fn insert_jobs(&self, jobs: &[Job]) -> Result<()> {
        insert::<jobs::Entity>(&self.0, jobs.iter().map(job_row).collect(), "bulk.insert_jobs").await
    }
}

/// As many statements as their values need.
pub(crate) async fn insert<E>(work: &Work, rows: Vec<E::Model>, operation: &'static str) -> Result<()>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let at_once = VALUES / E::Column::iter().count();
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let some = E::insert_many(rows.by_ref().take(at_once));
        some.exec_without_returning(work.write()).await.during(operation)?;
    }
    Ok(())
}

fn job_row(job: &Job) -> jobs::Model {
    jobs::Model {
        id: job.id,
        uuid: job.uuid,
        created_at: job.created_at,
        queue: job.queue.clone(),
        kind: job.kind.clone(),
        payload: job.payload.to_string(),
        status: job.status.as_str().to_owned(),
        priority: 0,
        attempt: job.attempt,
        max_attempts: job.max_attempts,
        run_at: job.run_at,
        started_at: job.started_at,
        finished_at: job.finished_at,
        progress: job.progress,
        result: job.result.as_ref().map(ToString::to_string),
        last_error: job.last_error.clone(),
        last_reason: job.last_reason.map(|reason| reason.as_str().to_owned()),
        cancel_requested_at: job.cancel_requested_at,
        lease_token: job.lease_token,
        lease_owner: None,
        unique_key: None,
        unique_until: None,
        turn: crate::jobs::turns::own(job.run_at),
        lane: String::new(),
        tenant_id: None,
        traceparent: job.traceparent.clone(),
    }
}
