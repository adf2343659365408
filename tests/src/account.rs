//! People change their own account.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, App, PASSWORD, profiles};

const ME: &str = "/api/v1/users/me";

async fn change(app: &App, access: &str, if_match: Option<&str>, body: &Value) -> Answer {
    let mut call = app.call(Method::PATCH, ME).bearer(access).body("application/json", body.to_string());
    if let Some(tag) = if_match {
        call = call.header("if-match", tag);
    }
    call.send().await
}

profiles! {
    async fn name_and_number_change_one_by_one(app: &App) {
        let ada = app.member("ada@example.com").await;
        let before = app.me(&ada.access).await.is(200).data();
        assert_eq!(before["phone"], Value::Null);

        let body = json!({ "phone": " +1 (415) 555-0123 " });
        let answer = change(app, &ada.access, None, &body).await.is(200);
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        let after = answer.data();
        assert_eq!((&after["phone"], &after["displayName"]), (&json!("+14155550123"), &before["displayName"]));
        assert_eq!(after["version"], before["version"].as_i64().unwrap() + 1);
        assert_eq!(answer.header("etag"), format!("\"v{}\"", after["version"]));
        assert_eq!(app.me(&ada.access).await.is(200).data(), after);

        let renamed = change(app, &ada.access, None, &json!({ "displayName": "Countess" })).await.is(200).data();
        assert_eq!((&renamed["displayName"], &renamed["phone"]), (&json!("Countess"), &json!("+14155550123")));
        let emptied = json!({ "displayName": null, "phone": null });
        let emptied = change(app, &ada.access, None, &emptied).await.is(200).data();
        assert_eq!((&emptied["displayName"], &emptied["phone"]), (&Value::Null, &Value::Null));
    }

    async fn a_stale_change_changes_nothing(app: &App) {
        let ada = app.member("ada@example.com").await;
        let seen = app.me(&ada.access).await.header("etag").to_owned();
        let first = json!({ "displayName": "First" });
        change(app, &ada.access, Some(&seen), &first).await.is(200);
        let late = json!({ "displayName": "Late", "phone": "+14155550123" });
        for stale in [seen.as_str(), "\"v0\"", "nonsense"] {
            change(app, &ada.access, Some(stale), &late).await.refuses(412, "precondition_failed");
        }
        let now = app.me(&ada.access).await;
        assert_eq!((&now.data()["displayName"], &now.data()["phone"]), (&json!("First"), &Value::Null));
        let tags = format!("{seen}, {}", now.header("etag"));
        change(app, &ada.access, Some(&tags), &late).await.is(200);
        change(app, &ada.access, Some("*"), &late).await.is(200);
    }

    async fn administrators_find_people_by_their_number(app: &App) {
        let (ada, bob) = (app.member("ada@example.com").await, app.member("bob@example.com").await);
        for who in [&ada, &bob] {
            change(app, &who.access, None, &json!({ "phone": "+14155550123" })).await.is(200);
        }
        let admin = app.admin().await;
        let found = async |number: &str| {
            app.get(&format!("/api/v1/users?filter[phone]={number}")).bearer(&admin.access).send().await
        };
        let emails = |answer: Answer| {
            let rows = answer.is(200).data().as_array().unwrap().clone();
            rows.iter().map(|user| user["email"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(emails(found("%2B1%20415%20555-0123").await), ["bob@example.com", "ada@example.com"]);
        change(app, &bob.access, None, &json!({ "phone": "+14155550124" })).await.is(200);
        assert_eq!(emails(found("%2B14155550123").await), ["ada@example.com"]);
        assert!(emails(found("%2B1415555012").await).is_empty(), "exactly, not by its beginning");
        found("4155550123").await.refuses(422, "validation_failed").names("filter[phone]", "phone");
    }

    async fn what_is_no_number_is_refused(app: &App) {
        let ada = app.member("ada@example.com").await;
        for phone in ["", "4155550123", "+0123456789", "+1 415 555 01x3", "+14155550123\u{0}"] {
            let answer = change(app, &ada.access, None, &json!({ "phone": phone })).await;
            let answer = answer.refuses(422, "validation_failed").names("phone", "phone");
            assert!(phone.is_empty() || !answer.text().contains(phone), "{}", answer.text());
        }
        let both = json!({ "displayName": "", "phone": "none" });
        let answer = change(app, &ada.access, None, &both).await.refuses(422, "validation_failed");
        answer.names("phone", "phone").names("displayName", "length");
        let unknown = json!({ "email": "eve@example.com" });
        change(app, &ada.access, None, &unknown).await.refuses(422, "validation_failed");
    }

    /// Who changed what is known; the number itself is nobody's business.
    async fn a_change_is_audited_without_what_it_holds(app: &App) {
        let ada = app.member("ada@example.com").await;
        change(app, &ada.access, None, &json!({ "phone": "+14155550123" })).await.is(200);
        let admin = app.admin().await;
        let entries = app.audit(&admin, "action=user.update").await;
        assert_eq!(entries.len(), 1);
        assert_eq!((&entries[0]["resourceId"], &entries[0]["outcome"]), (&json!(ada.user), &json!("success")));
        assert!(!entries[0].to_string().contains("4155550123"), "{}", entries[0]);
    }

    async fn language_and_time_zone_are_names_that_exist(app: &App) {
        let ada = app.member("ada@example.com").await;
        let before = app.me(&ada.access).await.is(200).data();
        assert_eq!((&before["locale"], &before["timeZone"]), (&Value::Null, &Value::Null));
        let body = json!({ "locale": "de-ch", "timeZone": "Europe/Zurich" });
        change(app, &ada.access, None, &body).await.is(200);
        let after = app.me(&ada.access).await.is(200).data();
        assert_eq!((&after["locale"], &after["timeZone"]), (&json!("de-CH"), &json!("Europe/Zurich")));
        assert_eq!(app.login("ada@example.com", PASSWORD).await.user, ada.user);

        let wrong = json!({ "locale": "german", "timeZone": "Europe/Bern" });
        let answer = change(app, &ada.access, None, &wrong).await.refuses(422, "validation_failed");
        answer.names("locale", "locale").names("timeZone", "time_zone");
        let emptied = json!({ "locale": null });
        let emptied = change(app, &ada.access, None, &emptied).await.is(200).data();
        assert_eq!((&emptied["locale"], &emptied["timeZone"]), (&Value::Null, &json!("Europe/Zurich")));
    }
}
