//! [`ports::ExpiredTokens`].

use domain::{MailPurpose, MailToken, RefreshToken};
use ports::PurgedTokens;

use super::sessions;
use crate::bench::Bench;
use crate::samples::{at, hash, id, refresh_token};

const PURPOSE: MailPurpose = MailPurpose::VerifyEmail;

/// Tokens of both kinds that expire then.
async fn written(bench: &Bench, expiries: &[i64]) -> Vec<(RefreshToken, MailToken)> {
    let session = sessions::written(bench, |_| {}).await;
    let mut tokens = Vec::new();
    for expires_at in expiries.iter().map(|seconds| at(*seconds)) {
        let refresh = RefreshToken { expires_at, ..refresh_token(session.base.id) };
        let mail =
            MailToken { id: id(), user_id: session.user_id, purpose: PURPOSE, hash: hash(), expires_at };
        bench
            .commit(async |tx| {
                tx.refresh_tokens().insert(&refresh).await?;
                tx.mail_tokens().insert(&mail).await
            })
            .await;
        tokens.push((refresh, mail));
    }
    tokens
}

async fn purge(bench: &Bench, refresh_before: i64, mail_before: i64, limit: u64) -> (u64, u64) {
    let purged = bench
        .commit(async |tx| tx.expired_tokens().purge(at(refresh_before), at(mail_before), limit).await)
        .await;
    let PurgedTokens { refresh, mail } = purged;
    (refresh, mail)
}

async fn left(bench: &Bench, tokens: &[(RefreshToken, MailToken)]) -> (usize, usize) {
    let (mut refresh, mut mail) = (0, 0);
    for (one, other) in tokens {
        let tx = bench.begin().await;
        refresh += usize::from(tx.refresh_tokens().lock_by_hash(&one.hash).await.is_ok());
        mail += usize::from(tx.mail_tokens().take(PURPOSE, &other.hash).await.is_ok());
    }
    (refresh, mail)
}

/// "Removes refresh tokens that expired before `refresh_before`, and mailed ones that expired before `mail_before`."
pub async fn each_kind_has_its_own_time(bench: &Bench) {
    let tokens = written(bench, &[10, 20, 30]).await;
    assert_eq!(purge(bench, 10, 10, 100).await, (0, 0), "what expires then has not expired before");
    assert_eq!(purge(bench, 11, 21, 100).await, (1, 2));
    assert_eq!(left(bench, &tokens).await, (2, 1));
    assert_eq!(purge(bench, 11, 21, 100).await, (0, 0));
}

/// "At most `limit` of each."
pub async fn keeps_to_its_limit(bench: &Bench) {
    let tokens = written(bench, &[10, 11, 12]).await;
    assert_eq!(purge(bench, 100, 100, 2).await, (2, 2));
    assert_eq!(left(bench, &tokens).await, (1, 1));
    assert_eq!(purge(bench, 100, 100, 2).await, (1, 1));
    assert_eq!(left(bench, &tokens).await, (0, 0));
}

/// With its unit of work it is undone.
pub async fn a_rolled_back_purge_leaves_them(bench: &Bench) {
    let tokens = written(bench, &[10]).await;
    let tx = bench.begin().await;
    let purged = tx.expired_tokens().purge(at(100), at(100), 10).await.unwrap();
    assert_eq!(purged, PurgedTokens { refresh: 1, mail: 1 });
    drop(tx);
    assert_eq!(left(bench, &tokens).await, (1, 1));
}
