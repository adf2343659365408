//! One query, by two drivers.

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row as _;
use uuid::Uuid;

/// The columns that `GET /api/v1/users/me` needs.
const QUERY: &str = "SELECT id, uuid, email, display_name, status, email_verified_at, \
     created_at, updated_at, version FROM users WHERE uuid = $1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    #[serde(skip)]
    _id: i64,
    #[serde(rename = "id")]
    uuid: Uuid,
    email: String,
    display_name: Option<String>,
    status: String,
    email_verified_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i32,
}

pub struct Databases {
    sqlx: sqlx::PgPool,
    tokio_postgres: deadpool_postgres::Pool,
}

impl Databases {
    pub async fn connect(url: &str, max_connections: u32) -> anyhow::Result<Self> {
        let sqlx = sqlx::postgres::PgPoolOptions::new()
            .max_connections(max_connections)
            .connect(url)
            .await
            .context("sqlx can't connect")?;

        let config: tokio_postgres::Config = url.parse().context("tokio-postgres can't read the URL")?;
        let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
        let tokio_postgres =
            deadpool_postgres::Pool::builder(manager).max_size(max_connections as usize).build()?;
        Ok(Self { sqlx, tokio_postgres })
    }

    pub async fn by_sqlx(&self, uuid: Uuid) -> Result<Option<User>, sqlx::Error> {
        let row = sqlx::query(QUERY).bind(uuid).fetch_optional(&self.sqlx).await?;
        row.map(|row| {
            Ok(User {
                _id: row.try_get(0)?,
                uuid: row.try_get(1)?,
                email: row.try_get(2)?,
                display_name: row.try_get(3)?,
                status: row.try_get(4)?,
                email_verified_at: row.try_get(5)?,
                created_at: row.try_get(6)?,
                updated_at: row.try_get(7)?,
                version: row.try_get(8)?,
            })
        })
        .transpose()
    }

    pub async fn by_tokio_postgres(&self, uuid: Uuid) -> anyhow::Result<Option<User>> {
        let client = self.tokio_postgres.get().await?;
        let statement = client.prepare_cached(QUERY).await?;
        let row = client.query_opt(&statement, &[&uuid]).await?;
        row.map(|row| {
            Ok(User {
                _id: row.try_get(0)?,
                uuid: row.try_get(1)?,
                email: row.try_get(2)?,
                display_name: row.try_get(3)?,
                status: row.try_get(4)?,
                email_verified_at: row.try_get(5)?,
                created_at: row.try_get(6)?,
                updated_at: row.try_get(7)?,
                version: row.try_get(8)?,
            })
        })
        .transpose()
    }
}
