//! GitHub and Google, emulated by somebody else.

use reqwest::Url;
use serde_json::json;

use super::{PUBLIC, depart, exchange, identities, sent_on};
use crate::harness::{App, Browser, Place, Tokens, profiles};

/// Chooses a user on the page of an emulation. Gives the address that it sends the browser back to.
async fn choose(browser: &Browser, at: Url, user: &[(&str, &str)]) -> Url {
    let page = browser.open(at, PUBLIC).await;
    let Place::Stop(back) = browser.submit(&page, user, PUBLIC).await else { panic!("not sent back") };
    back
}

async fn inside(app: &App, browser: &Browser, back: &Url) -> Tokens {
    let (name, code) = sent_on(app, browser, back).await;
    assert_eq!(name, "code", "{code}");
    Tokens::of(&exchange(app, &json!({ "code": code }), browser).await.is(200))
}

profiles! {
    [oauth()]

    async fn github_tells_who_somebody_is(app: &App) {
        let browser = Browser::new();
        let at = depart(app, &browser, "github", "").await;
        let back = choose(&browser, at, &[("login", "octocat")]).await;
        let octocat = inside(app, &browser, &back).await;
        let me = app.me(&octocat.access).await.is(200).data();
        assert_eq!((&me["email"], &me["displayName"]), (&json!("octocat@example.com"), &json!("The Octocat")));
        assert_eq!(identities(app, &octocat.access).await[0]["provider"], "github");
    }

    async fn google_tells_who_somebody_is(app: &App) {
        let browser = Browser::new();
        let at = depart(app, &browser, "google", "").await;
        let back = choose(&browser, at, &[("email", "gina@example.com")]).await;
        let gina = inside(app, &browser, &back).await;
        assert_eq!(app.me(&gina.access).await.is(200).data()["email"], "gina@example.com");

        let at = depart(app, &browser, "google", "").await;
        let back = choose(&browser, at, &[("email", "unproven@example.com")]).await;
        let refused = sent_on(app, &browser, &back).await;
        assert_eq!(refused, ("error".to_owned(), "email_not_verified".to_owned()));
    }

    /// One person, two providers, one account.
    async fn one_account_can_be_linked_with_several(app: &App) {
        let ada = super::login_as(app, "ada@example.com").await;
        let browser = Browser::new();
        let at = super::begin_link(app, &ada.access, &browser, "github").await;
        let back = choose(&browser, at, &[("login", "octocat")]).await;
        assert_eq!(sent_on(app, &browser, &back).await, ("linked".to_owned(), "github".to_owned()));
        let at = depart(app, &browser, "github", "").await;
        let back = choose(&browser, at, &[("login", "octocat")]).await;
        assert_eq!(inside(app, &browser, &back).await.user, ada.user);
        assert_eq!(identities(app, &ada.access).await.len(), 2);
    }
}
