//! [`ports::Store`] and [`ports::Tx`] themselves.

use std::time::Duration;

use domain::{AuditEntry, User};
use ports::{AuditFilter, Copies, JobFilter, Kind, ResultExt, Tx, UserFilter};

use crate::bench::Bench;
use crate::poll::{cut_short, promptly};
use crate::samples::{at, event, first, id, job, user, uuid};

/// A bit of everything a use case writes.
async fn write_everything(tx: &dyn Tx, user: &User) {
    tx.users().insert(user).await.unwrap();
    tx.jobs().enqueue(&job()).await.unwrap();
    tx.outbox().append(id(), &event("users/x")).await.unwrap();
    let entry = AuditEntry {
        id: id(),
        uuid: uuid(),
        created_at: at(0),
        tenant_id: None,
        actor_kind: "system".to_owned(),
        api_key: None,
        actor: Some("test".to_owned()),
        action: "user.register".to_owned(),
        resource: "users".to_owned(),
        resource_id: Some(user.base.uuid.to_string()),
        outcome: "success".to_owned(),
        reason: None,
        ip: None,
        user_agent: None,
        request_id: None,
        trace_id: None,
    };
    tx.audit().append(&entry).await.unwrap();
}

/// How many users, jobs and entries others see.
async fn seen(bench: &Bench, user: &User) -> (usize, usize, usize) {
    let users = bench.store.users().by_id(user.base.id).await.optional().unwrap();
    let jobs = bench.store.jobs().list(&JobFilter::default(), &first(10)).await.unwrap();
    let entries = bench.store.audit().list(&AuditFilter::default(), &first(10)).await.unwrap();
    (usize::from(users.is_some()), jobs.rows.len(), entries.rows.len())
}

async fn events(bench: &Bench) -> u64 {
    bench.store.outbox().depth().await.unwrap().waiting
}

/// "Nothing of it is visible to anybody else before its commit", and everything after.
pub async fn nothing_is_visible_before_the_commit(bench: &Bench) {
    let user = user();
    let tx = bench.begin().await;
    write_everything(tx.as_ref(), &user).await;
    assert_eq!(seen(bench, &user).await, (0, 0, 0));
    tx.commit().await.unwrap();
    assert_eq!(seen(bench, &user).await, (1, 1, 1));
    assert_eq!(events(bench).await, 1);
}

/// "Dropped means rolled back": rows, jobs, events and the trail.
pub async fn dropped_means_rolled_back(bench: &Bench) {
    let user = user();
    let tx = bench.begin().await;
    write_everything(tx.as_ref(), &user).await;
    drop(tx);
    assert_eq!(seen(bench, &user).await, (0, 0, 0));
    assert_eq!(events(bench).await, 0);
    // Nothing is in the way of a second try.
    let tx = bench.begin().await;
    write_everything(tx.as_ref(), &user).await;
    tx.commit().await.unwrap();
    assert_eq!(seen(bench, &user).await, (1, 1, 1));
}

/// Within the unit of work what was written is there.
pub async fn reads_its_own_writes(bench: &Bench) {
    let user = user();
    let tx = bench.begin().await;
    tx.users().insert(&user).await.unwrap();
    assert_eq!(tx.users().by_email(&user.email).await.unwrap(), user);
    tx.users().bump_auth_revision(user.base.id).await.unwrap();
    assert_eq!(tx.users().by_id(user.base.id).await.unwrap().auth_revision, user.auth_revision + 1);
}

/// Plain reads are never held up by a unit of work, not even by one that has changed the row they read.
pub async fn reads_beside_it_do_not_wait(bench: &Bench) {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    let tx = bench.begin().await;
    tx.users().bump_auth_revision(user.base.id).await.unwrap();
    for _ in 0..20 {
        let read = bench.store.users().by_id(user.base.id);
        assert_eq!(promptly("a read", Duration::from_secs(2), read).await.unwrap(), user);
    }
    tx.commit().await.unwrap();
}

/// "Once a write was refused by a uniqueness rule … everything further is refused, `commit` included."
pub async fn after_a_failure_everything_is_refused(bench: &Bench) {
    let first = user();
    bench.commit(async |tx| tx.users().insert(&first).await).await;
    let (before, after) = (user(), user());
    let tx = bench.begin().await;
    tx.users().insert(&before).await.unwrap();
    let same_address = User { email: first.email.clone(), ..user() };
    assert_eq!(tx.users().insert(&same_address).await.unwrap_err().kind(), Kind::Conflict);
    assert!(tx.users().insert(&after).await.is_err());
    assert!(tx.users().by_id(first.base.id).await.is_err());
    assert_eq!(tx.commit().await.unwrap_err().kind(), Kind::Conflict);
    for user in [before, after] {
        let found = bench.store.users().by_id(user.base.id).await;
        assert_eq!(found.unwrap_err().kind(), Kind::NotFound);
    }
    // The connection it ran on is as good as new.
    let next = user();
    for _ in 0..20 {
        bench.store.users().by_id(first.base.id).await.unwrap();
    }
    bench.commit(async |tx| tx.users().insert(&next).await).await;
}

/// Units of work at the same time take turns where they must, and none fails.
pub async fn many_at_once_all_commit(bench: &Bench) {
    let units = (0..40).map(|_| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let user = user();
            let tx = store.begin().await.unwrap();
            tx.users().insert(&user).await.unwrap();
            tokio::task::yield_now().await;
            tx.commit().await.unwrap();
            user
        })
    });
    for unit in units.collect::<Vec<_>>() {
        let user = unit.await.unwrap();
        assert_eq!(bench.store.users().by_id(user.base.id).await.unwrap(), user);
    }
}

/// A caller that goes away while a unit of work begins, writes or commits leaves nothing half open behind, in
/// which later writes of others would disappear: written on whatever connection, they are seen on all.
pub async fn begun_for_nobody_it_leaves_nothing_open(bench: &Bench) {
    let (attempts, rule) = (bench.store.login_attempts(), domain::Lockout::default());
    for round in 1..=20_i32 {
        let work = async {
            let tx = bench.begin().await;
            tx.users().insert(&user()).await.unwrap();
            tx.commit().await.unwrap();
        };
        // Whether it was over by then does not matter.
        let _ = cut_short(round.unsigned_abs() / 2, work).await;
        for key in (0..7).map(|key| [key]) {
            let write = attempts.fail(&key, "net", &rule, at(0));
            promptly("a write after a cancelled unit", Duration::from_secs(5), write).await.unwrap();
        }
        // Twice, by which the connections change places.
        for key in (0..7).chain(0..7) {
            let counted = attempts.get(&[key], "net").await.unwrap().map(|counted| counted.failures);
            assert_eq!(counted, Some(round), "the write was part of somebody else's unit");
        }
    }
}

/// "The database itself is always there to be asked instead": where there are no copies, what has been committed is seen.
pub async fn relaxed_reads_see_it_without_a_copy(bench: &Bench) {
    let user = user();
    let tx = bench.begin().await;
    write_everything(tx.as_ref(), &user).await;
    tx.commit().await.unwrap();
    let relaxed = bench.store.relaxed();
    assert_eq!(relaxed.copies(), Copies { configured: 0, used: 0 });
    assert_eq!(relaxed.users().list(&UserFilter::default(), &first(10)).await.unwrap().rows, [user]);
    assert_eq!(relaxed.jobs().count(&JobFilter::default()).await.unwrap(), 1);
    assert_eq!(relaxed.audit().count(&AuditFilter::default()).await.unwrap(), 1);
    assert_eq!(relaxed.outbox().depth().await.unwrap().waiting, 1);
}

/// "Answers when the database answers."
pub async fn answers_a_ping(bench: &Bench) {
    bench.store.ping().await.unwrap();
}

/// "Names of migrations that this program knows and the database lacks": none.
pub async fn lacks_no_migration(bench: &Bench) {
    assert!(bench.store.pending_migrations().await.unwrap().is_empty());
}
