//! The matrix S1: every operation of the document, tried by every kind of caller.
//!
//! Nothing here knows an operation by name. What a caller must be told follows from the scope that the operation
//! declares and from whose things its path names; ids and bodies come from what has been made and from the document's
//! examples. A control at the end shows that those who may are let through to the same places.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::harness::{Answer, App, Client, Tokens, profiles};

/// What is of no use to anybody: the right form, and nothing there.
const NOTHING: &str = "01a1fc2b-e248-76d5-ad9a-a8e9e35bb6d9";

/// One operation of the document.
struct Operation {
    method: Method,
    path: String,
    /// The scope it declares; none for public ones.
    needs: Option<String>,
    /// Whether it takes something else in the place of a token.
    open: bool,
    /// An acceptable body.
    body: Option<Value>,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Its path in the things of somebody.
    fn at(&self, things: &BTreeMap<&str, String>) -> String {
        let before = self.path.split("/{id}").next().unwrap();
        let area = before.rsplit('/').next().unwrap();
        let id = things.get(area).map_or(NOTHING, String::as_str);
        let path = self.path.replace("{id}", id).replace("{provider}", "nobody");
        ["userId", "invitationId"].iter().fold(path, |path, name| {
            path.replace(&format!("{{{name}}}"), things.get(name).map_or(NOTHING, String::as_str))
        })
    }

    async fn by(&self, app: &Client, bearer: Option<&str>, things: &BTreeMap<&str, String>) -> Answer {
        let call = app.call(self.method.clone(), &self.at(things));
        let call = match &self.body {
            Some(body) => call.body("application/json", body.to_string()),
            None => call,
        };
        match bearer {
            Some(token) => call.bearer(token).send().await,
            None => call.send().await,
        }
    }
}

/// What a `$ref` points at; anything else is itself.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// The example of a body: of the whole, or of each property that is required.
fn example(document: &Value, media: &Value) -> Value {
    let mut schema = resolved(document, &media["schema"]);
    if let Some(any) = schema["oneOf"].as_array() {
        schema = resolved(document, any.iter().find(|one| one["type"] != "null").unwrap());
    }
    let whole = [&media["example"], &schema["example"], &schema["examples"][0]];
    if let Some(whole) = whole.into_iter().find(|example| !example.is_null()) {
        return whole.clone();
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let property = |name: &Value| {
        let name = name.as_str().unwrap();
        let property = resolved(document, &schema["properties"][name]);
        let example =
            [&schema["properties"][name]["example"], &property["example"], &property["examples"][0]];
        (name.to_owned(), example.into_iter().find(|one| !one.is_null()).cloned().unwrap_or_default())
    };
    required.iter().map(property).collect::<Map<_, _>>().into()
}

async fn operations(app: &Client) -> Vec<Operation> {
    let document = app.get("/openapi.json").gives(200).await.json();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !path.starts_with("/api/") {
                continue;
            }
            let body = &operation["requestBody"]["content"]["application/json"];
            let mut scopes = operation["security"].as_array().into_iter().flatten();
            let needs = scopes.find_map(|one| one["bearer"][0].as_str());
            all.push(Operation {
                method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                path: path.clone(),
                needs: needs.map(str::to_owned),
                open: operation["security"].as_array().is_some_and(|all| all.contains(&json!({}))),
                body: (!body.is_null()).then(|| example(&document, body)),
            });
        }
    }
    all
}

/// Where the grants for an operation have to come from, by the catalogue that the API shows.
async fn realms(app: &Client, admin: &Tokens) -> BTreeMap<String, String> {
    let all = app.get("/api/v1/permissions").bearer(&admin.access).gives(200).await.data();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.as_array().unwrap().iter().map(|one| (text(&one["name"]), text(&one["realm"]))).collect()
}

/// A tenant with an owner, a member without rights, an invitation, a role; and what else Ada has.
struct Scene {
    ada: Tokens,
    /// Ada's token that speaks for her tenant.
    owner: String,
    /// A member's without any role, for the same tenant.
    member: String,
    /// The owner's of another tenant, for that.
    stranger: String,
    /// Somebody's who is signed in, and no more.
    nobody: Tokens,
    admin: Tokens,
    things: BTreeMap<&'static str, String>,
}

async fn scene(app: &App) -> Scene {
    let (ada, bob) = (app.member("ada@example.com").await, app.member("bob@example.com").await);
    let (eve, nobody) = (app.member("eve@example.com").await, app.member("nobody@example.com").await);
    let admin = app.admin().await;
    let tenant = app.found(&ada.access, "Adas secret tenant").await;
    let other = app.found(&eve.access, "Eves").await;
    app.bring_in(&ada.access, &tenant, "bob@example.com", &[]).await;
    let owner = app.speaking_for(&ada.access, &tenant).await;
    let role = app.role(&owner, "adas-secret-role", &["members:read"]).await;
    let invite = json!({ "email": "cyd@example.com", "roles": [role] });
    let path = format!("/api/v1/tenants/{tenant}/invitations");
    let invitation = app.post(&path, &invite).bearer(&owner).gives(201).await.data();
    let job = app.submit(&admin, "diagnostics.echo", json!({})).await;
    app.job_is(&admin, &job["id"], "succeeded").await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let things = BTreeMap::from([
        ("tenants", tenant.clone()),
        ("roles", role),
        ("users", ada.user.clone()),
        ("sessions", ada.session.clone()),
        ("jobs", text(&job["id"])),
        ("userId", bob.user.clone()),
        ("invitationId", text(&invitation["id"])),
    ]);
    Scene {
        owner,
        member: app.speaking_for(&bob.access, &tenant).await,
        stranger: app.speaking_for(&eve.access, &other).await,
        ada,
        nobody,
        admin,
        things,
    }
}

/// Nothing of Ada's is in it.
#[track_caller]
fn keeps_quiet(operation: &Operation, answer: &Answer) {
    for secret in ["ada@example.com", "Adas secret", "adas-secret", "cyd@example.com"] {
        assert!(!answer.text().contains(secret), "{}: {}", operation.name(), answer.text());
    }
}

profiles! {
    [owned_clock()]

    /// Without a token that counts, nobody gets anywhere: none, one that has expired, that was revoked, that was made for
    /// somebody else or by somebody else, with our own key or without.
    async fn without_a_good_token_nobody_gets_in(app: &App) {
        let expired = app.member("late@example.com").await.access;
        app.advance_seconds(16 * 60);
        let scene = scene(app).await;
        let ended = app.login("bob@example.com", crate::harness::PASSWORD).await;
        app.logout(&ended.access).await.is(204);
        let (control, well_signed) = crate::tokens::well_signed(app, &scene.nobody.access).await;
        app.me(&control).await.is(200);
        let forged: Vec<_> = crate::tokens::forgeries(&scene.nobody.access).into_iter().chain(well_signed).collect();
        let mut tried = 0;
        for operation in operations(app).await.iter().filter(|operation| operation.needs.is_some()) {
            for (bearer, code) in [
                (None, "unauthenticated"),
                (Some(&expired), "token_expired"),
                (Some(&ended.access), "token_revoked"),
            ] {
                let answer = operation.by(app, bearer.map(String::as_str), &scene.things).await;
                let code = if operation.open { "unauthenticated" } else { code };
                keeps_quiet(operation, &answer.refuses(401, code));
            }
            for (kind, token) in &forged {
                let answer = operation.by(app, Some(token), &scene.things).await;
                assert_eq!(answer.status, 401, "{} by {kind}: {}", operation.name(), answer.text());
                keeps_quiet(operation, &answer);
            }
            tried += 1;
        }
        assert!(tried > 50, "{tried} operations");
    }

    /// Who is signed in but may not: a person without any role, a member without rights, the owner of another tenant.
    async fn without_the_right_nobody_gets_through(app: &App) {
        let scene = scene(app).await;
        let realms = realms(app, &scene.admin).await;
        let mut tried = BTreeMap::<&str, usize>::new();
        for operation in &operations(app).await {
            let Some(needs) = &operation.needs else { continue };
            let realm = realms[needs.strip_suffix(":own").unwrap_or(needs)].as_str();
            let in_tenant = operation.path.starts_with("/api/v1/tenants/{id}");
            let refusals: &[(&str, u16)] = match (realm, in_tenant) {
                ("platform", false) => &[
                    (&scene.nobody.access, 403),
                    (&scene.member, 403),
                    (&scene.stranger, 403),
                ],
                ("platform", true) => &[(&scene.nobody.access, 404), (&scene.owner, 403), (&scene.stranger, 404)],
                ("tenant", true) => &[(&scene.nobody.access, 404), (&scene.member, 403), (&scene.stranger, 404)],
                // Which tenant is said by the token: a stranger's is another one, where the role is not.
                ("tenant", false) => &[(&scene.nobody.access, 403), (&scene.member, 403)],
                _ => &[],
            };
            for (bearer, status) in refusals {
                let answer = operation.by(app, Some(bearer), &scene.things).await;
                assert_eq!(answer.status, *status, "{}: {}", operation.name(), answer.text());
                keeps_quiet(operation, &answer);
            }
            // What names somebody's thing by its id tells a stranger nothing, whatever their rights are elsewhere.
            if operation.path.contains("{id}") && realm != "platform" && !needs.ends_with(":own") {
                let answer = operation.by(app, Some(&scene.stranger), &scene.things).await;
                let expected = if operation.needs.as_deref() == Some("profile:read") { vec![404, 200] } else { vec![404, 401, 422] };
                assert!(expected.contains(&answer.status), "{}: {} {}", operation.name(), answer.status, answer.text());
                keeps_quiet(operation, &answer);
            }
            *tried.entry(realm_name(realm)).or_default() += 1;
        }
        assert!(tried["platform"] > 10 && tried["tenant"] > 10 && tried["everybody"] > 5, "{tried:?}");
    }

    /// The control: those who may come through to the same places with the same bodies.
    async fn those_who_may_get_through(app: &App) {
        let scene = scene(app).await;
        let realms = realms(app, &scene.admin).await;
        let mut all: Vec<Operation> = operations(app).await.into_iter().filter(|one| one.needs.is_some()).collect();
        let order = |operation: &Operation| match (operation.method.as_str(), operation.path.contains("logout")) {
            ("GET", _) => 0,
            ("DELETE", _) => 2,
            (_, true) => 3,
            _ => 1,
        };
        all.sort_by_key(order);
        for operation in all.iter().filter(|operation| order(operation) == 0) {
            let needs = operation.needs.as_ref().unwrap();
            let realm = realms[needs.strip_suffix(":own").unwrap_or(needs)].as_str();
            let bearer = match (realm, operation.path.as_str()) {
                ("platform", _) => &scene.admin.access,
                ("tenant", _) => &scene.owner,
                _ => &scene.ada.access,
            };
            let missing = operation.at(&scene.things).contains(NOTHING);
            let answer = operation.by(app, Some(bearer), &scene.things).await;
            let expected: &[u16] = if missing { &[404] } else { &[200] };
            assert!(expected.contains(&answer.status), "{}: {} {}", operation.name(), answer.status, answer.text());
        }
        // Of what changes something it is enough that the right is there: what is said may still be refused.
        for operation in all.iter().filter(|operation| order(operation) == 1) {
            let needs = operation.needs.as_ref().unwrap();
            let realm = realms[needs.strip_suffix(":own").unwrap_or(needs)].as_str();
            let bearer = if realm == "platform" { &scene.admin.access } else { &scene.owner };
            let answer = operation.by(app, Some(bearer), &scene.things).await;
            assert!(answer.status != 403 && answer.status < 500, "{}: {}", operation.name(), answer.text());
        }
    }
}

fn realm_name(realm: &str) -> &'static str {
    match realm {
        "platform" => "platform",
        "tenant" => "tenant",
        _ => "everybody",
    }
}
