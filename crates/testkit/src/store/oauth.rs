//! [`ports::OAuthQueries`] and [`ports::OAuthRepo`].

use domain::{Binding, OAuthCode, OAuthLogin};
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, hash, id, session, user, uuid};

fn login() -> OAuthLogin {
    OAuthLogin {
        id: id(),
        hash: hash(),
        provider: "acme".to_owned(),
        redirect_uri: "https://app.example.com/after?x=é".to_owned(),
        binding: Binding { browser: hash(), challenge: Some(hash()) },
        tenant: Some(uuid()),
        linking_session: None,
        expires_at: at(600),
        spent_at: None,
    }
}

async fn begun(bench: &Bench, change: impl FnOnce(&mut OAuthLogin)) -> OAuthLogin {
    let mut login = login();
    change(&mut login);
    bench.commit(async |tx| tx.oauth().begin(&login).await).await;
    login
}

async fn given(bench: &Bench, change: impl FnOnce(&mut OAuthCode)) -> OAuthCode {
    let user = user();
    let binding = Binding { browser: hash(), challenge: Some(hash()) };
    let (user_id, tenant) = (user.base.id, Some(uuid()));
    let mut code = OAuthCode { id: id(), user_id, hash: hash(), binding, tenant, expires_at: at(60) };
    change(&mut code);
    bench
        .commit(async |tx| {
            tx.users().insert(&user).await?;
            tx.oauth().give_code(&code).await
        })
        .await;
    code
}

async fn gone(bench: &Bench, login: &OAuthLogin) -> bool {
    let refused = bench.store.oauth().login(&login.hash).await.err();
    refused.is_some_and(|error| error.kind() == Kind::NotFound)
}

/// "The login whose state has this hash, expired and spent ones too." `NotFound`.
pub async fn logins_read_back_every_field(bench: &Bench) {
    let full = begun(bench, |login| (login.expires_at, login.spent_at) = (at(-1), Some(at(-2)))).await;
    let bare = begun(bench, |login| (login.binding.challenge, login.tenant) = (None, None)).await;
    for login in [full, bare] {
        assert!(bench.store.oauth().login(&login.hash).await.unwrap() == login);
        assert!(bench.begin().await.oauth().login(&login.hash).await.unwrap() == login);
    }
    assert_eq!(bench.store.oauth().login(&hash()).await.err().unwrap().kind(), Kind::NotFound);
}

/// "`Precondition` when it had before: of two at the same time one gets in."
pub async fn a_login_is_spent_once(bench: &Bench) {
    let login = begun(bench, |_| {}).await;
    let callers = (0..8).map(|_| {
        let (store, id) = (bench.store.clone(), login.id);
        tokio::spawn(async move {
            let tx = store.begin().await?;
            tx.oauth().spend(id, at(7)).await?;
            tx.commit().await
        })
    });
    let outcomes = futures_util::future::join_all(callers.collect::<Vec<_>>()).await;
    assert_eq!(outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(Ok(())))).count(), 1);
    let spent = OAuthLogin { spent_at: Some(at(7)), ..login };
    assert!(bench.store.oauth().login(&spent.hash).await.unwrap() == spent);
    assert_eq!(bench.refused(async |tx| tx.oauth().spend(spent.id, at(8)).await).await, Kind::Precondition);
}

/// "The code with this hash, expired ones too; it stays good." `NotFound`.
pub async fn codes_read_back_every_field(bench: &Bench) {
    let full = given(bench, |code| code.expires_at = at(-1)).await;
    let bare = given(bench, |code| (code.binding.challenge, code.tenant) = (None, None)).await;
    for code in [full, bare] {
        assert!(bench.store.oauth().code(&code.hash).await.unwrap() == code);
        assert!(bench.begin().await.oauth().code(&code.hash).await.unwrap() == code);
    }
    assert_eq!(bench.store.oauth().code(&hash()).await.err().unwrap().kind(), Kind::NotFound);
}

/// "`NotFound` when it is not there (any more): of two at the same time one gets it."
pub async fn of_many_takers_one_gets_the_code(bench: &Bench) {
    let code = given(bench, |_| {}).await;
    let takers = (0..8).map(|_| {
        let (store, id) = (bench.store.clone(), code.id);
        tokio::spawn(async move {
            let tx = store.begin().await?;
            tx.oauth().take_code(id).await?;
            tx.commit().await
        })
    });
    let outcomes = futures_util::future::join_all(takers.collect::<Vec<_>>()).await;
    assert_eq!(outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(Ok(())))).count(), 1);
    assert_eq!(bench.refused(async |tx| tx.oauth().take_code(code.id).await).await, Kind::NotFound);
    assert_eq!(bench.store.oauth().code(&code.hash).await.err().unwrap().kind(), Kind::NotFound);
}

/// What links an account for a session goes with the session's row.
pub async fn a_login_ends_with_its_session(bench: &Bench) {
    let user = user();
    let mut session = session(user.base.id);
    (session.tenant_id, session.expires_at) = (None, at(-2_000));
    bench
        .commit(async |tx| {
            tx.users().insert(&user).await?;
            tx.sessions().insert(&session).await
        })
        .await;
    let linking = begun(bench, |login| login.linking_session = Some(session.base.id)).await;
    assert!(bench.store.oauth().login(&linking.hash).await.unwrap() == linking);
    assert_eq!(bench.commit(async |tx| tx.sessions().purge(at(-1_999), 100).await).await, 1);
    assert!(gone(bench, &linking).await);
}

/// "Removes logins and codes that expired before `before`; at most `limit` of each. How many."
pub async fn purge_removes_what_has_expired(bench: &Bench) {
    let live = begun(bench, |login| login.expires_at = at(100)).await;
    let good = given(bench, |code| code.expires_at = at(100)).await;
    let over = begun(bench, |login| login.expires_at = at(99)).await;
    begun(bench, |login| login.expires_at = at(98)).await;
    given(bench, |code| code.expires_at = at(99)).await;
    for removed in [2, 1, 0] {
        assert_eq!(bench.commit(async |tx| tx.oauth().purge(at(100), 1).await).await, removed);
    }
    assert!(gone(bench, &over).await);
    assert!(bench.store.oauth().login(&live.hash).await.unwrap() == live);
    assert!(bench.store.oauth().code(&good.hash).await.unwrap() == good);
}
