//! All rows of a database, to be compared with those of another.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, Row, SqliteConnection};

/// The rows of each table as text, sorted.
pub(crate) type Contents = BTreeMap<String, Vec<String>>;

/// Everything in the database at a URL.
pub(crate) async fn contents(url: &str) -> Contents {
    match url.split(':').next() {
        Some("sqlite") => sqlite(url).await,
        Some("mysql") => mysql(url).await,
        _ => postgres(url).await,
    }
}

async fn sqlite(url: &str) -> Contents {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let tables = texts!(
        connection,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    );
    let mut contents = Contents::new();
    for table in tables {
        let columns =
            texts!(connection, format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"));
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        let sql = format!("SELECT {} AS row FROM \"{table}\" ORDER BY 1", quoted.join(" || ',' || "));
        contents.insert(table, texts!(connection, sql));
    }
    connection.close().await.unwrap();
    contents
}

async fn postgres(url: &str) -> Contents {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let tables = texts!(connection, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'");
    let mut contents = Contents::new();
    for table in tables {
        let rows = texts!(connection, format!("SELECT t::text FROM \"{table}\" t ORDER BY 1"));
        contents.insert(table, rows);
    }
    connection.close().await.unwrap();
    contents
}

async fn mysql(url: &str) -> Contents {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let here = "WHERE table_schema = DATABASE()";
    let tables = texts!(
        connection,
        format!("SELECT table_name FROM information_schema.tables {here} AND table_type = 'BASE TABLE'")
    );
    let mut contents = Contents::new();
    for table in tables {
        let of = format!("{here} AND table_name = '{table}' ORDER BY ordinal_position");
        let columns = texts!(connection, format!("SELECT column_name FROM information_schema.columns {of}"));
        let quoted: Vec<String> =
            columns.iter().map(|column| format!("COALESCE(HEX(`{column}`), '-')")).collect();
        let sql = format!(
            "SELECT CAST(CONCAT_WS(',', {}) AS CHAR) AS line FROM `{table}` ORDER BY 1",
            quoted.join(", ")
        );
        contents.insert(table, texts!(connection, sql));
    }
    connection.close().await.unwrap();
    contents
}

/// The first column of each row.
macro_rules! texts {
    ($connection:ident, $sql:expr) => {{
        let rows = $connection.fetch_all(AssertSqlSafe(String::from($sql))).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<String>>()
    }};
}

use texts;
