//! Second factors.

use async_trait::async_trait;
use domain::{AuthMethods, MfaChallenge, Timestamp, TotpEnrollment, TotpSecret};
use ports::{ColumnCipher, Error, Kind, MfaQueries, MfaRepo, Result};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Select};

use crate::conn::{Conn, Link, Work};
use crate::dialect::delete_some;
use crate::entity::{mfa_challenges as challenges, recovery_codes as codes, totp_enrollments as totp};
use crate::error::{During, unreadable};
use crate::sealed::TOTP;

#[async_trait]
impl<L: Link> MfaQueries for Conn<L> {
    async fn totp_of(&self, user_id: i64) -> Result<TotpEnrollment> {
        const OPERATION: &str = "mfa.totp_of";
        let query = totp::Entity::find().filter(totp::Column::UserId.eq(user_id));
        let row = query.one(self.0.read()).await.during(OPERATION)?;
        enrollment_of(row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?, self.0.cipher(), OPERATION)
    }

    async fn challenge(&self, hash: &[u8]) -> Result<MfaChallenge> {
        const OPERATION: &str = "mfa.challenge";
        let row = challenge_by(hash).one(self.0.read()).await.during(OPERATION)?;
        challenge_of(row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?, OPERATION)
    }
}

#[async_trait]
impl MfaRepo for Conn<Work> {
    async fn enroll(&self, enrollment: &TotpEnrollment) -> Result<()> {
        const OPERATION: &str = "mfa.enroll";
        totp::Entity::delete_many()
            .filter(totp::Column::UserId.eq(enrollment.user_id))
            .filter(totp::Column::ConfirmedAt.is_null())
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        let secret = self.0.cipher().seal(TOTP, enrollment.uuid, enrollment.secret.expose())?;
        let row = totp::Model {
            id: enrollment.id,
            uuid: enrollment.uuid,
            user_id: enrollment.user_id,
            secret_sealed: secret,
            created_at: enrollment.created_at,
            confirmed_at: enrollment.confirmed_at,
            last_step: enrollment.last_step,
        };
        let insert = totp::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        Ok(())
    }

    async fn confirm(&self, user_id: i64, step: i64, now: Timestamp) -> Result<()> {
        const OPERATION: &str = "mfa.confirm";
        let done = totp::Entity::update_many()
            .col_expr(totp::Column::ConfirmedAt, Expr::val(now))
            .col_expr(totp::Column::LastStep, Expr::val(step))
            .filter(totp::Column::UserId.eq(user_id))
            .filter(totp::Column::ConfirmedAt.is_null())
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::Conflict, OPERATION)) } else { Ok(()) }
    }

    async fn use_step(&self, user_id: i64, step: i64) -> Result<()> {
        const OPERATION: &str = "mfa.use_step";
        let done = totp::Entity::update_many()
            .col_expr(totp::Column::LastStep, Expr::val(step))
            .filter(totp::Column::UserId.eq(user_id))
            .filter(totp::Column::LastStep.lt(step))
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::Precondition, OPERATION)) } else { Ok(()) }
    }

    async fn remove(&self, user_id: i64) -> Result<bool> {
        const OPERATION: &str = "mfa.remove";
        let on = self.0.write();
        let theirs = codes::Column::UserId.eq(user_id);
        codes::Entity::delete_many().filter(theirs).exec(on).await.during(OPERATION)?;
        let theirs = totp::Column::UserId.eq(user_id);
        let removed = totp::Entity::delete_many().filter(theirs).exec(on).await.during(OPERATION)?;
        Ok(removed.rows_affected > 0)
    }

    async fn replace_recovery_codes(&self, user_id: i64, hashes: &[(i64, Vec<u8>)]) -> Result<()> {
        const OPERATION: &str = "mfa.replace_recovery_codes";
        let theirs = codes::Column::UserId.eq(user_id);
        codes::Entity::delete_many().filter(theirs).exec(self.0.write()).await.during(OPERATION)?;
        let row = |(id, hash): &(i64, Vec<u8>)| {
            codes::Model { id: *id, user_id, hash: hash.clone() }.into_active_model()
        };
        let insert = codes::Entity::insert_many(hashes.iter().map(row));
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        Ok(())
    }

    async fn take_recovery_code(&self, user_id: i64, hash: &[u8]) -> Result<()> {
        const OPERATION: &str = "mfa.take_recovery_code";
        let done = codes::Entity::delete_many()
            .filter(codes::Column::UserId.eq(user_id))
            .filter(codes::Column::Hash.eq(hash))
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::NotFound, OPERATION)) } else { Ok(()) }
    }

    async fn open_challenge(&self, challenge: &MfaChallenge) -> Result<()> {
        let row = challenges::Model {
            id: challenge.id,
            user_id: challenge.user_id,
            hash: challenge.hash.clone(),
            methods: challenge.methods.to_string(),
            tenant: challenge.tenant,
            tries: challenge.tries,
            expires_at: challenge.expires_at,
        };
        let insert = challenges::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("mfa.open_challenge")?;
        Ok(())
    }

    async fn lock_challenge(&self, hash: &[u8]) -> Result<MfaChallenge> {
        const OPERATION: &str = "mfa.lock_challenge";
        let row = challenge_by(hash).lock_exclusive().one(self.0.write()).await.during(OPERATION)?;
        challenge_of(row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?, OPERATION)
    }

    async fn count_try(&self, challenge_id: i64) -> Result<()> {
        challenges::Entity::update_many()
            .col_expr(challenges::Column::Tries, Expr::col(challenges::Column::Tries).add(1))
            .filter(challenges::Column::Id.eq(challenge_id))
            .exec(self.0.write())
            .await
            .during("mfa.count_try")?;
        Ok(())
    }

    async fn close_challenge(&self, challenge_id: i64) -> Result<()> {
        let delete = challenges::Entity::delete_by_id(challenge_id);
        delete.exec(self.0.write()).await.during("mfa.close_challenge")?;
        Ok(())
    }

    async fn purge_challenges(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let over = challenges::Column::ExpiresAt.lt(before);
        delete_some::<challenges::Entity>(self.0.write(), over, limit).await.during("mfa.purge_challenges")
    }
}

fn challenge_by(hash: &[u8]) -> Select<challenges::Entity> {
    challenges::Entity::find().filter(challenges::Column::Hash.eq(hash))
}

fn challenge_of(row: challenges::Model, operation: &'static str) -> Result<MfaChallenge> {
    Ok(MfaChallenge {
        id: row.id,
        user_id: row.user_id,
        hash: row.hash,
        methods: AuthMethods::parse(&row.methods).map_err(|_| unreadable(operation, "first factor"))?,
        tenant: row.tenant,
        tries: row.tries,
        expires_at: row.expires_at,
    })
}

fn enrollment_of(
    row: totp::Model,
    cipher: &dyn ColumnCipher,
    operation: &'static str,
) -> Result<TotpEnrollment> {
    let secret = cipher.open(TOTP, row.uuid, &row.secret_sealed)?;
    Ok(TotpEnrollment {
        id: row.id,
        uuid: row.uuid,
        user_id: row.user_id,
        secret: TotpSecret::from_stored(&secret).map_err(|_| unreadable(operation, "second factor"))?,
        created_at: row.created_at,
        confirmed_at: row.confirmed_at,
        last_step: row.last_step,
    })
}
