//! [`ports::IdempotencyKeys`].

use ports::{Answer, Kind, Reservation, Reserved};

use crate::bench::Bench;
use crate::samples::{at, hash, id};

/// Asked at 0, leased until 10, kept until 100.
fn wanted() -> Reservation {
    Reservation {
        key: hash(),
        fingerprint: hash(),
        token: id(),
        now: at(0),
        lease_until: at(10),
        keep_until: at(100),
    }
}

/// The same request again, so many seconds later, by somebody who asks with a token of its own.
fn again(first: &Reservation, seconds: i64) -> Reservation {
    Reservation {
        token: id(),
        now: at(seconds),
        lease_until: at(seconds + 10),
        keep_until: at(seconds + 100),
        ..first.clone()
    }
}

fn answer(body: &[u8]) -> Answer {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Answer {
        status: 202,
        headers: vec![header("location", "/x"), header("content-type", "application/json")],
        body: body.to_vec(),
    }
}

async fn reserve(bench: &Bench, reservation: &Reservation) -> Reserved {
    bench.store.idempotency().reserve(reservation).await.unwrap()
}

/// Reserves what nobody holds; the token.
async fn granted(bench: &Bench, reservation: &Reservation) -> i64 {
    match reserve(bench, reservation).await {
        Reserved::Granted { token } => token,
        other => panic!("{other:?}"),
    }
}

/// "Grants a key that nobody has used." "The same was sent before, and is being worked on." "Something else was
/// sent under this key."
pub async fn is_granted_once(bench: &Bench) {
    let first = wanted();
    assert_eq!(granted(bench, &first).await, first.token);
    assert_eq!(reserve(bench, &again(&first, 9)).await, Reserved::Running);
    let other = Reservation { fingerprint: hash(), ..again(&first, 9) };
    assert_eq!(reserve(bench, &other).await, Reserved::Different);
    granted(bench, &Reservation { key: hash(), ..again(&first, 9) }).await;
}

/// "Of many that ask at once one gets it."
pub async fn of_many_one_gets_it(bench: &Bench) {
    let first = wanted();
    for round in [0, 20] {
        // Both when it is new and when it is taken over.
        let asking = (0..20).map(|_| {
            let (store, wanted) = (bench.store.clone(), again(&first, round));
            tokio::spawn(async move { store.idempotency().reserve(&wanted).await.unwrap() })
        });
        let mut winners = 0;
        for asked in asking.collect::<Vec<_>>() {
            match asked.await.unwrap() {
                Reserved::Granted { .. } => winners += 1,
                other => assert_eq!(other, Reserved::Running),
            }
        }
        assert_eq!(winners, 1);
    }
}

/// "Keeps the answer until the key is kept no longer." "The same was sent before, and answered so."
pub async fn an_answer_is_kept(bench: &Bench) {
    let first = wanted();
    let token = granted(bench, &first).await;
    let given = answer(&[0, 255, b'{']);
    bench.commit(async |tx| tx.idempotency().answer(&first.key, token, &given).await).await;
    assert_eq!(reserve(bench, &again(&first, 99)).await, Reserved::Answered(given));
    let other = Reservation { fingerprint: hash(), ..again(&first, 99) };
    assert_eq!(reserve(bench, &other).await, Reserved::Different);
    granted(bench, &Reservation { fingerprint: hash(), ..again(&first, 100) }).await;
}

/// "65,535 bytes at most."
pub async fn keeps_the_largest_answer(bench: &Bench) {
    let first = wanted();
    let token = granted(bench, &first).await;
    let given = answer(&vec![7; 65_535]);
    bench.store.idempotency().answer(&first.key, token, &given).await.unwrap();
    assert_eq!(reserve(bench, &again(&first, 1)).await, Reserved::Answered(given));
}

/// "`Precondition` when the key has been answered."
pub async fn is_answered_once(bench: &Bench) {
    let first = wanted();
    let token = granted(bench, &first).await;
    let keys = bench.store.idempotency();
    keys.answer(&first.key, token, &answer(b"first")).await.unwrap();
    let second = keys.answer(&first.key, token, &answer(b"second")).await.unwrap_err();
    assert_eq!(second.kind(), Kind::Precondition);
    assert_eq!(reserve(bench, &again(&first, 1)).await, Reserved::Answered(answer(b"first")));
}

/// "Whose holder has … let its lease run out without an answer." "Or is not held under this token any more."
pub async fn a_key_taken_over_refuses_its_former_holder(bench: &Bench) {
    let first = wanted();
    let former = granted(bench, &first).await;
    let token = granted(bench, &again(&first, 10)).await;
    assert!(token > former);
    let kind = bench.refused(async |tx| tx.idempotency().answer(&first.key, former, &answer(b"late")).await);
    assert_eq!(kind.await, Kind::Precondition);
    bench.store.idempotency().release(&first.key, former).await.unwrap();
    assert_eq!(
        reserve(bench, &again(&first, 11)).await,
        Reserved::Running,
        "the late release changed nothing"
    );
    bench.store.idempotency().answer(&first.key, token, &answer(b"in time")).await.unwrap();
}

/// "A token that only grows", even when the one who asks brings a smaller one.
pub async fn tokens_only_grow(bench: &Bench) {
    let first = wanted();
    let mut last = granted(bench, &first).await;
    for (round, brought) in [(1, 1), (2, last + 1000), (3, 1)] {
        bench.store.idempotency().release(&first.key, last).await.unwrap();
        let token = granted(bench, &Reservation { token: brought, ..again(&first, round) }).await;
        assert!(token > last, "{token} after {last}");
        last = token;
    }
}

/// "Whose holder has given it up." "Gives up a key that is held under this token and not answered."
pub async fn a_released_key_is_free(bench: &Bench) {
    let first = wanted();
    let keys = bench.store.idempotency();
    let token = granted(bench, &first).await;
    keys.release(&first.key, token).await.unwrap();
    let late = keys.answer(&first.key, token, &answer(b"late")).await.unwrap_err();
    assert_eq!(late.kind(), Kind::Precondition);
    // Whatever is sent now is the first that counts.
    let next = Reservation { fingerprint: hash(), ..again(&first, 1) };
    let token = granted(bench, &next).await;
    keys.answer(&first.key, token, &answer(b"kept")).await.unwrap();
    keys.release(&first.key, token).await.unwrap();
    keys.release(&hash(), token).await.unwrap();
    assert_eq!(reserve(bench, &again(&next, 2)).await, Reserved::Answered(answer(b"kept")));
}

/// "Inside, it commits with the unit": rolled back, the key is still held.
pub async fn an_answer_goes_with_its_unit_of_work(bench: &Bench) {
    let first = wanted();
    let token = granted(bench, &first).await;
    let tx = bench.begin().await;
    tx.idempotency().answer(&first.key, token, &answer(b"lost")).await.unwrap();
    drop(tx);
    assert_eq!(reserve(bench, &again(&first, 1)).await, Reserved::Running);
    bench.store.idempotency().answer(&first.key, token, &answer(b"kept")).await.unwrap();
    assert_eq!(reserve(bench, &again(&first, 1)).await, Reserved::Answered(answer(b"kept")));
}

/// "Removes keys that were kept until before `before`; at most `limit`. How many."
pub async fn purge_removes_what_is_kept_no_longer(bench: &Bench) {
    for _ in 0..3 {
        granted(bench, &wanted()).await;
    }
    let later = Reservation { keep_until: at(101), ..wanted() };
    granted(bench, &later).await;
    let keys = bench.store.idempotency();
    assert_eq!(keys.purge(at(100), 10).await.unwrap(), 0);
    assert_eq!(keys.purge(at(101), 2).await.unwrap(), 2);
    assert_eq!(bench.commit(async |tx| tx.idempotency().purge(at(101), 2).await).await, 1);
    assert_eq!(reserve(bench, &again(&later, 1)).await, Reserved::Running);
}
