//! [`ports::AuditTrail`] and [`ports::AuditQueries`].

use domain::{AuditEntry, Timestamp, User};
use ports::{AUDIT_ORDERS, AuditFilter};

use crate::bench::Bench;
use crate::listing::keeps_its_orders;
use crate::samples::{at, at_millis, first, id, user, uuid};

pub(super) fn entry(action: &str, created_at: Timestamp) -> AuditEntry {
    AuditEntry {
        id: id(),
        uuid: uuid(),
        created_at,
        tenant_id: None,
        actor_kind: "anonymous".to_owned(),
        actor: None,
        api_key: None,
        action: action.to_owned(),
        resource: "users".to_owned(),
        resource_id: None,
        outcome: "success".to_owned(),
        reason: None,
        ip: None,
        user_agent: None,
        request_id: None,
        trace_id: None,
    }
}

async fn append(bench: &Bench, entries: &[AuditEntry]) {
    bench
        .commit(async |tx| {
            for entry in entries {
                tx.audit().append(entry).await?;
            }
            Ok(())
        })
        .await;
}

async fn ids(bench: &Bench, filter: &AuditFilter) -> Vec<i64> {
    let found = bench.store.audit().list(filter, &first(10)).await.unwrap();
    assert_eq!(bench.store.audit().count(filter).await.unwrap(), found.rows.len() as u64, "{filter:?}");
    found.rows.iter().map(|entry| entry.id).collect()
}

/// "Adds an entry."
pub async fn reads_back_every_field(bench: &Bench) {
    let bare = entry("user.register", at(0));
    let text = |text: &str| Some(text.to_owned());
    let full = AuditEntry {
        tenant_id: Some(id()),
        actor_kind: "user".to_owned(),
        actor: Some(uuid().to_string()),
        api_key: Some(uuid()),
        resource_id: Some(uuid().to_string()),
        outcome: "denied".to_owned(),
        reason: text("token_reused"),
        ip: text("2001:db8::7"),
        user_agent: text("Ünïcode/1.0 '\";--"),
        request_id: text("req-1"),
        trace_id: text("4bf92f3577b34da6a3ce929d0e0e4736"),
        ..entry("session.revoke", at_millis(3))
    };
    append(bench, &[bare.clone(), full.clone()]).await;
    let all = bench.store.audit().list(&AuditFilter::default(), &first(10)).await.unwrap();
    assert_eq!(all.rows, [full, bare]);
    assert_eq!(all.next, None);
    // No caller can keep an entry from being written by what it sends.
    let odd = AuditEntry { user_agent: text("a\u{0}b"), ..entry("user.login", at(1)) };
    append(bench, std::slice::from_ref(&odd)).await;
    assert_eq!(ids(bench, &AuditFilter::default()).await[0], odd.id);
}

/// "Entries, in one of [`AUDIT_ORDERS`] or its reverse", by page.
pub async fn lists_in_every_order_by_page(bench: &Bench) {
    let entries: Vec<AuditEntry> = (0..5).map(|second| entry("x", at(second))).collect();
    append(bench, &entries).await;
    let (all, store) = (AuditFilter::default(), &bench.store);
    let list = async |page| store.audit().list(&all, &page).await;
    keeps_its_orders(AUDIT_ORDERS, &entries, |_, entry| entry.id, list).await;
}

/// "Exact action", "exact kind of resource", "not before", "before".
pub async fn filters_exactly(bench: &Bench) {
    let by_ada = AuditEntry { actor: Some("ada".to_owned()), ..entry("user.update", at(0)) };
    let by_job = AuditEntry { actor: Some("jobs".to_owned()), ..entry("user.update.x", at(10)) };
    let on_role = AuditEntry { resource: "roles".to_owned(), ..entry("user.update", at(20)) };
    append(bench, &[by_ada.clone(), by_job.clone(), on_role.clone()]).await;
    let some = |text: &str| Some(text.to_owned());
    let none = AuditFilter::default;
    for (filter, expected) in [
        (AuditFilter { actor: some("ada"), ..none() }, vec![&by_ada]),
        (AuditFilter { actor: some("a%"), ..none() }, vec![]),
        (AuditFilter { actor: some("ad\u{0}a"), ..none() }, vec![]),
        (AuditFilter { action: some("user.update"), ..none() }, vec![&on_role, &by_ada]),
        (AuditFilter { resource: some("users"), ..none() }, vec![&by_job, &by_ada]),
        (AuditFilter { from: Some(at(10)), ..none() }, vec![&on_role, &by_job]),
        (AuditFilter { to: Some(at(10)), ..none() }, vec![&by_ada]),
        (AuditFilter { from: Some(at_millis(1)), to: Some(at_millis(10_001)), ..none() }, vec![&by_job]),
        (AuditFilter { action: some("user.update"), resource: some("roles"), ..none() }, vec![&on_role]),
    ] {
        let expected: Vec<i64> = expected.into_iter().map(|entry| entry.id).collect();
        assert_eq!(ids(bench, &filter).await, expected, "{filter:?}");
    }
}

fn of_person(actor_kind: &str, actor: Option<&User>, resource: &str, about: Option<&User>) -> AuditEntry {
    AuditEntry {
        actor_kind: actor_kind.to_owned(),
        actor: actor.map(|user| user.base.uuid.to_string()),
        resource: resource.to_owned(),
        resource_id: about.map(|user| user.base.uuid.to_string()),
        ip: Some("2001:db8::7".to_owned()),
        user_agent: Some("Ünïcode/1.0".to_owned()),
        ..entry("session.login", at(0))
    }
}

async fn somebody(bench: &Bench) -> User {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user
}

async fn read(bench: &Bench, filter: AuditFilter) -> Vec<AuditEntry> {
    bench.store.audit().list(&filter, &first(10)).await.unwrap().rows
}

/// "Encrypted under that person's key: it is gone when the user is purged, and the entry stays as it was written."
pub async fn what_it_says_of_a_person_goes_with_them(bench: &Bench) {
    let (mut ada, bob) = (somebody(bench).await, somebody(bench).await);
    let (hers, his) =
        (of_person("user", Some(&ada), "session", None), of_person("user", Some(&bob), "session", None));
    append(bench, &[hers.clone(), his.clone()]).await;
    assert_eq!(read(bench, AuditFilter::default()).await, [his.clone(), hers.clone()]);

    ada.base.deleted_at = Some(at(10));
    bench.commit(async |tx| tx.users().update(&ada).await).await;
    assert_eq!(
        read(bench, AuditFilter::default()).await,
        [his.clone(), hers.clone()],
        "deleted is not purged"
    );
    assert_eq!(bench.commit(async |tx| tx.users().purge(at(11), 9).await).await, [ada.base.uuid]);
    let bare = AuditEntry { ip: None, user_agent: None, ..hers };
    assert_eq!(read(bench, AuditFilter::default()).await, [his, bare]);
}

/// "What this user did, and what others did about them whom nobody knew."
pub async fn an_anonymous_entry_belongs_to_whom_it_is_about(bench: &Bench) {
    let (mut ada, bob) = (somebody(bench).await, somebody(bench).await);
    let failed = of_person("anonymous", None, "user", Some(&ada));
    let by_her = of_person("user", Some(&ada), "user", Some(&bob));
    let by_him = of_person("user", Some(&bob), "user", Some(&ada));
    let nobody = of_person("anonymous", None, "user", Some(&user()));
    append(bench, &[failed.clone(), by_her.clone(), by_him.clone(), nobody.clone()]).await;
    let of = |user: &User| AuditFilter { person: Some(user.base.uuid), ..AuditFilter::default() };
    assert_eq!(read(bench, of(&ada)).await, [by_her, failed]);
    assert_eq!(read(bench, of(&bob)).await, std::slice::from_ref(&by_him));
    ada.base.deleted_at = Some(at(10));
    bench.commit(async |tx| tx.users().update(&ada).await).await;
    bench.commit(async |tx| tx.users().purge(at(11), 9).await).await;
    let left = read(bench, AuditFilter::default()).await;
    let kept: Vec<bool> = left.iter().map(|entry| entry.ip.is_some()).collect();
    assert_eq!(kept, [true, true, false, false], "{left:#?}");
    assert_eq!(left[0], nobody);
    assert_eq!(left[1], by_him);
}
