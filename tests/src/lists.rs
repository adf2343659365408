//! Lists, as all of them are: cursors, numbered pages, orders.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{App, Tokens, profiles};

const JOBS: &str = "/api/v1/jobs";

async fn echo(app: &App, admin: &Tokens, jobs: usize) {
    for number in 0..jobs {
        let job = app.submit(admin, "diagnostics.echo", json!(number)).await;
        app.job_is(admin, &job["id"], "succeeded").await;
    }
}

async fn page(app: &App, admin: &Tokens, path: &str) -> Value {
    app.get(path).bearer(&admin.access).gives(200).await.json()
}

profiles! {
    async fn numbered_pages_count(app: &App) {
        let admin = app.admin().await;
        echo(app, &admin, 5).await;
        let list = format!("{JOBS}?kind=diagnostics.echo&limit=2");
        let by_cursor = page(app, &admin, &format!("{JOBS}?kind=diagnostics.echo")).await;
        let mut rows = Vec::new();
        for (number, length) in [(1, 2), (2, 2), (3, 1), (4, 0)] {
            let answer = page(app, &admin, &format!("{list}&page={number}")).await;
            assert_eq!(answer["meta"], json!({ "page": number, "limit": 2, "total": 5, "totalPages": 3 }));
            assert_eq!(answer["data"].as_array().unwrap().len(), length);
            rows.extend(answer["data"].as_array().unwrap().clone());
        }
        assert_eq!(json!(rows), by_cursor["data"]);
        assert_eq!(by_cursor["meta"], json!({ "limit": 20, "nextCursor": null, "hasMore": false }));
        let beyond = page(app, &admin, &format!("{JOBS}?limit=100&page=100")).await;
        assert_eq!(beyond["data"], json!([]));
    }

    async fn an_order_has_a_reverse(app: &App) {
        let admin = app.admin().await;
        echo(app, &admin, 3).await;
        let newest = page(app, &admin, &format!("{JOBS}?kind=diagnostics.echo&sort=-createdAt")).await;
        let oldest = page(app, &admin, &format!("{JOBS}?kind=diagnostics.echo&sort=createdAt")).await;
        let mut reversed = oldest["data"].as_array().unwrap().clone();
        reversed.reverse();
        assert_eq!(newest["data"], json!(reversed));
        assert_eq!(page(app, &admin, &format!("{JOBS}?kind=diagnostics.echo")).await["data"], newest["data"]);
    }

    /// A cursor goes on with the list, the order and the choice of rows that it was made for, and with nothing else.
    async fn a_cursor_is_good_for_one_thing(app: &App) {
        let admin = app.admin().await;
        echo(app, &admin, 3).await;
        let first = page(app, &admin, &format!("{JOBS}?kind=diagnostics.echo&limit=1")).await;
        let cursor = first["meta"]["nextCursor"].as_str().unwrap();
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
        for good in ["kind=diagnostics.echo", "kind=diagnostics.echo&limit=2", "sort=-createdAt&kind=diagnostics%2Eecho"] {
            let next = page(app, &admin, &format!("{JOBS}?{good}&cursor={cursor}")).await;
            assert_ne!(next["data"][0], first["data"][0]);
        }
        let refused = async |path: String| {
            let answer = app.get(&path).bearer(&admin.access).refused(422, "validation_failed").await;
            answer.names("cursor", "cursor");
        };
        refused(format!("{JOBS}?cursor={cursor}")).await;
        refused(format!("{JOBS}?kind=diagnostics.sleep&cursor={cursor}")).await;
        refused(format!("{JOBS}?kind=diagnostics.echo&status=dead&cursor={cursor}")).await;
        refused(format!("{JOBS}?kind=diagnostics.echo&sort=createdAt&cursor={cursor}")).await;
        refused(format!("/api/v1/audit?cursor={cursor}")).await;
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
        for at in 0..bytes.len() {
            let mut tampered = bytes.clone();
            tampered[at] ^= 1;
            let tampered = URL_SAFE_NO_PAD.encode(tampered);
            refused(format!("{JOBS}?kind=diagnostics.echo&cursor={tampered}")).await;
        }
        refused(format!("{JOBS}?kind=diagnostics.echo&cursor={}", URL_SAFE_NO_PAD.encode(&bytes[..bytes.len() - 9]))).await;
        let both = format!("{JOBS}?kind=diagnostics.echo&page=1&cursor={cursor}");
        app.get(&both).bearer(&admin.access).refused(422, "validation_failed").await.names("page", "exclusive");
    }
}
