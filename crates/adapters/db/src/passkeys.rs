//! Passkeys, by credential id; challenges, by hash.

use async_trait::async_trait;
use domain::{Label, Passkey, PasskeyChallenge, PasskeyPurpose, Timestamp};
use ports::{Error, Kind, PasskeyQueries, PasskeyRepo, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::conn::{Conn, Link, Work};
use crate::dialect::delete_some;
use crate::entity::passkey_challenges as challenges;
use crate::entity::passkeys::{Column, Entity, Model};
use crate::error::{During, unreadable};

#[async_trait]
impl<L: Link> PasskeyQueries for Conn<L> {
    async fn of_user(&self, user_id: i64) -> Result<Vec<Passkey>> {
        const OPERATION: &str = "passkeys.of_user";
        let query = Entity::find().filter(Column::UserId.eq(user_id)).order_by_asc(Column::Id);
        let rows = query.all(self.0.read()).await.during(OPERATION)?;
        rows.into_iter().map(|row| passkey_of(row, OPERATION)).collect()
    }

    async fn by_credential(&self, credential_id: &[u8]) -> Result<Passkey> {
        const OPERATION: &str = "passkeys.by_credential";
        let row = called(credential_id).one(self.0.read()).await.during(OPERATION)?;
        passkey_of(row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?, OPERATION)
    }
}

#[async_trait]
impl PasskeyRepo for Conn<Work> {
    async fn insert(&self, passkey: &Passkey) -> Result<()> {
        let row = Model {
            id: passkey.id,
            uuid: passkey.uuid,
            created_at: passkey.created_at,
            user_id: passkey.user_id,
            label: passkey.label.to_string(),
            credential_id: passkey.credential_id.clone(),
            public_key: passkey.public_key.clone(),
            algorithm: passkey.algorithm,
            counter: passkey.counter.into(),
            transports: passkey.transports.join(" "),
            backup_eligible: passkey.backup_eligible,
            backed_up: passkey.backed_up,
            last_used_at: passkey.last_used_at,
        };
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("passkeys.insert")?;
        Ok(())
    }

    async fn lock(&self, credential_id: &[u8]) -> Result<Passkey> {
        const OPERATION: &str = "passkeys.lock";
        let row = called(credential_id).lock_exclusive().one(self.0.write()).await.during(OPERATION)?;
        passkey_of(row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?, OPERATION)
    }

    async fn note_use(&self, passkey_id: i64, counter: u32, backed_up: bool, now: Timestamp) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::Counter, Expr::val(i64::from(counter)))
            .col_expr(Column::BackedUp, Expr::val(backed_up))
            .col_expr(Column::LastUsedAt, Expr::val(now))
            .filter(Column::Id.eq(passkey_id))
            .exec(self.0.write())
            .await
            .during("passkeys.note_use")?;
        Ok(())
    }

    async fn remove(&self, passkey_id: i64) -> Result<()> {
        Entity::delete_by_id(passkey_id).exec(self.0.write()).await.during("passkeys.remove")?;
        Ok(())
    }

    async fn open_challenge(&self, challenge: &PasskeyChallenge) -> Result<()> {
        let row = challenges::Model {
            id: challenge.id,
            purpose: challenge.purpose.as_str().to_owned(),
            hash: challenge.hash.clone(),
            user_id: challenge.user_id,
            expires_at: challenge.expires_at,
        };
        let insert = challenges::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("passkeys.open_challenge")?;
        Ok(())
    }

    /// Who else takes it at the same time waits for this unit of work, and then finds nothing.
    async fn take_challenge(&self, purpose: PasskeyPurpose, hash: &[u8]) -> Result<PasskeyChallenge> {
        const OPERATION: &str = "passkeys.take_challenge";
        let query = challenges::Entity::find()
            .filter(challenges::Column::Hash.eq(hash))
            .filter(challenges::Column::Purpose.eq(purpose.as_str()));
        let row = query.lock_exclusive().one(self.0.write()).await.during(OPERATION)?;
        let row = row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        challenges::Entity::delete_by_id(row.id).exec(self.0.write()).await.during(OPERATION)?;
        let challenges::Model { id, hash, user_id, expires_at, .. } = row;
        Ok(PasskeyChallenge { id, purpose, hash, user_id, expires_at })
    }

    async fn purge_challenges(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let over = challenges::Column::ExpiresAt.lt(before);
        let purge = delete_some::<challenges::Entity>(self.0.write(), over, limit);
        purge.await.during("passkeys.purge_challenges")
    }
}

fn called(credential_id: &[u8]) -> Select<Entity> {
    Entity::find().filter(Column::CredentialId.eq(credential_id))
}

fn passkey_of(row: Model, operation: &'static str) -> Result<Passkey> {
    Ok(Passkey {
        id: row.id,
        uuid: row.uuid,
        user_id: row.user_id,
        label: Label::parse(&row.label).map_err(|_| unreadable(operation, "label"))?,
        credential_id: row.credential_id,
        public_key: row.public_key,
        algorithm: row.algorithm,
        counter: u32::try_from(row.counter).map_err(|_| unreadable(operation, "counter"))?,
        transports: row.transports.split_whitespace().map(str::to_owned).collect(),
        backup_eligible: row.backup_eligible,
        backed_up: row.backed_up,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    })
}
