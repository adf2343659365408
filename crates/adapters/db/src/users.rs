//! Users.

use async_trait::async_trait;
use domain::{DisplayName, Email, Locale, Phone, SearchKey, TimeZone, Timestamp, User, UserStatus};
use ports::{ColumnCipher, Error, Kind, Page, PageOf, Result, SortKey, UserFilter, UserQueries, UserRepo};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Select};
use uuid::Uuid;

use crate::conn::{Conn, Link, Work};
use crate::dialect::{Dialect, statement};
use crate::entity::users::{ActiveModel, Column, Entity, Model};
use crate::entity::{base_of, row_with_base};
use crate::error::{During, unreadable};
use crate::paging::{Listed, bounded, count, page};
use crate::person_keys;
use crate::sealed::{self, PHONE};
use crate::soft_delete::{self, aggregate, deleted};

/// The read of nearly every request, spelled out: building the same statement anew each time costs more than all
/// else that happens to it on our side.
const BY_UUID: &str = "SELECT id, uuid, created_at, updated_at, deleted_at, version, email, display_name, status, \
                       email_verified_at, auth_revision, phone_sealed, phone_index, pending_email, email_key, name_key, \
                       locale, time_zone FROM users WHERE uuid = $1 AND deleted_at IS NULL";

#[async_trait]
impl<L: Link> UserQueries for Conn<L> {
    async fn by_id(&self, id: i64) -> Result<User> {
        one(&self.0, live().filter(Column::Id.eq(id)), "users.by_id").await
    }

    async fn by_uuid(&self, uuid: Uuid) -> Result<User> {
        const OPERATION: &str = "users.by_uuid";
        let connection = self.0.read();
        let statement = statement(connection, BY_UUID, [uuid.into()]);
        let row = Entity::find().from_raw_sql(statement).one(connection).await.during(OPERATION)?;
        let row = row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        user_of(row, self.0.cipher(), OPERATION)
    }

    async fn by_email(&self, email: &Email) -> Result<User> {
        one(&self.0, live().filter(Column::Email.eq(email.as_str())), "users.by_email").await
    }

    async fn deleted_by_uuid(&self, uuid: Uuid) -> Result<User> {
        one(&self.0, deleted().filter(Column::Uuid.eq(uuid)), "users.deleted_by_uuid").await
    }

    async fn list(&self, filter: &UserFilter, at: &Page) -> Result<PageOf<User>> {
        const OPERATION: &str = "users.list";
        let on = self.0.read();
        let query = reachable(wanted(filter, &at.sort, Dialect::of(on)), filter, self.0.cipher());
        let found = page(query, at, on, OPERATION).await?;
        found.try_map(|row| user_of(row, self.0.cipher(), OPERATION))
    }

    async fn count(&self, filter: &UserFilter) -> Result<u64> {
        let on = self.0.read();
        let query = reachable(wanted(filter, &[], Dialect::of(on)), filter, self.0.cipher());
        count(query, on, "users.count").await
    }

    async fn is_empty(&self) -> Result<bool> {
        let query = Entity::find().select_only().column(Column::Id).limit(1).into_tuple::<i64>();
        Ok(query.one(self.0.read()).await.during("users.is_empty")?.is_none())
    }
}

#[async_trait]
impl UserRepo for Conn<Work> {
    async fn insert(&self, user: &User) -> Result<()> {
        let row = row_of(user, self.0.cipher())?.into_active_model();
        Entity::insert(row).exec_without_returning(self.0.write()).await.during("users.insert")?;
        person_keys::create(&self.0, user.base.id, user.base.uuid, "users.insert").await
    }

    async fn claim(&self, user: &User) -> Result<User> {
        const OPERATION: &str = "users.claim";
        let row = row_of(user, self.0.cipher())?;
        let stored = |column: Column| Expr::col((Entity, column));
        let unproven = |new: Expr, column: Column| {
            let new = Expr::case(stored(Column::EmailVerifiedAt).is_null(), new).finally(stored(column));
            (column, new.into())
        };
        let taken = OnConflict::column(Column::Email)
            .target_and_where(Expr::col(Column::DeletedAt).is_null())
            .values([
                unproven(Expr::val(row.display_name.clone()), Column::DisplayName),
                unproven(Expr::val(row.name_key.clone()), Column::NameKey),
                unproven(Expr::val(row.updated_at), Column::UpdatedAt),
                unproven(stored(Column::Version).add(1), Column::Version),
            ])
            .to_owned();
        let insert = Entity::insert(row.into_active_model()).on_conflict(taken);
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        let holder = self.by_email(&user.email).await?;
        person_keys::create(&self.0, holder.base.id, holder.base.uuid, OPERATION).await?;
        Ok(holder)
    }

    async fn update(&self, user: &User) -> Result<()> {
        const OPERATION: &str = "users.update";
        let seen = user.base.version;
        let phone =
            sealed::write(self.0.cipher(), PHONE, user.base.uuid, user.phone.as_ref().map(Phone::expose))?;
        let done = Entity::update_many()
            .set(ActiveModel {
                email: Set(user.email.to_string()),
                email_key: Set(email_key(user)),
                pending_email: Set(user.pending_email.as_ref().map(ToString::to_string)),
                display_name: Set(user.display_name.as_ref().map(ToString::to_string)),
                name_key: Set(name_key(user)),
                status: Set(user.status.as_str().to_owned()),
                email_verified_at: Set(user.email_verified_at),
                updated_at: Set(user.base.updated_at),
                deleted_at: Set(user.base.deleted_at),
                version: Set(seen + 1),
                locale: Set(user.locale.as_ref().map(ToString::to_string)),
                time_zone: Set(user.time_zone.as_ref().map(ToString::to_string)),
                phone_sealed: Set(phone.sealed),
                phone_index: Set(phone.index),
                ..Default::default()
            })
            .col_expr(Column::AuthRevision, never_lower_than(user.auth_revision))
            .filter(Column::Id.eq(user.base.id))
            .filter(Column::Version.eq(seen))
            .filter(Column::DeletedAt.is_null())
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        // Whoever is gone has no revision any more.
        if user.base.deleted_at.is_some() {
            self.0.raised().user(user.base.id);
        }
        if done.rows_affected == 0 { Err(Error::new(Kind::Precondition, OPERATION)) } else { Ok(()) }
    }

    async fn restore(&self, user: &User) -> Result<()> {
        soft_delete::restore::<Entity>(&user.base, self.0.write(), "users.restore").await
    }

    async fn purge(&self, before: Timestamp, limit: u64) -> Result<Vec<Uuid>> {
        soft_delete::purge::<Entity>(before, limit, self.0.write(), "users.purge").await
    }

    /// No address has an empty key, so the index finds the rows that lack theirs.
    async fn complete_search_keys(&self, limit: u64) -> Result<u64> {
        const OPERATION: &str = "users.complete_search_keys";
        let live = soft_delete::live_by_index::<Entity>(Dialect::of(self.0.write()));
        let lacking = live.filter(Column::EmailKey.eq("")).limit(bounded(limit)).lock_exclusive();
        let rows = lacking.all(self.0.write()).await.during(OPERATION)?;
        let found = rows.len() as u64;
        for row in rows {
            let user = user_of(row, self.0.cipher(), OPERATION)?;
            Entity::update_many()
                .col_expr(Column::EmailKey, Expr::val(email_key(&user)))
                .col_expr(Column::NameKey, Expr::val(name_key(&user)))
                .filter(Column::Id.eq(user.base.id))
                .exec(self.0.write())
                .await
                .during(OPERATION)?;
        }
        Ok(found)
    }

    async fn bump_auth_revision(&self, id: i64) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::AuthRevision, Expr::col(Column::AuthRevision).add(1))
            .filter(Column::Id.eq(id))
            .exec(self.0.write())
            .await
            .during("users.bump_auth_revision")?;
        self.0.raised().user(id);
        Ok(())
    }
}

/// `bump_auth_revision` does not touch the version, so this update may have been read before a bump.
/// Writing the older number back would revive what replicas remember.
fn never_lower_than(revision: i64) -> Expr {
    let stored = Expr::col(Column::AuthRevision);
    Expr::case(stored.clone().lt(revision), Expr::val(revision)).finally(stored).into()
}

aggregate!(Entity, Column);

impl Listed for Entity {
    const ID: Column = Column::Id;

    fn sort_column(field: &str) -> Option<Column> {
        match field {
            "createdAt" => Some(Column::CreatedAt),
            "email" => Some(Column::EmailKey),
            "displayName" => Some(Column::NameKey),
            _ => None,
        }
    }
}

fn live() -> Select<Entity> {
    soft_delete::live()
}

/// Rows of a list. The status is looked up where its index also has the order; otherwise the order's own index is
/// walked, and the status checked.
pub(crate) fn wanted(filter: &UserFilter, sort: &[SortKey], dialect: Dialect) -> Select<Entity> {
    let rows = if filter.deleted { deleted() } else { soft_delete::live_by_index(dialect) };
    let by_time = matches!(sort, [] | [SortKey { field: "createdAt", .. }]);
    let status = Column::Status.into_expr();
    let status = if by_time { status } else { dialect.only_checked(status) };
    let proven = Column::EmailVerifiedAt;
    let verified = |yes: bool| if yes { proven.is_not_null() } else { proven.is_null() };
    let begins = |column: Column, key: &SearchKey| column.gte(key.as_str()).and(column.lt(key.end()));
    let found = |key: &SearchKey| begins(Column::EmailKey, key).or(begins(Column::NameKey, key));
    rows.filter(
        Condition::all()
            .add_option(filter.status.map(|wanted| status.eq(wanted.as_str())))
            .add_option(filter.verified.map(verified))
            .add_option(filter.search.as_ref().map(found)),
    )
}

/// Those with the number that is asked for, by the index under each key there is.
fn reachable(rows: Select<Entity>, filter: &UserFilter, cipher: &dyn ColumnCipher) -> Select<Entity> {
    match &filter.phone {
        Some(phone) => rows.filter(Column::PhoneIndex.is_in(sealed::indices(cipher, PHONE, phone.expose()))),
        None => rows,
    }
}

fn email_key(user: &User) -> String {
    SearchKey::of(user.email.as_str()).as_str().to_owned()
}

/// Empty without a name, so that such users are at one end of the list on every engine.
fn name_key(user: &User) -> String {
    let key = user.display_name.as_ref().map(|name| SearchKey::of(name.as_str()));
    key.unwrap_or_default().as_str().to_owned()
}

async fn one(link: &impl Link, query: Select<Entity>, operation: &'static str) -> Result<User> {
    let row = query.one(link.read()).await.during(operation)?;
    user_of(row.ok_or_else(|| Error::new(Kind::NotFound, operation))?, link.cipher(), operation)
}

fn user_of(row: Model, cipher: &dyn ColumnCipher, operation: &'static str) -> Result<User> {
    let phone = sealed::read(cipher, PHONE, row.uuid, row.phone_sealed.as_deref(), operation)?;
    let phone = phone.map(|text| Phone::parse(&text)).transpose();
    let email = Email::parse(&row.email).map_err(|_| unreadable(operation, "e-mail address"))?;
    let pending_email = row.pending_email.as_deref().map(Email::parse).transpose();
    let display_name = row.display_name.as_deref().map(DisplayName::parse).transpose();
    Ok(User {
        base: base_of!(row),
        email,
        pending_email: pending_email.map_err(|_| unreadable(operation, "e-mail address"))?,
        display_name: display_name.map_err(|_| unreadable(operation, "display name"))?,
        phone: phone.map_err(|_| unreadable(operation, "telephone number"))?,
        locale: row.locale.map(Locale::from_stored),
        time_zone: row.time_zone.map(TimeZone::from_stored),
        status: UserStatus::from_stored(&row.status),
        email_verified_at: row.email_verified_at,
        auth_revision: row.auth_revision,
    })
}

pub(crate) fn row_of(user: &User, cipher: &dyn ColumnCipher) -> Result<Model> {
    let phone = sealed::write(cipher, PHONE, user.base.uuid, user.phone.as_ref().map(Phone::expose))?;
    Ok(row_with_base!(Model, user.base, {
        email: user.email.to_string(),
        display_name: user.display_name.as_ref().map(ToString::to_string),
        status: user.status.as_str().to_owned(),
        email_verified_at: user.email_verified_at,
        auth_revision: user.auth_revision,
        email_key: email_key(user),
        name_key: name_key(user),
        phone_sealed: phone.sealed,
        phone_index: phone.index,
        pending_email: user.pending_email.as_ref().map(ToString::to_string),
        locale: user.locale.as_ref().map(ToString::to_string),
        time_zone: user.time_zone.as_ref().map(ToString::to_string),
    }))
}
