//! A login with another provider that is begun, received and exchanged by different processes.

use serde_json::json;

use crate::harness::{Browser, Tokens, installations};
use crate::oauth::{PROVIDERS, PUBLIC, REDIRECT, agree, depart, exchange, sent_on};

installations! {
    [postgres mysql]

    async fn any_replica_goes_on_with_a_login(installation: &Installation) {
        if !testkit::services::service_answers("127.0.0.1:8015") {
            testkit::services::require_or_skip("the identity providers", "ensure_identity_providers");
            return;
        }
        let variables = [
            ("SERVER__PUBLIC_URL", PUBLIC),
            ("OAUTH__PROVIDERS", PROVIDERS),
            ("OAUTH__REDIRECT_URIS", REDIRECT),
        ];
        let first = installation.api("first", &variables).await;
        let second = installation.api("second", &variables).await;
        let browser = Browser::new();
        let at = depart(&first, &browser, "acme", "").await;
        let back = agree(&browser, at, "ada@example.com").await;
        let (name, code) = sent_on(&second, &browser, &back).await;
        assert_eq!(name, "code", "{code}");
        let again = sent_on(&first, &browser, &back).await;
        assert_eq!(again, ("error".to_owned(), "state_invalid".to_owned()));
        let body = json!({ "code": code });
        let ada = Tokens::of(&exchange(&first, &body, &browser).await.is(200));
        exchange(&second, &body, &browser).await.refuses(422, "token_invalid");
        second.me(&ada.access).await.is(200);
        first.stop().await;
        second.stop().await;
    }
}
