//! [`ports::ActivityQueries`].

use domain::{RefreshToken, Timestamp, UserActivity};
use ports::Kind;

use super::sessions;
use crate::bench::Bench;
use crate::samples::{at, id, refresh_token, user};

async fn activity(bench: &Bench, user_id: i64, now: Timestamp) -> UserActivity {
    bench.store.activity().of_user(user_id, now).await.unwrap()
}

/// A session of this user whose newest token is good until then.
async fn session(bench: &Bench, user_id: i64, last_used: i64, until: i64) -> i64 {
    let session = sessions::written(bench, |session| {
        session.user_id = user_id;
        session.last_used_at = at(last_used);
    })
    .await;
    for (expires_at, spent_at) in [(at(until + 1000), Some(at(1))), (at(until), None)] {
        let token = RefreshToken { expires_at, spent_at, ..refresh_token(session.base.id) };
        bench.commit(async |tx| tx.refresh_tokens().insert(&token).await).await;
    }
    session.base.id
}

/// "What is known of a user": registration, and nothing else before the first login.
pub async fn a_new_user_has_not_been_there(bench: &Bench) {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    let expected =
        UserActivity { registered_at: user.base.created_at, last_active_at: None, active_sessions: 0 };
    assert_eq!(activity(bench, user.base.id, at(0)).await, expected);
}

/// "Sessions that nobody has ended and that could be gone on with" "at `now`".
pub async fn sessions_count_until_they_end(bench: &Bench) {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    let mine = user.base.id;
    session(bench, mine, 10, 100).await;
    let second = session(bench, mine, 30, 200).await;
    session(bench, mine, 20, 300).await;
    let stranger = sessions::written(bench, |_| {}).await;
    let seen = activity(bench, mine, at(99)).await;
    assert_eq!((seen.last_active_at, seen.active_sessions), (Some(at(30)), 3));
    assert_eq!(activity(bench, mine, at(100)).await.active_sessions, 2);
    bench.commit(async |tx| tx.sessions().revoke(second, at(100)).await).await;
    let seen = activity(bench, mine, at(100)).await;
    assert_eq!((seen.last_active_at, seen.active_sessions), (Some(at(30)), 1), "it was there all the same");
    assert_eq!(activity(bench, mine, at(300)).await.active_sessions, 0);
    assert_eq!(activity(bench, stranger.user_id, at(0)).await.active_sessions, 0, "nothing to go on with");
}

/// "Soft-deleted users are not found."
pub async fn the_deleted_and_the_unknown_are_not_found(bench: &Bench) {
    let mut user = user();
    user.base.deleted_at = Some(at(1));
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    for missing in [user.base.id, id()] {
        let refused = bench.store.activity().of_user(missing, at(0)).await;
        assert_eq!(refused.unwrap_err().kind(), Kind::NotFound);
    }
}
