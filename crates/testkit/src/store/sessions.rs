//! [`ports::SessionQueries`] and [`ports::SessionRepo`].

use domain::{AuthMethod, AuthMethods, Session};
use ports::{Kind, SESSION_ORDERS, SessionFilter};

use crate::bench::Bench;
use crate::listing::keeps_its_orders;
use crate::samples::{at, id, refresh_token, session, user, uuid};

/// A session of a new user, after `change`.
pub(super) async fn written(bench: &Bench, change: impl FnOnce(&mut Session)) -> Session {
    let user = user();
    let mut session = session(user.base.id);
    change(&mut session);
    bench
        .commit(async |tx| {
            tx.users().insert(&user).await?;
            tx.sessions().insert(&session).await
        })
        .await;
    session
}

async fn read(bench: &Bench, session: &Session) -> Session {
    bench.store.sessions().by_uuid(session.base.uuid).await.unwrap()
}

/// "By public id", "by internal id": as it was written. `NotFound`.
pub async fn reads_back_every_field(bench: &Bench) {
    let full = written(bench, |_| {}).await;
    let bare = written(bench, |session| {
        session.tenant_id = None;
        session.ip = None;
        session.user_agent = None;
    })
    .await;
    let tx = bench.begin().await;
    for session in [full, bare] {
        assert_eq!(read(bench, &session).await, session);
        assert_eq!(tx.sessions().by_id(session.base.id).await.unwrap(), session);
        assert_eq!(tx.sessions().by_uuid(session.base.uuid).await.unwrap(), session);
    }
    assert_eq!(bench.store.sessions().by_uuid(uuid()).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(tx.sessions().by_id(id()).await.unwrap_err().kind(), Kind::NotFound);
}

/// "Ended ones too."
pub async fn ended_ones_are_found(bench: &Bench) {
    let session = written(bench, |session| session.revoked_at = Some(at(-5))).await;
    assert_eq!(read(bench, &session).await, session);
    assert_eq!(bench.begin().await.sessions().by_id(session.base.id).await.unwrap(), session);
}

/// "Notes that its person has proven anew who they are, and how."
pub async fn a_new_proof_is_noted(bench: &Bench) {
    let mut session = written(bench, |_| {}).await;
    let methods = AuthMethods::of(AuthMethod::Passkey);
    bench.commit(async |tx| tx.sessions().reauthenticate(session.base.id, &methods, at(78)).await).await;
    (session.authenticated_at, session.methods) = (at(78), methods);
    session.base.updated_at = at(78);
    session.base.version += 1;
    assert_eq!(read(bench, &session).await, session);
}

/// "Notes that a session was used."
pub async fn a_touch_is_noted(bench: &Bench) {
    let mut session = written(bench, |_| {}).await;
    bench.commit(async |tx| tx.sessions().touch(session.base.id, at(77)).await).await;
    session.last_used_at = at(77);
    session.base.updated_at = at(77);
    session.base.version += 1;
    assert_eq!(read(bench, &session).await, session);
}

/// "Where the last use that is known is a minute older. Nothing else about them moves."
pub async fn uses_are_noted_by_the_minute(bench: &Bench) {
    let mut long_ago = written(bench, |session| session.last_used_at = at(0)).await;
    let lately = written(bench, |session| session.last_used_at = at(1)).await;
    let other = written(bench, |session| session.last_used_at = at(0)).await;
    let ids = [long_ago.base.id, lately.base.id, id()];
    bench.commit(async |tx| tx.sessions().note_uses(&ids, at(60)).await).await;
    long_ago.last_used_at = at(60);
    for session in [long_ago, lately, other] {
        assert_eq!(read(bench, &session).await, session);
    }
}

/// "Ends a session; ending an ended one changes nothing. True when this call ended it."
pub async fn ends_once(bench: &Bench) {
    let session = written(bench, |_| {}).await;
    assert!(bench.commit(async |tx| tx.sessions().revoke(session.base.id, at(5)).await).await);
    let ended = read(bench, &session).await;
    assert_eq!(ended.revoked_at, Some(at(5)));
    assert!(!bench.commit(async |tx| tx.sessions().revoke(session.base.id, at(6)).await).await);
    assert_eq!(read(bench, &session).await, ended);
    assert!(!bench.commit(async |tx| tx.sessions().revoke(id(), at(6)).await).await);
}

/// "Removes sessions, and their tokens, that ended or expired before `before`. How many."
pub async fn purge_removes_the_over_with_their_tokens(bench: &Bench) {
    let live = written(bench, |session| session.expires_at = at(100)).await;
    let expired = written(bench, |session| session.expires_at = at(99)).await;
    let ended = written(bench, |session| session.revoked_at = Some(at(99))).await;
    let just_ended = written(bench, |session| session.revoked_at = Some(at(100))).await;
    let token = refresh_token(expired.base.id);
    bench.commit(async |tx| tx.refresh_tokens().insert(&token).await).await;
    assert_eq!(bench.commit(async |tx| tx.sessions().purge(at(100), 10).await).await, 2);
    for gone in [expired, ended] {
        assert_eq!(bench.store.sessions().by_uuid(gone.base.uuid).await.unwrap_err().kind(), Kind::NotFound);
    }
    let tx = bench.begin().await;
    assert_eq!(tx.refresh_tokens().lock_by_hash(&token.hash).await.unwrap_err().kind(), Kind::NotFound);
    for kept in [live, just_ended] {
        assert_eq!(read(bench, &kept).await, kept);
    }
}

/// "Notes for which tenant its access tokens speak from now on."
pub async fn speaks_for_another_tenant(bench: &Bench) {
    let session = written(bench, |_| {}).await;
    for tenant in [Some(77), None] {
        bench.commit(async |tx| tx.sessions().set_tenant(session.base.id, tenant, at(3)).await).await;
        assert_eq!(read(bench, &session).await.tenant_id, tenant);
    }
}

/// "At most `limit`."
pub async fn purge_keeps_to_its_limit(bench: &Bench) {
    for _ in 0..5 {
        written(bench, |session| session.expires_at = at(1)).await;
    }
    for removed in [2, 2, 1, 0] {
        assert_eq!(bench.commit(async |tx| tx.sessions().purge(at(100), 2).await).await, removed);
    }
}

/// "Ends all sessions of a user. How many this call ended."
pub async fn ends_all_of_a_user(bench: &Bench) {
    let (ada, bob) = (user(), user());
    let (first, second, ended, others) =
        (session(ada.base.id), session(ada.base.id), session(ada.base.id), session(bob.base.id));
    bench
        .commit(async |tx| {
            tx.users().insert(&ada).await?;
            tx.users().insert(&bob).await?;
            for session in [&first, &second, &ended, &others] {
                tx.sessions().insert(session).await?;
            }
            tx.sessions().revoke(ended.base.id, at(1)).await
        })
        .await;
    let revoke = async |when| {
        bench.commit(async |tx| tx.sessions().revoke_of_user(ada.base.id, None, at(when)).await).await
    };
    assert_eq!(revoke(2).await, 2);
    assert_eq!(revoke(3).await, 0);
    for (session, when) in [(first, Some(2)), (second, Some(2)), (ended, Some(1)), (others, None)] {
        let read = bench.store.sessions().by_uuid(session.base.uuid).await.unwrap();
        assert_eq!(read.revoked_at, when.map(at));
    }
}

/// "Except for the one with the internal id `kept`."
pub async fn keeps_one_of_a_user(bench: &Bench) {
    let kept = written(bench, |_| {}).await;
    let other = session(kept.user_id);
    bench.commit(async |tx| tx.sessions().insert(&other).await).await;
    let (user, id) = (kept.user_id, Some(kept.base.id));
    assert_eq!(bench.commit(async |tx| tx.sessions().revoke_of_user(user, id, at(5)).await).await, 1);
    assert_eq!(read(bench, &kept).await, kept);
    assert_eq!(read(bench, &other).await.revoked_at, Some(at(5)));
}

/// "One page of the live sessions of a user", in one of [`SESSION_ORDERS`] or its reverse. "How many those are."
pub async fn lists_the_live_ones_of_a_user(bench: &Bench) {
    let ada = written(bench, |_| {}).await;
    written(bench, |_| {}).await;
    let more: Vec<Session> = (0..4).map(|_| session(ada.user_id)).collect();
    let ended = Session { revoked_at: Some(at(1)), ..session(ada.user_id) };
    let expired = Session { expires_at: at(20), ..session(ada.user_id) };
    bench
        .commit(async |tx| {
            for session in more.iter().chain([&ended, &expired]) {
                tx.sessions().insert(session).await?;
            }
            Ok(())
        })
        .await;
    let rows: Vec<Session> = std::iter::once(ada.clone()).chain(more).collect();
    let filter = SessionFilter { user_id: ada.user_id, live_at: at(20) };
    let list = async |page| bench.store.sessions().list(&filter, &page).await;
    keeps_its_orders(SESSION_ORDERS, &rows, |_, session| session.base.id, list).await;
    assert_eq!(bench.store.sessions().count(&filter).await.unwrap(), 5);
}
