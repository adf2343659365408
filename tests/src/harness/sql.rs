//! The database seen with the eyes of an operator at its prompt: for what no route tells, and no route may do.

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row, SqliteConnection};

use super::Profile;
use super::installation::Installation;

macro_rules! first_columns {
    ($connection:ty, $url:expr, $statement:expr) => {{
        let mut connection = <$connection>::connect($url).await.unwrap();
        let rows = sqlx::query($statement).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }};
}

impl Installation {
    /// Runs a statement; every row's first column, which must be text.
    pub(crate) async fn sql(&self, statement: &'static str) -> Vec<String> {
        let url = &self.database_url();
        match self.profile {
            Profile::Embedded => first_columns!(SqliteConnection, url, statement),
            Profile::Postgres => first_columns!(PgConnection, url, statement),
            Profile::Mysql => first_columns!(MySqlConnection, url, statement),
        }
    }
}
