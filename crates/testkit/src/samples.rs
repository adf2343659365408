//! Values to write. Each is different, and odd enough to show what a column would lose.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta};
use domain::{
    AuthMethod, AuthMethods, Base, Credential, DisplayName, Email, EventEnvelope, Locale, NewJob, Phone,
    RefreshToken, Session, Tenant, TenantScope, TimeZone, Timestamp, User,
};
use ports::{Page, SortKey, Start};
use serde_json::json;
use uuid::Uuid;

/// A number that was never given before, as large as a snowflake.
pub(crate) fn id() -> i64 {
    static NEXT: AtomicI64 = AtomicI64::new(7_250_000_000_000_000_000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A public id that was never given before.
pub(crate) fn uuid() -> Uuid {
    Uuid::from_u128(0x0195_5000_0000_7000_8000_0000_0000_0000 | u128::from(id().unsigned_abs()))
}

/// Bytes that were never given before, as long as a SHA-256.
pub(crate) fn hash() -> Vec<u8> {
    let mut bytes = vec![0; 32];
    bytes[..16].copy_from_slice(uuid().as_bytes());
    // Neither text nor free of zeros.
    bytes[31] = 0xff;
    bytes
}

/// Seconds after 2026-03-01T12:00:00Z.
pub(crate) fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_772_366_400, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// The same with milliseconds, which every engine must keep.
pub(crate) fn at_millis(millis: i64) -> Timestamp {
    at(0) + TimeDelta::milliseconds(millis)
}

pub(crate) fn base() -> Base {
    Base::new(id(), uuid(), at_millis(1))
}

pub(crate) fn email() -> Email {
    Email::parse(&format!("jürgen+{}@müller.example", id())).unwrap()
}

/// A number that was never given before.
pub(crate) fn phone() -> Phone {
    Phone::parse(&format!("+491{:011}", id() % 100_000_000_000)).unwrap()
}

pub(crate) fn user() -> User {
    let name = DisplayName::parse("Jürgen 'Jü' Müller ✓").unwrap();
    User {
        pending_email: Some(email()),
        locale: Some(Locale::parse("zh-Hant-TW").unwrap()),
        time_zone: Some(TimeZone::parse("America/Argentina/Buenos_Aires").unwrap()),
        ..User::new(base(), email(), Some(name))
    }
}

pub(crate) fn credential(user_id: i64) -> Credential {
    Credential {
        base: base(),
        user_id,
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
    }
}

pub(crate) fn session(user_id: i64) -> Session {
    Session {
        base: base(),
        user_id,
        tenant_id: Some(id()),
        ip: Some("2001:db8::7".to_owned()),
        user_agent: Some("Mozilla/5.0 ('; DROP TABLE sessions; --)".to_owned()),
        authenticated_at: at(0),
        methods: AuthMethods::of(AuthMethod::Password).and(AuthMethod::Otp),
        last_used_at: at_millis(10),
        expires_at: at(1000),
        revoked_at: None,
    }
}

pub(crate) fn refresh_token(session_id: i64) -> RefreshToken {
    RefreshToken { id: id(), session_id, hash: hash(), expires_at: at(500), spent_at: None, nonce: None }
}

pub(crate) fn tenant() -> Tenant {
    let base = base();
    let slug = format!("tenant-{}", base.id);
    let settings =
        serde_json::from_value(json!({ "colour": "blau ✓", "deep": { "x": [1.5, null] } })).unwrap();
    Tenant { settings, ..Tenant::new(base, "Müller & Söhne".to_owned(), slug) }
}

pub(crate) fn scope(tenant: &Tenant) -> TenantScope {
    TenantScope::Tenant { id: tenant.base.id, uuid: tenant.base.uuid }
}

/// Due at once, in the queue `default`.
pub(crate) fn job() -> NewJob {
    NewJob {
        id: id(),
        uuid: uuid(),
        queue: "default".to_owned(),
        kind: "diagnostics.echo".to_owned(),
        payload: json!({ "zeta": 1, "alpha": [1.5, null, "a\u{0}b", "✓"], "big": u64::MAX, "deep": { "x": {} } }),
        priority: 0,
        max_attempts: 3,
        run_at: at(0),
        created_at: at(0),
        unique_key: None,
        unique_until: None,
        limited: false,
        tenant_id: None,
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
    }
}

pub(crate) fn event(subject: &str) -> EventEnvelope {
    EventEnvelope {
        specversion: "1.0".to_owned(),
        id: uuid(),
        source: "https://mainstay.example".to_owned(),
        kind: "dev.mainstay.user.registered.v1".to_owned(),
        subject: subject.to_owned(),
        time: at_millis(7),
        datacontenttype: "application/json".to_owned(),
        tenantid: Some(uuid()),
        traceparent: None,
        data: json!({ "userId": uuid(), "zero": "\u{0}" }),
    }
}

/// The first rows of a list from new to old.
pub(crate) fn first(limit: u64) -> Page {
    Page { limit, sort: vec![SortKey::desc("createdAt")], start: Start::First }
}
