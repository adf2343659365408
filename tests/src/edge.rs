//! What holds for every request and every answer.

use std::io::Read;

use reqwest::Method;
use serde_json::json;

use crate::harness::profiles;

const ME: &str = "/api/v1/users/me";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Which of several `Vary` lines names it does not matter.
fn varies_by(answer: &crate::harness::Answer, name: &str) -> bool {
    let lines = answer.headers.get_all("vary").iter().map(|line| line.to_str().unwrap().to_ascii_lowercase());
    lines
        .flat_map(|line| line.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
        .any(|n| n == name)
}

profiles! {
    async fn failures_are_problem_documents_for_whom_prefers_them(app: &App) {
        let body = json!({ "email": 1, "password": "x" });
        let call = app.post("/api/v1/auth/login", &body).header("accept", "application/problem+json");
        let problem = call.gives(422).await;
        assert_eq!(problem.header("content-type"), "application/problem+json");
        assert!(varies_by(&problem, "accept"));
        let body = problem.json();
        assert_eq!(body["status"], 422);
        assert_eq!(body["instance"], "/api/v1/auth/login");
        assert_eq!(body["code"], "validation_failed");
        assert_eq!(body["errors"][0]["field"], "email");
        assert_eq!(body["requestId"], problem.header("x-request-id"));
        for member in ["type", "title", "detail"] {
            assert!(body[member].is_string(), "{member} in {body}");
        }
        assert!(body.get("success").is_none(), "{body}");

        let envelope = app.get("/nothing").refused(404, "not_found").await;
        assert_eq!(envelope.header("content-type"), "application/json");
        assert!(varies_by(&envelope, "accept"));
    }

    async fn request_ids_are_taken_over_when_they_are_harmless(app: &App) {
        let id_for = async |given: &str| {
            app.get("/health/live").header("x-request-id", given).gives(200).await.header("x-request-id").to_owned()
        };
        for good in ["a", "order-66.B_2", &"x".repeat(64)] {
            assert_eq!(id_for(good).await, good);
        }
        for bad in ["", "with space", "semi;colon", "<script>", &"x".repeat(65)] {
            let id = id_for(bad).await;
            let version = uuid::Uuid::parse_str(&id).map(|id| id.get_version_num());
            assert_eq!(version, Ok(7), "{bad:?} became {id:?}");
        }
        let one = app.get("/nothing").gives(404).await;
        let other = app.get("/nothing").gives(404).await;
        assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
        assert!(!one.header("x-request-id").is_empty());
    }

    async fn traces_are_continued(app: &App) {
        let admin = app.admin().await;
        let attempt = async |id: &str, traceparent: &str| {
            let body = json!({ "email": "nobody@example.com", "password": "wrong password" });
            let call = app.post("/api/v1/auth/login", &body).header("x-request-id", id);
            call.header("traceparent", traceparent).gives(401).await;
            let entries = app.audit(&admin, "action=session.login").await;
            let entry = entries.iter().find(|entry| entry["requestId"] == id).unwrap();
            entry["traceId"].as_str().unwrap().to_owned()
        };
        assert_eq!(attempt("traced", &format!("00-{TRACE}-b7ad6b7169203331-01")).await, TRACE);
        for (id, broken) in [("one", "nonsense"), ("two", &*format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)))] {
            let fresh = attempt(id, broken).await;
            assert!(fresh.len() == 32 && fresh != "0".repeat(32) && fresh != TRACE, "{fresh}");
        }
    }

    async fn every_answer_has_the_security_headers(app: &App) {
        let ok = app.get("/health/live").gives(200).await;
        let missing = app.get("/nothing").gives(404).await;
        let unauthenticated = app.get(ME).gives(401).await;
        let malformed = app.call(Method::POST, "/api/v1/auth/login").body("application/json", "{").gives(400).await;
        let page = app.get("/").gives(200).await;
        for answer in [ok, missing, unauthenticated, malformed, page] {
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(answer.header(name), value, "{name}");
            }
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
            assert!(!answer.header("permissions-policy").is_empty());
            assert!(answer.headers.get("server").is_none());
            assert!(answer.headers.get("strict-transport-security").is_none(), "there is no TLS here");
        }
    }

    async fn a_version_that_is_known_is_not_sent_again(app: &App) {
        let tokens = app.member("ada@example.com").await;
        let me = async |tag: &str| app.get(ME).bearer(&tokens.access).header("if-none-match", tag).send().await;
        let tag = app.me(&tokens.access).await.is(200).header("etag").to_owned();
        assert!(tag.starts_with("\"v") && tag.ends_with('"'), "{tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"v0\", {tag}"), "*".to_owned()] {
            let unchanged = me(&known).await.is(304);
            assert!(unchanged.bytes.is_empty());
            assert_eq!(unchanged.header("etag"), tag);
        }
        me("\"v0\"").await.is(200);

        // Compressed it is another representation, of the same version.
        let compressed = app.get(ME).bearer(&tokens.access).header("accept-encoding", "gzip").gives(200).await;
        assert_eq!(compressed.header("etag"), tag.trim_end_matches('"').to_owned() + "-gzip\"");
        me(compressed.header("etag")).await.is(304);
    }

    async fn answers_are_compressed_for_whom_accepts_it(app: &App) {
        let plain = app.get("/openapi.json").gives(200).await;
        assert!(plain.headers.get("content-encoding").is_none());
        for coding in ["gzip", "br", "zstd"] {
            let answer = app.get("/openapi.json").header("accept-encoding", coding).gives(200).await;
            assert_eq!(answer.header("content-encoding"), coding);
            assert!(varies_by(&answer, "accept-encoding"));
            assert!(answer.bytes.len() < plain.bytes.len() / 3, "{coding}: {} bytes", answer.bytes.len());
            assert_eq!(decoded(coding, &answer.bytes), plain.bytes, "{coding}");
        }
    }

    async fn head_is_get_without_the_body(app: &App) {
        let tokens = app.admin().await;
        for path in ["/health/live", ME, "/openapi.json"] {
            let head = app.call(Method::HEAD, path).bearer(&tokens.access).gives(200).await;
            assert!(head.bytes.is_empty());
            assert!(!head.header("content-type").is_empty(), "{path}");
        }
    }
}

fn decoded(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap(),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain).unwrap(),
        _ => return zstd::decode_all(bytes).unwrap(),
    };
    plain
}

profiles! {
    [default().with("SERVER__CORS_ORIGINS", "https://app.example.com,https://other.example.com")]

    async fn only_listed_origins_may_call_from_a_browser(app: &App) {
        let preflight = async |origin: &str| {
            let call = app.call(Method::OPTIONS, "/api/v1/auth/login").header("origin", origin);
            let call = call.header("access-control-request-method", "POST");
            call.header("access-control-request-headers", "content-type, authorization").send().await
        };
        let allowed = preflight("https://app.example.com").await.is(200);
        assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example.com");
        assert_eq!(allowed.header("access-control-allow-credentials"), "true");
        assert!(allowed.header("access-control-allow-methods").contains("POST"));
        assert!(allowed.header("access-control-allow-headers").to_lowercase().contains("authorization"));
        for stranger in ["https://evil.example.com", "http://app.example.com", "https://app.example.com.evil.com", "null"] {
            let refused = preflight(stranger).await;
            assert!(refused.headers.get("access-control-allow-origin").is_none(), "{stranger}");
        }

        let call = async |origin: &str| app.get(ME).header("origin", origin).gives(401).await;
        let answer = call("https://other.example.com").await.refuses(401, "unauthenticated");
        assert_eq!(answer.header("access-control-allow-origin"), "https://other.example.com");
        assert!(varies_by(&answer, "origin"));
    }
}
