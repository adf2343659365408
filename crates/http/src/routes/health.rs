//! `/health*`: for orchestrators and operators. Bare JSON, no envelope.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};

use super::Services;
use crate::State;
use crate::health::{Report, Status};

pub(super) fn routes(config: &mut impl Services) {
    config.service(report).service(live).service(ready).service(startup);
}

/// All components with status and latency.
#[utoipa::path(tag = "health", responses(
    (status = 200, description = "`up` or `degraded`", body = Report),
    (status = 503, description = "`down`", body = Report),
))]
#[get("/health")]
async fn report(state: web::Data<State>) -> HttpResponse {
    let report = state.health.report().await;
    let mut response = match report.status {
        Status::Up | Status::Degraded => HttpResponse::Ok(),
        Status::Down => HttpResponse::ServiceUnavailable(),
    };
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(report)
}

/// The process runs. Nothing else is asked, so that a dead database restarts nobody.
#[utoipa::path(tag = "health", responses((status = 200, description = "It runs")))]
#[get("/health/live")]
async fn live() -> HttpResponse {
    answer(true)
}

/// Requests can be answered. False while draining.
#[utoipa::path(tag = "health", responses((status = 200, description = "Send requests"), (status = 503, description = "Don't")))]
#[get("/health/ready")]
async fn ready(state: web::Data<State>) -> HttpResponse {
    answer(state.health.is_ready().await)
}

/// Start-up is over.
#[utoipa::path(tag = "health", responses((status = 200, description = "It is"), (status = 503, description = "Not yet")))]
#[get("/health/startup")]
async fn startup(state: web::Data<State>) -> HttpResponse {
    answer(state.health.is_started())
}

fn answer(well: bool) -> HttpResponse {
    let (mut response, status) =
        if well { (HttpResponse::Ok(), "up") } else { (HttpResponse::ServiceUnavailable(), "down") };
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(serde_json::json!({ "status": status }))
}
