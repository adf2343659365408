//! What a caller sees of the edge, whatever the route behind it does.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use serde_json::Value;
use system::SnowflakeIds;
use testkit::fakes::{FakeCluster, FixedClock, SeededRandom};

use super::edge;
use crate::{Edge, Lifecycle, Settings};

fn around(lifecycle: &Arc<Lifecycle>) -> Edge {
    let random: Arc<SeededRandom> = Arc::new(SeededRandom::default());
    let ids =
        SnowflakeIds::new(Arc::new(FixedClock::default()), random.clone(), Arc::new(FakeCluster::default()));
    Edge {
        ids: Arc::new(ids),
        random,
        lifecycle: Arc::clone(lifecycle),
        settings: Settings {
            tenants: true,
            host: String::new(),
            port: 0,
            workers: None,
            body_limit: 0,
            request_timeout: Duration::from_millis(50),
            shutdown_timeout: Duration::ZERO,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            docs: false,
            security_contact: String::new(),
            errands: false,
            secure_cookies: false,
            hsts: true,
        },
    }
}

async fn call(lifecycle: &Arc<Lifecycle>, request: TestRequest) -> (u16, HeaderMap, Vec<u8>) {
    let app = App::new()
        .app_data(web::Data::new(around(lifecycle)))
        .route("/fine", web::get().to(HttpResponse::Ok))
        .route("/panics", web::get().to(panics))
        .route("/hangs", web::get().to(std::future::pending::<HttpResponse>))
        .wrap(from_fn(edge));
    let service = init_service(app).await;
    // A failure at the edge comes as an error, which the server renders just like this.
    let response = match actix_web::test::try_call_service(&service, request.to_request()).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => ServiceResponse::new(TestRequest::default().to_http_request(), error.error_response()),
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, read_body(response).await.to_vec())
}

#[allow(clippy::panic, reason = "a handler with a bug")]
async fn panics() -> HttpResponse {
    panic!("a secret detail")
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

#[actix_web::test]
async fn a_panic_is_a_500_in_the_envelope_and_tells_nothing() {
    let request = TestRequest::get().uri("/panics").insert_header(("x-request-id", "mine"));
    let (status, headers, body) = call(&Arc::default(), request).await;
    assert_eq!((status, json(&body)["code"].as_str()), (500, Some("internal")));
    assert_eq!(json(&body)["requestId"], "mine");
    assert_eq!(headers.get("x-request-id").unwrap(), "mine");
    assert_eq!(headers.get(header::X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
    assert!(!String::from_utf8_lossy(&body).contains("secret detail"));
}

#[actix_web::test]
async fn what_takes_too_long_is_a_504() {
    let (status, _, body) = call(&Arc::default(), TestRequest::get().uri("/hangs")).await;
    assert_eq!((status, json(&body)["code"].as_str()), (504, Some("timeout")));
}

#[actix_web::test]
async fn failures_are_problems_for_who_asks_so() {
    let request = TestRequest::get().uri("/nowhere").insert_header(("accept", "application/problem+json"));
    let (status, headers, body) = call(&Arc::default(), request).await;
    assert_eq!(status, 404);
    assert_eq!(headers.get(header::CONTENT_TYPE).unwrap(), "application/problem+json");
    let body = json(&body);
    assert_eq!((body["type"].as_str(), body["title"].as_str()), (Some("about:blank"), Some("Not Found")));
    assert_eq!((body["status"].as_u64(), body["instance"].as_str()), (Some(404), Some("/nowhere")));
    assert!(headers.get_all(header::VARY).any(|value| value == "accept"));
}

#[actix_web::test]
async fn a_request_without_a_usable_id_gets_one() {
    for given in ["", "with space", &"x".repeat(65)] {
        let request = TestRequest::get().uri("/fine").insert_header(("x-request-id", given));
        let (status, headers, _) = call(&Arc::default(), request).await;
        let id = headers.get("x-request-id").unwrap().to_str().unwrap();
        assert_eq!((status, uuid::Uuid::parse_str(id).unwrap().get_version_num()), (200, 7));
    }
}

#[actix_web::test]
async fn while_draining_connections_are_closed() {
    let lifecycle = Arc::new(Lifecycle::default());
    lifecycle.draining();
    let app = App::new()
        .app_data(web::Data::new(around(&lifecycle)))
        .route("/fine", web::get().to(HttpResponse::Ok))
        .wrap(from_fn(edge));
    let response = call_service(&init_service(app).await, TestRequest::get().uri("/fine").to_request()).await;
    assert!(!response.response().head().keep_alive());
}

#[actix_web::test]
async fn head_is_a_get_without_its_body() {
    let request = TestRequest::with_uri("/fine").method(actix_web::http::Method::HEAD);
    assert_eq!(call(&Arc::default(), request).await.0, 200);
}
