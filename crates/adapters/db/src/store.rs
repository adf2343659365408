//! [`Store`] and [`Tx`]: every repository behind one door, outside and inside a unit of work.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{
    AccessQueries, AccessRepo, ActivityQueries, ApiKeyQueries, ApiKeyRepo, AuditQueries, AuditTrail,
    BulkQueries, BulkRepo, CredentialQueries, CredentialRepo, DeviceQueries, DeviceRepo, Error,
    ExpiredTokens, Fences, IdempotencyKeys, IdentityQueries, IdentityRepo, Inbox, InvitationQueries,
    InvitationRepo, JobControl, JobQueries, JobQueue, KeyQueries, KeyRepo, Kind, LoginAttempts,
    MailTokenQueries, MailTokenRepo, Mailbox, MemberQueries, MemberRepo, MfaQueries, MfaRepo, OAuthQueries,
    OAuthRepo, Outbox, OutboxQueries, PasskeyQueries, PasskeyRepo, PersonalQueries, PersonalRepo,
    RefreshTokenRepo, Relaxed, Result, RoleQueries, RoleRepo, ScheduleQueries, ScheduleRepo, SealedQueries,
    SealedRepo, SessionQueries, SessionRepo, Store, TenantContentQueries, TenantContentRepo, TenantQueries,
    TenantRepo, Tx, UserQueries, UserRepo,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::conn::{ANSWER, Conn, Link, Pools, Work, begin};
use crate::dialect::Dialect;
use crate::error::During;
use crate::migrate;
use crate::raises::Herald;
use crate::replicas::Anywhere;
use crate::wakeups::Wake;
use crate::whole::whole;

/// [`Store`] over the pools.
pub(crate) struct DbStore {
    pub(crate) conn: Conn<Pools>,
    pub(crate) anywhere: Conn<Anywhere>,
    pub(crate) wake: Wake,
    pub(crate) herald: Herald,
}

#[async_trait]
impl Store for DbStore {
    async fn begin(&self) -> Result<Box<dyn Tx>> {
        const OPERATION: &str = "store.begin";
        let pool = self.conn.0.write();
        let begun = begin(pool.plain(), OPERATION).await?;
        let conn = Conn(Work::new(begun, Arc::clone(&self.conn.0.cipher), pool.remarks().clone()));
        Ok(Box::new(DbTx { conn, wake: self.wake.clone(), herald: self.herald.clone() }))
    }

    async fn ping(&self) -> Result<()> {
        const OPERATION: &str = "store.ping";
        let asked = self.conn.0.read().execute_unprepared("SELECT 1");
        match tokio::time::timeout(ANSWER, asked).await {
            Ok(answer) => answer.during(OPERATION).map(|_| ()),
            Err(_) => Err(Error::with(Kind::Unavailable, OPERATION, "no answer")),
        }
    }

    async fn pending_migrations(&self) -> Result<Vec<String>> {
        migrate::pending(self.conn.0.write().plain()).await
    }

    fn relaxed(&self) -> &dyn Relaxed {
        &self.anywhere
    }

    fn users(&self) -> &dyn UserQueries {
        &self.conn
    }

    fn activity(&self) -> &dyn ActivityQueries {
        &self.conn
    }

    fn credentials(&self) -> &dyn CredentialQueries {
        &self.conn
    }

    fn sessions(&self) -> &dyn SessionQueries {
        &self.conn
    }

    fn mail_tokens(&self) -> &dyn MailTokenQueries {
        &self.conn
    }

    fn mfa(&self) -> &dyn MfaQueries {
        &self.conn
    }

    fn devices(&self) -> &dyn DeviceQueries {
        &self.conn
    }

    fn schedules(&self) -> &dyn ScheduleQueries {
        &self.conn
    }

    fn personal(&self) -> &dyn PersonalQueries {
        &self.conn
    }

    fn identities(&self) -> &dyn IdentityQueries {
        &self.conn
    }

    fn oauth(&self) -> &dyn OAuthQueries {
        &self.conn
    }
    fn passkeys(&self) -> &dyn PasskeyQueries {
        &self.conn
    }

    fn api_keys(&self) -> &dyn ApiKeyQueries {
        &self.conn
    }

    fn login_attempts(&self) -> &dyn LoginAttempts {
        &self.conn
    }

    fn idempotency(&self) -> &dyn IdempotencyKeys {
        &self.conn
    }

    fn access(&self) -> &dyn AccessQueries {
        &self.conn
    }

    fn roles(&self) -> &dyn RoleQueries {
        &self.conn
    }

    fn tenants(&self) -> &dyn TenantQueries {
        &self.conn
    }

    fn members(&self) -> &dyn MemberQueries {
        &self.conn
    }

    fn invitations(&self) -> &dyn InvitationQueries {
        &self.conn
    }

    fn keys(&self) -> &dyn KeyQueries {
        &self.conn
    }

    fn sealed(&self) -> &dyn SealedQueries {
        &self.conn
    }

    fn bulk(&self) -> &dyn BulkQueries {
        &self.conn
    }

    fn tenant_content(&self) -> &dyn TenantContentQueries {
        &self.conn
    }

    fn jobs(&self) -> &dyn JobQueries {
        &self.conn
    }

    fn audit(&self) -> &dyn AuditQueries {
        &self.conn
    }

    fn mailbox(&self) -> &dyn Mailbox {
        &self.conn
    }

    fn outbox(&self) -> &dyn OutboxQueries {
        &self.conn
    }
}

/// [`Tx`] over one transaction. Dropped, SeaORM rolls it back.
struct DbTx {
    conn: Conn<Work>,
    wake: Wake,
    herald: Herald,
}

#[async_trait]
impl Tx for DbTx {
    fn users(&self) -> &dyn UserRepo {
        &self.conn
    }

    fn credentials(&self) -> &dyn CredentialRepo {
        &self.conn
    }

    fn sessions(&self) -> &dyn SessionRepo {
        &self.conn
    }

    fn refresh_tokens(&self) -> &dyn RefreshTokenRepo {
        &self.conn
    }

    fn mail_tokens(&self) -> &dyn MailTokenRepo {
        &self.conn
    }

    fn expired_tokens(&self) -> &dyn ExpiredTokens {
        &self.conn
    }

    fn devices(&self) -> &dyn DeviceRepo {
        &self.conn
    }

    fn schedules(&self) -> &dyn ScheduleRepo {
        &self.conn
    }

    fn personal(&self) -> &dyn PersonalRepo {
        &self.conn
    }

    fn login_attempts(&self) -> &dyn LoginAttempts {
        &self.conn
    }

    fn idempotency(&self) -> &dyn IdempotencyKeys {
        &self.conn
    }

    fn mfa(&self) -> &dyn MfaRepo {
        &self.conn
    }

    fn identities(&self) -> &dyn IdentityRepo {
        &self.conn
    }

    fn oauth(&self) -> &dyn OAuthRepo {
        &self.conn
    }
    fn passkeys(&self) -> &dyn PasskeyRepo {
        &self.conn
    }

    fn api_keys(&self) -> &dyn ApiKeyRepo {
        &self.conn
    }

    fn fences(&self) -> &dyn Fences {
        &self.conn
    }

    fn access(&self) -> &dyn AccessRepo {
        &self.conn
    }

    fn roles(&self) -> &dyn RoleRepo {
        &self.conn
    }

    fn tenants(&self) -> &dyn TenantRepo {
        &self.conn
    }

    fn members(&self) -> &dyn MemberRepo {
        &self.conn
    }

    fn invitations(&self) -> &dyn InvitationRepo {
        &self.conn
    }

    fn keys(&self) -> &dyn KeyRepo {
        &self.conn
    }

    fn sealed(&self) -> &dyn SealedRepo {
        &self.conn
    }

    fn bulk(&self) -> &dyn BulkRepo {
        &self.conn
    }

    fn tenant_content(&self) -> &dyn TenantContentRepo {
        &self.conn
    }

    fn jobs(&self) -> &dyn JobQueue {
        &self.conn
    }

    fn job_control(&self) -> &dyn JobControl {
        &self.conn
    }

    fn outbox(&self) -> &dyn Outbox {
        &self.conn
    }

    fn inbox(&self) -> &dyn Inbox {
        &self.conn
    }

    fn audit(&self) -> &dyn AuditTrail {
        &self.conn
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        const OPERATION: &str = "tx.commit";
        let work = self.conn.0;
        if let Some(failure) = work.failure() {
            return Err(failure.error(OPERATION, "a statement of this unit of work failed"));
        }
        let wakes = work.wakes();
        let raise = self.herald.raising(work.raised()).await?;
        let unfinished = || Error::with(Kind::Unavailable, OPERATION, "a statement still runs");
        let transaction = work.into_transaction().ok_or_else(unfinished)?;
        if wakes {
            notify(&transaction).await.during(OPERATION)?;
        }
        fail::fail_point!("tx.before-commit", |_| std::process::abort());
        // Last before the commit: others may believe to be alone once this process's lease is over.
        self.herald.lease.permits_commit()?;
        whole(Dialect::of(&transaction), transaction.commit()).await.during(OPERATION)?;
        fail::fail_point!("tx.after-commit", |_| std::process::abort());
        if wakes {
            self.wake.this_process();
        }
        self.herald.raised(raise).await;
        Ok(())
    }
}

async fn notify(transaction: &DatabaseTransaction) -> std::result::Result<(), sea_orm::DbErr> {
    if let Some(sql) = Dialect::of(transaction).notify() {
        transaction.execute_unprepared(sql).await?;
    }
    Ok(())
}
