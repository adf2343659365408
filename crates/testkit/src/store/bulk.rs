//! [`ports::BulkQueries`] and [`ports::BulkRepo`].

use domain::{Job, SystemRole, User};
use ports::{BulkTable, Kind, MembershipRow, TenantRows};

use crate::bench::Bench;
use crate::samples::{base, credential, id, job, phone, scope, session, tenant, user};
use crate::store::user_lists::with_number;

/// What is written in bulk reads back like what is written one by one.
pub async fn rows_of_all_kinds_read_back(bench: &Bench) {
    let rows = TenantRows { tenant: tenant(), roles: SystemRole::ALL.map(|role| (base(), role)).to_vec() };
    let user = User { phone: Some(phone()), ..user() };
    let (credential, session) = (credential(user.base.id), session(user.base.id));
    let member = MembershipRow {
        base: base(),
        tenant_id: rows.tenant.base.id,
        user_id: user.base.id,
        role_id: rows.roles[1].0.id,
    };
    let job = Job::from(job());
    bench
        .commit(async |tx| {
            let bulk = tx.bulk();
            bulk.insert_tenants(std::slice::from_ref(&rows)).await?;
            bulk.insert_users(std::slice::from_ref(&user)).await?;
            bulk.insert_credentials(std::slice::from_ref(&credential)).await?;
            bulk.insert_memberships(&[member]).await?;
            bulk.insert_sessions(std::slice::from_ref(&session)).await?;
            bulk.insert_jobs(std::slice::from_ref(&job)).await?;
            // "None at all is fine."
            bulk.insert_audit_entries(&[]).await
        })
        .await;
    let store = &bench.store;
    assert_eq!(with_number(bench, user.phone.as_ref().unwrap()).await, std::slice::from_ref(&user));
    assert_eq!(
        store.credentials().of_user(user.base.id).await.unwrap().password_hash,
        credential.password_hash
    );
    assert_eq!(store.sessions().by_uuid(session.base.uuid).await.unwrap(), session);
    assert_eq!(store.jobs().by_uuid(job.uuid).await.unwrap(), job);
    let member_of = store.access().membership(user.base.id, rows.tenant.base.uuid).await.unwrap();
    assert_eq!(member_of.scope, scope(&rows.tenant));
    assert_eq!(store.tenants().by_uuid(rows.tenant.base.uuid).await.unwrap(), rows.tenant);
    let held = store.access().roles_of(user.base.id, member_of.scope).await.unwrap();
    assert_eq!(held, [rows.roles[1].0.id]);
}

/// "The ids of a table from `first` to `last`, both included, in order", of more rows than one statement takes.
pub async fn thousands_go_in_at_once_and_are_found(bench: &Bench) {
    let users: Vec<User> = (0..5_000).map(|_| user()).collect();
    bench.commit(async |tx| tx.bulk().insert_users(&users).await).await;
    let ids: Vec<i64> = users.iter().map(|user| user.base.id).collect();
    let present = |first, last| bench.store.bulk().present(BulkTable::Users, first, last);
    assert_eq!(present(0, i64::MAX).await.unwrap(), ids);
    assert_eq!(present(ids[1], ids[3]).await.unwrap(), ids[1..4]);
    assert_eq!(present(id(), i64::MAX).await.unwrap(), Vec::<i64>::new());
}

/// "`Conflict` when a row is there already", and "all of it is part of the unit of work".
pub async fn what_is_there_already_stops_all_of_it(bench: &Bench) {
    let users = [user(), user()];
    bench.commit(async |tx| tx.bulk().insert_users(&users[1..]).await).await;
    assert_eq!(bench.refused(async |tx| tx.bulk().insert_users(&users).await).await, Kind::Conflict);
    assert_eq!(bench.store.users().by_id(users[0].base.id).await.unwrap_err().kind(), Kind::NotFound);
    let orphan = [credential(id())];
    assert_eq!(bench.refused(async |tx| tx.bulk().insert_credentials(&orphan).await).await, Kind::Conflict);
}
