//! What the demo's people did: entries of the audit trail, open sessions, jobs that have ended. Retention clears the
//! last two away in time, as anybody's.

use chrono::TimeDelta;
use domain::{
    Actor, AuditEntry, AuthMethod, AuthMethods, Job, JobStatus, Outcome, Reason, Session, Timestamp,
};
use ports::BulkTable;
use serde_json::json;

use super::dice::{Kind, base, born, id, roll, uuid};
use super::people::public_id;
use super::tenants::SIZE;
use super::{Draw, Load, Rows, Seeder, Way};
use crate::Result;

/// Entries of the trail per user.
const ENTRIES: u32 = 2;
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

pub(super) const SEEDER: Seeder = Seeder {
    name: "activity",
    after: &["people"],
    in_production: false,
    way: Way::Load(Load { table: BulkTable::AuditEntries, ids: ENTRIES, count: |users| users, rows }),
};

#[allow(clippy::unnecessary_wraps, reason = "the signature of `Load::rows`")]
fn rows(draw: &Draw, numbers: &[u32]) -> Result<Rows> {
    let (seed, now) = (draw.seed, draw.now);
    let every = |nth: u32| numbers.iter().copied().filter(move |number| number.is_multiple_of(nth));
    Ok(Rows {
        audit: numbers.iter().flat_map(|number| entries(seed, *number)).collect(),
        sessions: every(3).map(|number| session(seed, number, now)).collect(),
        jobs: every(20).map(|number| job(seed, number, now)).collect(),
        ..Rows::default()
    })
}

/// The registration, and a login two seconds later.
fn entries(seed: u16, number: u32) -> [AuditEntry; ENTRIES as usize] {
    let user = public_id(seed, number);
    let entry = |nth: u32, actor: Actor, action: &str, resource: &str| {
        let (number_of, at) = (number * ENTRIES + nth, born(number) + TimeDelta::seconds(2 * i64::from(nth)));
        AuditEntry {
            id: id(seed, number_of),
            uuid: uuid(seed, Kind::Audit, number_of, at),
            created_at: at,
            tenant_id: None,
            actor_kind: actor.kind().to_owned(),
            actor: actor.name(),
            api_key: actor.api_key(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            resource_id: Some(user.to_string()),
            outcome: Outcome::Success.as_str().to_owned(),
            reason: None,
            ip: Some(address(seed, number)),
            user_agent: Some(USER_AGENT.to_owned()),
            request_id: None,
            trace_id: None,
        }
    };
    [
        entry(0, Actor::Anonymous, "user.register", "user"),
        entry(1, Actor::User { id: id(seed, number), uuid: user }, "session.login", "session"),
    ]
}

fn session(seed: u16, number: u32, now: Timestamp) -> Session {
    let opened = now - TimeDelta::minutes(i64::from(number % 20_000));
    Session {
        base: base(seed, Kind::Session, number, opened),
        user_id: id(seed, number),
        tenant_id: Some(id(seed, number / SIZE)),
        ip: Some(address(seed, number)),
        user_agent: Some(USER_AGENT.to_owned()),
        authenticated_at: opened,
        methods: AuthMethods::of(AuthMethod::Password),
        last_used_at: now,
        expires_at: now + TimeDelta::days(30),
        revoked_at: None,
    }
}

/// One that has ended; one in ten of them badly.
fn job(seed: u16, number: u32, now: Timestamp) -> Job {
    let (at, dead) = (now - TimeDelta::seconds(i64::from(number % 100_000)), number.is_multiple_of(200));
    let payload = json!({ "number": number });
    Job {
        id: id(seed, number),
        uuid: uuid(seed, Kind::Job, number, at),
        queue: "default".to_owned(),
        kind: "diagnostics.echo".to_owned(),
        status: if dead { JobStatus::Dead } else { JobStatus::Succeeded },
        attempt: if dead { 3 } else { 1 },
        max_attempts: 3,
        run_at: at,
        created_at: at,
        started_at: Some(at),
        finished_at: Some(at),
        progress: None,
        result: (!dead).then(|| payload.clone()),
        last_error: dead.then(|| "the demo lets one in ten fail".to_owned()),
        last_reason: dead.then_some(Reason::Failed),
        cancel_requested_at: None,
        payload,
        lease_token: 1,
        traceparent: None,
    }
}

/// From the networks for documentation (RFC 5737).
fn address(seed: u16, number: u32) -> String {
    format!("203.0.113.{}", roll(seed, Kind::User, number, 6) % 254 + 1)
}
