//! Requests that no well-meaning client sends.

use std::io::Write;

use reqwest::Method;
use serde_json::json;

use crate::harness::{ADMIN, Answer, App, profiles};

const LOGIN: &str = "/api/v1/auth/login";
const JSON: &str = "application/json";

async fn login_with(app: &App, body: impl Into<Vec<u8>>) -> Answer {
    app.call(Method::POST, LOGIN).body(JSON, body).send().await
}

/// Credentials that are wrong, in JSON of about this size.
fn credentials(size: usize) -> Vec<u8> {
    let mut body =
        json!({ "email": "ada@example.com", "password": "wrong password" }).to_string().into_bytes();
    body.resize(body.len().max(size), b' ');
    body
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    brotli::CompressorWriter::new(&mut encoded, 4096, 9, 22).write_all(bytes).unwrap();
    encoded
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 19).unwrap()
}

type Encoder = fn(&[u8]) -> Vec<u8>;
const CODINGS: [(&str, Encoder); 3] = [("gzip", gzip), ("br", brotli), ("zstd", zstd)];

profiles! {
    async fn what_is_no_json_is_malformed(app: &App) {
        for body in ["", "{", "nonsense", "{\"email\":\"a\",\"password\":\"b\"} trailing", "{'email':1}"] {
            login_with(app, body).await.refuses(400, "malformed_request");
        }
        login_with(app, b"{\"email\":\"\xff\"}".as_slice()).await.refuses(400, "malformed_request");
        login_with(app, "[".repeat(65)).await.refuses(400, "malformed_request");
        let deep = format!("{{\"email\":{}1{}}}", "[".repeat(64), "]".repeat(64));
        login_with(app, deep).await.refuses(400, "malformed_request");
    }

    async fn the_wrong_shape_names_the_field(app: &App) {
        for (body, field, code) in [
            (json!({ "email": 1, "password": "x" }), "email", "type"),
            (json!({ "email": "a@example.com" }), "password", "required"),
            (json!({ "email": "a@example.com", "password": "x", "admin": true }), "admin", "unknown"),
            (json!({ "email": "a@example.com", "password": "x".repeat(2000) }), "password", "length"),
            (json!({ "email": "a@example.com", "password": "x", "tenantId": "no" }), "tenantId", "type"),
        ] {
            app.post(LOGIN, &body).refused(422, "validation_failed").await.names(field, code);
        }
        for body in ["null", "[]", "\"text\"", "1"] {
            login_with(app, body).await.refuses(422, "validation_failed");
        }
    }

    async fn ten_kibibytes_are_enough(app: &App) {
        login_with(app, credentials(10 * 1024)).await.refuses(401, "invalid_credentials");
        login_with(app, credentials(10 * 1024 + 1)).await.refuses(413, "payload_too_large");
        login_with(app, credentials(1 << 20)).await.refuses(413, "payload_too_large");
    }

    /// A few bytes on the wire, megabytes in memory: what counts is what comes out.
    async fn bombs_do_not_go_off(app: &App) {
        for (coding, encode) in CODINGS {
            let send = async |bytes: Vec<u8>| {
                app.call(Method::POST, LOGIN).header("content-encoding", coding).body(JSON, bytes).send().await
            };
            send(encode(&credentials(0))).await.refuses(401, "invalid_credentials");
            let bomb = encode(&credentials(8 << 20));
            assert!(bomb.len() < 10 * 1024, "{coding}: {} bytes are no bomb", bomb.len());
            send(bomb).await.refuses(413, "payload_too_large");
            send(b"these bytes were never compressed".to_vec()).await.refuses(400, "malformed_request");
        }
        let unknown = app.call(Method::POST, LOGIN).header("content-encoding", "compress").body(JSON, credentials(0));
        unknown.refused(415, "unsupported_media_type").await;
    }

    async fn only_json_is_json(app: &App) {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"] {
            let call = app.call(Method::POST, LOGIN).body(kind, credentials(0));
            call.refused(415, "unsupported_media_type").await;
        }
        app.call(Method::POST, LOGIN).refused(415, "unsupported_media_type").await;
        let call = app.call(Method::POST, LOGIN).body("Application/JSON; charset=utf-8", credentials(0));
        call.refused(401, "invalid_credentials").await;
    }

    async fn what_is_not_there_is_not_found(app: &App) {
        let admin = app.admin().await;
        for path in ["/api/v1/nothing", "/api/v1", "/api/v2/users/me", "/nothing", "/api/v1/users/me/", "//"] {
            app.get(path).bearer(&admin.access).refused(404, "not_found").await;
        }
        for id in ["nonsense", "42", "01a1fc2b-e248-76d5-ad9a-a8e9e35bb6d9", "%00", "..%2f..%2fetc%2fpasswd"] {
            app.get(&format!("/api/v1/jobs/{id}")).bearer(&admin.access).refused(404, "not_found").await;
        }
    }

    async fn the_wrong_method_is_told_the_right_one(app: &App) {
        for (method, path, allowed) in [
            (Method::GET, LOGIN, "POST"),
            (Method::PUT, "/api/v1/users/me", "GET"),
            (Method::PUT, "/api/v1/jobs", "POST"),
            (Method::PATCH, "/api/v1/jobs/01a1fc2b-e248-76d5-ad9a-a8e9e35bb6d9", "GET"),
            (Method::POST, "/health/live", "GET"),
        ] {
            let refusal = app.call(method, path).refused(405, "method_not_allowed").await;
            let allow: Vec<_> = refusal.header("allow").split(", ").collect();
            assert!(allow.contains(&allowed), "{path}: {allow:?}");
        }
        app.call(Method::TRACE, "/api/v1/users/me").refused(405, "method_not_allowed").await;
        app.call(Method::from_bytes(b"TRACK").unwrap(), "/").refused(405, "method_not_allowed").await;
    }

    async fn queries_are_strict(app: &App) {
        let admin = app.admin().await;
        for list in ["/api/v1/jobs", "/api/v1/audit"] {
            let ask = async |query: &str| app.get(&format!("{list}?{query}")).bearer(&admin.access).send().await;
            ask("limit=5&limit=6").await.refuses(400, "malformed_request");
            for query in ["limit=0", "limit=101", "limit=-1", "limit=many", "colour=red", "cursor=nonsense", "cursor="] {
                ask(query).await.refuses(422, "validation_failed");
            }
            for query in ["sort=", "sort=colour", "sort=createdAt,createdAt", "filter[colour]=red", "page=0", "page=101&limit=100"] {
                ask(query).await.refuses(422, "validation_failed");
            }
            ask("limit=1").await.is(200);
            ask("limit=100").await.is(200);
        }
        app.get("/api/v1/jobs?status=lost").bearer(&admin.access).refused(422, "validation_failed").await;
        app.get("/api/v1/audit?from=yesterday").bearer(&admin.access).refused(422, "validation_failed").await;
    }

    /// Text that databases and mail servers choke on is a wrong value, never a fault of ours.
    async fn hostile_text_is_refused_or_kept_never_a_fault(app: &App) {
        for text in ["\u{0}", "a\u{0}b@example.com", "' OR 1=1 --", "a@example.com\r\nBcc: b@example.com", "\u{202e}@x.y"] {
            app.try_login(text, text).await.refuses(401, "invalid_credentials");
            let body = json!({ "email": text, "password": "correct horse battery" });
            app.post("/api/v1/auth/register", &body).refused(422, "validation_failed").await;
        }
        let admin = app.admin().await;
        let payload = json!({ "text": "\u{0}\u{ffff}🦀" });
        let job = app.submit(&admin, "diagnostics.echo", payload.clone()).await;
        assert_eq!(app.job_is(&admin, &job["id"], "succeeded").await["result"], payload);
        for query in ["actor=%00", "action=%00", "resource=%F0%9F%A6%80"] {
            assert!(app.audit(&admin, query).await.is_empty());
        }
        app.try_login(ADMIN, "\u{0}").await.refuses(401, "invalid_credentials");
    }
}
