//! PostgreSQL: what its connections are told, and the one that listens.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use ports::{ColumnCipher, Result};
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool};
use tokio_util::task::AbortOnDropHandle;

use super::server::{
    CONNECT, IDLE_TRANSACTION_SECONDS, STATEMENT_SECONDS, Size, logged, pool_options, probe, single,
    wait_for_lock,
};
use crate::conn::Pools;
use crate::error::During;
use crate::remarks::Remarks;
use crate::rights::{self, Grantee, Holds, Role};
use crate::settings::Settings;
use crate::wakeups::Wake;

const MIGRATION_LIMITS: [(&str, &str); 1] = [("lock_timeout", "10s")];
/// Between two tries to listen again.
const RELISTEN: Duration = Duration::from_millis(500);
/// Any number, as long as every version uses the same ("mainstay" in ASCII).
const MIGRATION_LOCK: i64 = 0x6d61_696e_7374_6179;

/// A database on a PostgreSQL server.
#[derive(Clone)]
pub(crate) struct Postgres {
    /// As the URL says.
    login: PgConnectOptions,
    /// As the service acts: the same, in a role.
    options: PgConnectOptions,
    /// Where the owner of the tables logs in, if that is somebody else.
    owner: Option<PgConnectOptions>,
    role: Option<Role>,
    /// Whom reads act as that are part of no transaction, if there is such a role to be had.
    reader: Option<Role>,
    size: Size,
}

impl Postgres {
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        let parse = |url: &str| {
            let options = PgConnectOptions::from_str(url).during(CONNECT)?;
            Ok(logged(options.application_name(settings.kind.application_name()), settings.slow))
        };
        let login = parse(&settings.url)?;
        let owner = settings.owner_url.as_deref().map(parse).transpose()?;
        let (role, size) = (settings.role.clone(), Size::from_settings(settings));
        Ok(Self { options: login.clone(), login, owner, role, reader: None, size })
    }

    /// Sees that the server answers, and takes the roles on, if there are any to be had. As a startup option, that
    /// costs no round trip.
    pub(crate) async fn take_role(&mut self) -> Result<()> {
        let mut connection = probe(&self.login).await?;
        if let Some(role) = &self.role {
            if rights::can_assume(&mut connection, role).await? {
                self.options = acting_as(&self.login, role);
            } else {
                self.role = None;
            }
        }
        if let Some(service) = self.service() {
            self.reader = rights::reader_for(&mut connection, service).await?;
        }
        connection.close().await.during(CONNECT)
    }

    /// Who the service acts as, unless that is the owner.
    fn service(&self) -> Option<&str> {
        match (&self.role, &self.owner) {
            (Some(role), _) => Some(&role.name),
            (None, Some(owner)) if owner.get_username() != self.login.get_username() => {
                Some(self.login.get_username())
            }
            (None, _) => None,
        }
    }

    /// To whom the owner grants: nobody, where the service acts as the owner.
    pub(crate) fn grantees(&self) -> Vec<Grantee> {
        let Some(service) = self.service() else { return Vec::new() };
        let holds = if self.reader.is_some() { Holds::Rows } else { Holds::RowsAndReading };
        let reader = self.reader.iter().map(|reader| Grantee::named(&reader.name, Holds::Reading));
        [Grantee::named(service, holds)].into_iter().chain(reader).collect()
    }

    /// Whom reads act as that are part of no transaction, if that is somebody of its own.
    pub(crate) fn reader(&self) -> Option<&str> {
        self.reader.as_ref().map(|reader| reader.name.as_str())
    }

    /// As the owner of the tables.
    pub(crate) async fn owner(&self) -> Result<DatabaseConnection> {
        connect(self.owner_options().clone()).await
    }

    fn owner_options(&self) -> &PgConnectOptions {
        self.owner.as_ref().unwrap_or(&self.login)
    }

    pub(crate) fn open(&self, cipher: Arc<dyn ColumnCipher>, remarks: &Remarks) -> Pools {
        let wrap = SqlxPostgresConnector::from_sqlx_postgres_pool;
        let write = lazy(limited(&self.options));
        match &self.reader {
            None => self.size.open(write, wrap, cipher, remarks),
            Some(reader) => {
                let read = lazy(limited(&acting_as(&self.login, reader)));
                self.size.open_divided([&read, &write], wrap, cipher, remarks)
            }
        }
    }

    /// One pool for all threads, in the role for reading that the primary has given.
    pub(crate) fn shared(self, primary: &Self) -> DatabaseConnection {
        let role = primary.reader.as_ref().or(primary.role.as_ref());
        let options = role.map_or_else(|| self.login.clone(), |role| acting_as(&self.login, role));
        SqlxPostgresConnector::from_sqlx_postgres_pool(lazy(limited(&options))(self.size.all()))
    }

    pub(crate) async fn heartbeat(&self) -> Result<DatabaseConnection> {
        connect(limited(&self.options).options([("synchronous_commit", "off")])).await
    }

    /// Migrations may take longer than a statement usually may, but not wait for long: behind a lock that is waited
    /// for, everybody waits.
    pub(crate) async fn locked_for_migration(&self) -> Result<DatabaseConnection> {
        let connection = connect(self.owner_options().clone().options(MIGRATION_LIMITS)).await?;
        wait_for_lock(&connection, &format!("SELECT pg_try_advisory_lock({MIGRATION_LOCK})")).await?;
        Ok(connection)
    }

    /// Turns notifications into wake-ups until the handle is dropped. Whatever was missed while the connection
    /// was gone is made up for by a wake-up after each new one.
    pub(crate) fn listen(&self, wake: Wake) -> AbortOnDropHandle<()> {
        let options = self.options.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                if let Err(error) = hear(&options, &wake).await {
                    tracing::warn!(%error, "the database can't be listened to; looking from time to time instead");
                }
                tokio::time::sleep(RELISTEN).await;
            }
        }))
    }
}

/// Runaway statements end, and so do forgotten transactions.
fn limited(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().options([
        ("statement_timeout", format!("{STATEMENT_SECONDS}s")),
        ("idle_in_transaction_session_timeout", format!("{IDLE_TRANSACTION_SECONDS}s")),
    ])
}

fn acting_as(login: &PgConnectOptions, role: &Role) -> PgConnectOptions {
    login.clone().options([("role", &role.name)])
}

fn lazy(options: PgConnectOptions) -> impl Fn(u32) -> PgPool {
    move |connections| pool_options(connections).connect_lazy_with(options.clone())
}

async fn connect(options: PgConnectOptions) -> Result<DatabaseConnection> {
    let pool = single().connect_with(options).await.during(CONNECT)?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

async fn hear(options: &PgConnectOptions, wake: &Wake) -> std::result::Result<(), sqlx::Error> {
    let pool: PgPool = single().connect_with(options.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen("mainstay_wake").await?;
    wake.this_process();
    loop {
        // `None` stands for a lost connection that has been made anew.
        let _ = listener.try_recv().await?;
        wake.this_process();
    }
}
