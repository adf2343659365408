//! What no server is needed for: names, lanes, and who wants what. The rest is shown by the suite of brokers.

use std::sync::Arc;

use async_trait::async_trait;
use domain::EventEnvelope;
use ports::{EventHandler, Kind, Result};

use crate::{Crew, LANES, Patience, lane_of, wire};

struct Deaf;

#[async_trait]
impl EventHandler for Deaf {
    async fn handle(&self, _: &EventEnvelope) -> Result<()> {
        Ok(())
    }
}

#[test]
fn names_differ_where_texts_do() {
    assert_eq!(wire::plain("user-registered"), "user-registered");
    let texts = ["", "_", "a.b", "a_b", "a_2eb", "a b", "ä", "a>", "*"];
    let names: std::collections::BTreeSet<_> = texts.iter().map(|text| wire::plain(text)).collect();
    assert_eq!(names.len(), texts.len());
    assert!(
        names.iter().flat_map(|name| name.chars()).all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    );
}

/// Processes of different builds must agree.
#[test]
fn the_lane_of_a_subject_never_changes() {
    let lanes = ["users/1", "users/2", "tenants/1", ""].map(|subject| lane_of(subject, LANES));
    assert_eq!(lanes, [15, 2, 2, 5]);
}

#[tokio::test]
async fn a_crew_knows_what_it_wants() {
    let crew = Crew::new(Patience::default());
    crew.join("mail", "user.registered.v1", Arc::new(Deaf)).unwrap();
    assert!(crew.wants("dev.mainstay.user.registered.v1"));
    for other in ["user.registered.v1", "dev.superuser.registered.v1", "dev.user.registered.v2"] {
        assert!(!crew.wants(other), "{other}");
    }
    crew.close().await;
    let late = crew.join("audit", "user.registered.v1", Arc::new(Deaf));
    assert_eq!(late.err().map(|error| error.kind()), Some(Kind::Unavailable));
}

#[test]
fn what_is_no_event_is_none() {
    assert_eq!(wire::read(b"{\"specversion\":\"1.0\"}"), None);
    assert_eq!(wire::read_letter(b"\xff"), None);
}
