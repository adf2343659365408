//! Two units of work that wait for each other, on servers; SQLite has one writer at a time.

use domain::Lockout;
use ports::{Kind, Store, Tx};

/// The server ends one, and that one is over as a whole. It may be repeated: its request is not at fault.
pub(super) async fn ends_one_of_two(store: &dyn Store) {
    let (rule, now) = (Lockout::default(), chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1));
    let fail = async |tx: &dyn Tx, network: &str| {
        tx.login_attempts().fail(b"ada", network, &rule, now).await.map(|_| ())
    };
    for network in ["one", "two"] {
        store.login_attempts().fail(b"ada", network, &rule, now).await.unwrap();
    }
    let (first, second) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    fail(first.as_ref(), "one").await.unwrap();
    fail(second.as_ref(), "two").await.unwrap();
    let (one, two) = tokio::join!(fail(first.as_ref(), "two"), fail(second.as_ref(), "one"));
    let (loser, beaten, winner) = match (one, two) {
        (Err(error), Ok(())) => (error, first, second),
        (Ok(()), Err(error)) => (error, second, first),
        both => panic!("one of them has to go: {both:?}"),
    };
    assert_eq!(loser.kind(), Kind::Unavailable);
    assert!(loser.is_contended());
    assert!(beaten.commit().await.unwrap_err().is_contended(), "so is whatever of it comes later");
    winner.commit().await.unwrap();
    for network in ["one", "two"] {
        let counted = store.login_attempts().get(b"ada", network).await.unwrap().unwrap();
        assert_eq!(counted.failures, 2, "the loser's own count on {network} is gone");
    }
}
