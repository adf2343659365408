//! [`ports::PersonalQueries`] and [`ports::PersonalRepo`].

use domain::{Export, User};
use ports::Kind;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::samples::{at, at_millis, credential, id, phone, session, user, uuid};

async fn somebody(bench: &Bench) -> User {
    let user = User { phone: Some(phone()), ..user() };
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user
}

fn export(user: &User, asked: i64) -> Export {
    Export {
        id: id(),
        uuid: uuid(),
        user_id: user.base.id,
        created_at: at(asked),
        ready_at: None,
        size: None,
        expires_at: at(asked + 100),
    }
}

async fn asked(bench: &Bench, user: &User, at: i64) -> Export {
    let export = export(user, at);
    bench.commit(async |tx| tx.personal().insert_export(&export).await).await;
    export
}

/// "One of the parts, as a person can read it: objects, from old to new, with nothing in them that opens a door."
pub async fn every_part_reads_for_its_person_alone(bench: &Bench) {
    let (ada, bob) = (somebody(bench).await, somebody(bench).await);
    let (first, second) = (session(ada.base.id), session(ada.base.id));
    bench
        .commit(async |tx| {
            tx.credentials().insert(&credential(ada.base.id)).await?;
            tx.sessions().insert(&first).await?;
            tx.sessions().insert(&second).await?;
            tx.sessions().insert(&session(bob.base.id)).await
        })
        .await;
    let personal = bench.store.personal();
    let part = async |name: &str| personal.part(name, ada.base.id).await.unwrap();
    let account = part("account").await;
    let [account] = &account[..] else { panic!("{account:?}") };
    assert_eq!(account["id"], json!(ada.base.uuid));
    assert_eq!(account["email"], json!(ada.email.to_string()));
    assert_eq!(account["phone"], json!(ada.phone.as_ref().unwrap().expose()));
    assert_eq!(
        (&account["createdAt"], &account["deletedAt"]),
        (&json!("2026-03-01T12:00:00.001Z"), &Value::Null)
    );
    let sessions = part("sessions").await;
    let ids: Vec<_> = sessions.iter().map(|session| session["id"].clone()).collect();
    assert_eq!(ids, [json!(first.base.uuid), json!(second.base.uuid)]);
    assert_eq!(sessions[0]["ip"], json!("2001:db8::7"));
    for name in personal.parts() {
        let rows = json!(part(name).await).to_string();
        assert!(!rows.contains("argon2"), "{name}: {rows}");
        assert!(!rows.contains(&bob.base.uuid.to_string()), "{name}: {rows}");
    }
    assert_eq!(part("recoveryCodes").await, [json!({ "left": 0 })]);
    assert_eq!(personal.part("nonsense", ada.base.id).await.unwrap_err().kind(), Kind::NotFound);
}

/// "An export of a user." "Notes that it is written. False when it is gone."
pub async fn an_export_is_its_persons_and_gets_ready(bench: &Bench) {
    let (ada, bob) = (somebody(bench).await, somebody(bench).await);
    let export = asked(bench, &ada, 0).await;
    let personal = bench.store.personal();
    assert_eq!(personal.export(ada.base.id, export.uuid).await.unwrap(), export);
    assert_eq!(personal.export(bob.base.id, export.uuid).await.unwrap_err().kind(), Kind::NotFound);
    let now = at_millis(77);
    assert!(bench.commit(async |tx| tx.personal().export_is_ready(export.id, 1 << 40, now).await).await);
    let ready = Export { ready_at: Some(now), size: Some(1 << 40), ..export.clone() };
    assert_eq!(personal.export(ada.base.id, export.uuid).await.unwrap(), ready);
    for _ in 0..2 {
        bench.commit(async |tx| tx.personal().remove_exports(&[export.id]).await).await;
    }
    assert!(!bench.commit(async |tx| tx.personal().export_is_ready(export.id, 1, now).await).await);
}

/// "`Conflict` when the user has one that is not ready, and has not expired when the new one was asked for."
pub async fn one_export_is_written_at_a_time(bench: &Bench) {
    let (ada, bob) = (somebody(bench).await, somebody(bench).await);
    let first = asked(bench, &ada, 0).await;
    asked(bench, &bob, 1).await;
    let second = export(&ada, 99);
    assert_eq!(bench.refused(async |tx| tx.personal().insert_export(&second).await).await, Kind::Conflict);
    asked(bench, &ada, 100).await;
    let ready = at(101);
    bench.commit(async |tx| tx.personal().remove_exports(&[first.id]).await).await;
    let third = export(&ada, 102);
    assert_eq!(bench.refused(async |tx| tx.personal().insert_export(&third).await).await, Kind::Conflict);
    let pending: Vec<_> = bench.store.personal().part("exports", ada.base.id).await.unwrap();
    assert_eq!(pending.len(), 1);
    let pending = pending[0]["id"].as_str().unwrap().parse().unwrap();
    let pending = bench.store.personal().export(ada.base.id, pending).await.unwrap();
    bench.commit(async |tx| tx.personal().export_is_ready(pending.id, 1, ready).await).await;
    bench.commit(async |tx| tx.personal().insert_export(&third).await).await;
}

/// "Exports that expired before `before`, each with the public id of its user; at most `limit`."
pub async fn expired_exports_are_found(bench: &Bench) {
    let (ada, bob) = (somebody(bench).await, somebody(bench).await);
    let (old, older) = (asked(bench, &ada, 0).await, asked(bench, &bob, -5).await);
    let expired = async |before, limit| {
        let found = bench.store.personal().expired_exports(at(before), limit).await.unwrap();
        found.into_iter().map(|(export, user)| (export.uuid, user)).collect::<Vec<_>>()
    };
    assert_eq!(expired(101, 9).await, [(older.uuid, bob.base.uuid), (old.uuid, ada.base.uuid)]);
    assert_eq!(expired(101, 1).await, [(older.uuid, bob.base.uuid)]);
    assert_eq!(expired(100, 9).await, [(older.uuid, bob.base.uuid)]);
    assert!(expired(95, 9).await.is_empty());
}
