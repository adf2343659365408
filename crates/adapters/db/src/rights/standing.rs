//! What the service could do to the database that it should not be able to.

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement};

/// How powerful the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whom it acts as.
    pub acts_as: String,
    /// Whoever logged in may do anything on the server, and could again.
    pub superuser: bool,
    /// It owns tables, or may change them.
    pub owner: bool,
    /// Whom its reads act as that are part of no transaction, if that is somebody else (PostgreSQL).
    pub reader: Option<String>,
    /// Without one it reads rows of all tenants itself, in transactions too (PostgreSQL).
    pub reads_of_all: bool,
}

/// Asks the connection that the service uses. `None` on SQLite, which knows no roles.
pub(crate) async fn standing(connection: &DatabaseConnection) -> Result<Option<Standing>, DbErr> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DatabaseBackend::Postgres => {
            "SELECT current_user::text,
                    (SELECT bool_or(rolsuper OR rolbypassrls) FROM pg_roles
                     WHERE rolname IN (current_user, session_user)),
                    EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace
                            AND relkind IN ('r', 'p') AND pg_has_role(current_user, relowner, 'USAGE'))"
        }
        DatabaseBackend::MySql => {
            "SELECT CURRENT_USER(),
                    EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES
                            WHERE GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')
                              AND PRIVILEGE_TYPE IN ('SUPER', 'CREATE USER', 'DROP', 'ALTER')),
                    EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES
                            WHERE GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')
                              AND DATABASE() LIKE TABLE_SCHEMA AND PRIVILEGE_TYPE IN ('DROP', 'ALTER', 'TRIGGER'))"
        }
        _ => return Ok(None),
    };
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("standing".to_owned()))?;
    let (superuser, owner) = (row.try_get_by(1)?, row.try_get_by(2)?);
    Ok(Some(Standing {
        acts_as: row.try_get_by(0)?,
        superuser,
        owner,
        reader: None,
        reads_of_all: backend == DatabaseBackend::Postgres,
    }))
}
