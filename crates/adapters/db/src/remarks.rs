//! What a statement says about why it is run: a comment behind it, by which the server's own lists and logs name the
//! route and the use case. Written as the sqlcommenter specification has it: keys sorted, values URL-encoded.
//!
//! **Invariant:** a remark has no more forms than there are routes and kinds of jobs. Prepared statements are kept by
//! their text, so an id in it would make each of them new.

use std::fmt::Write;
use std::sync::Arc;

use async_trait::async_trait;
use ports::{Errand, Errands};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::dialect::Dialect;
use crate::whole::whole;

/// What is written behind statements; by default nothing.
#[derive(Clone, Default)]
pub(crate) struct Remarks(Option<Arc<dyn Errands>>);

impl Remarks {
    pub(crate) fn new(errands: Option<Arc<dyn Errands>>) -> Self {
        Self(errands)
    }

    /// The statement, with what the calling task is about. At the level `trace` the log shows it, without its values.
    pub(crate) fn behind(&self, mut statement: Statement) -> Statement {
        tracing::trace!(sql = statement.sql, "statement");
        if let Some(errand) = self.0.as_ref().and_then(|errands| errands.current()) {
            write(&errand, &mut statement.sql);
        }
        statement
    }
}

fn write(errand: &Errand, sql: &mut String) {
    sql.push_str(" /*");
    if let Some(route) = &errand.route {
        sql.push_str("route='");
        encode(route, sql);
        sql.push_str("',");
    }
    sql.push_str("use_case='");
    encode(&errand.use_case, sql);
    sql.push_str("'*/");
}

/// RFC 3986, section 2.3: everything but the unreserved characters. No quote, star or placeholder is left over.
fn encode(text: &str, sql: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            sql.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(sql, "%{byte:02X}");
        }
    }
}

/// A pool whose statements have a remark.
#[derive(Clone)]
pub(crate) struct Remarked {
    connection: DatabaseConnection,
    remarks: Remarks,
}

impl Remarked {
    pub(crate) fn new(connection: DatabaseConnection, remarks: Remarks) -> Self {
        Self { connection, remarks }
    }

    /// The pool itself.
    pub(crate) fn plain(&self) -> &DatabaseConnection {
        &self.connection
    }

    pub(crate) fn remarks(&self) -> &Remarks {
        &self.remarks
    }
}

#[async_trait]
impl ConnectionTrait for Remarked {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let (connection, statement) = (self.connection.clone(), self.remarks.behind(statement));
        whole(Dialect::of(self), async move { connection.execute_raw(statement).await }).await
    }

    /// Without a remark: what has no parameters is ours alone (`SELECT 1`, `NOTIFY`).
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let (connection, sql) = (self.connection.clone(), sql.to_owned());
        whole(Dialect::of(self), async move { connection.execute_unprepared(&sql).await }).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let (connection, statement) = (self.connection.clone(), self.remarks.behind(statement));
        whole(Dialect::of(self), async move { connection.query_one_raw(statement).await }).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (connection, statement) = (self.connection.clone(), self.remarks.behind(statement));
        whole(Dialect::of(self), async move { connection.query_all_raw(statement).await }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remark(route: Option<&str>, use_case: &str) -> String {
        let errand = Errand { route: route.map(str::to_owned), use_case: use_case.to_owned() };
        let mut sql = String::from("SELECT $1");
        write(&errand, &mut sql);
        sql
    }

    #[test]
    fn keys_are_sorted_and_values_encoded() {
        let list = remark(Some("/api/v1/users"), "users.list");
        assert_eq!(list, "SELECT $1 /*route='%2Fapi%2Fv1%2Fusers',use_case='users.list'*/");
        assert_eq!(remark(None, "maintenance.purge"), "SELECT $1 /*use_case='maintenance.purge'*/");
    }

    #[test]
    fn nothing_ends_the_comment() {
        let remark = remark(Some("*/ ' ? {id}"), "ü\\");
        assert_eq!(remark, "SELECT $1 /*route='%2A%2F%20%27%20%3F%20%7Bid%7D',use_case='%C3%BC%5C'*/");
    }
}
