//! Other providers, and where their logins may end.

use super::Place;

const PROVIDERS: &str = "MAINSTAY_OAUTH__PROVIDERS";
const REDIRECTS: &str = "MAINSTAY_OAUTH__REDIRECT_URIS";

#[test]
fn providers_have_names_and_secrets_that_are_not_shown() {
    let loaded = Place::new()
        .set(PROVIDERS, "acme=oidc://app:hunter2@id.acme.dev, hub-2=github://app:hunter2@github.com")
        .set(REDIRECTS, "https://app.acme.dev/in,http://localhost:5173/in,dev.acme.app:/in")
        .load();
    let names: Vec<_> = loaded.config.oauth.providers.iter().map(|provider| provider.name.as_str()).collect();
    assert_eq!(names, ["acme", "hub-2"]);
    assert_eq!(loaded.config.oauth.redirect_uris.len(), 3);
    let shown = super::shown(&loaded, PROVIDERS).0;
    assert_eq!(shown, "acme=oidc://app:***@id.acme.dev, hub-2=github://app:***@github.com");
    assert!(!format!("{loaded:?}").contains("hunter2"));
}

#[test]
fn what_is_no_provider_or_no_end_is_refused() {
    let with_redirect = |providers: &str| {
        Place::new().set(REDIRECTS, "https://app.acme.dev/in").set(PROVIDERS, providers).only_problem()
    };
    for (providers, advice) in [
        ("oidc://a:hunter2@id.acme.dev", "name=scheme://"),
        ("Acme=oidc://a:hunter2@id.acme.dev", "name=scheme://"),
        ("acme=saml://a:hunter2@id.acme.dev", "unknown scheme `saml`"),
        ("a=oidc://a:hunter2@x.dev,a=github://a:hunter2@github.com", "two have the same name"),
    ] {
        let problem = with_redirect(providers);
        assert!(problem.contains(advice) && !problem.contains("hunter2"), "{providers}: {problem}");
    }
    let nowhere = Place::new().set(PROVIDERS, "acme=oidc://a:b@id.acme.dev").only_problem();
    assert!(nowhere.starts_with(REDIRECTS) && nowhere.contains("at least one address"), "{nowhere}");
    for uri in ["/in", "app.acme.dev/in", "javascript:alert(1)", "https://a:b@acme.dev", "https://acme.dev#x"]
    {
        let problem = Place::new().set(REDIRECTS, uri).only_problem();
        assert!(problem.starts_with(REDIRECTS), "{uri}: {problem}");
    }
}

#[test]
fn production_wants_tls_all_the_way() {
    let place = |providers: &str, redirects: &str| {
        Place::production().set(PROVIDERS, providers).set(REDIRECTS, redirects)
    };
    let good = "acme=oidc://a:Zk3vTq9w@id.acme.dev";
    place(good, "https://app.acme.dev/in,http://127.0.0.1/in,http://localhost/in,dev.acme.app:/in").config();
    let problem = place("acme=oidc+http://a:Zk3vTq9w@id.acme.dev", "https://app.acme.dev/in").only_problem();
    assert!(problem.starts_with(PROVIDERS) && problem.contains("behind TLS"), "{problem}");
    let problem = place(good, "http://app.acme.dev/in").only_problem();
    assert!(problem.starts_with(REDIRECTS) && problem.contains("https://"), "{problem}");
}
