//! The routes, each the least a server can do for that answer.

use std::env;

use actix_web::error::{ErrorInternalServerError, ErrorNotFound, ErrorUnauthorized};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Result, get, web};
use anyhow::Context;
use uuid::Uuid;

use crate::{hashing::Hasher, jwt::Verifier, users::Databases};

pub async fn serve() -> anyhow::Result<()> {
    let url = env::var("REFERENCE_DATABASE_URL").context("REFERENCE_DATABASE_URL is not set")?;
    let max_connections = match env::var("REFERENCE_MAX_CONNECTIONS") {
        Ok(number) => number.parse().context("REFERENCE_MAX_CONNECTIONS is a number")?,
        Err(_) => 10,
    };
    let databases = web::Data::new(Databases::connect(&url, max_connections).await?);
    let hasher = web::Data::new(Hasher::on_every_core()?);
    let (verifier, token) = Verifier::with_a_token()?;
    let verifier = web::Data::new(verifier);

    let server = HttpServer::new(move || {
        App::new()
            .app_data(databases.clone())
            .app_data(hasher.clone())
            .app_data(verifier.clone())
            .service(constant)
            .service(large)
            .service(live)
            .service(by_sqlx)
            .service(by_tokio_postgres)
            .service(hash)
    })
    .bind(("127.0.0.1", 0))?;
    let address = server.addrs().first().context("no address was bound")?.to_string();
    println!("{}", serde_json::json!({ "address": address, "token": token }));
    Ok(server.run().await?)
}

/// A constant after one JWT check.
#[get("/constant")]
async fn constant(request: HttpRequest, verifier: web::Data<Verifier>) -> Result<HttpResponse> {
    admit(&request, &verifier)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(r#"{"status":"up"}"#))
}

/// The same, as large as one likes.
#[get("/constant/{bytes}")]
async fn large(
    request: HttpRequest,
    bytes: web::Path<usize>,
    verifier: web::Data<Verifier>,
) -> Result<HttpResponse> {
    admit(&request, &verifier)?;
    static LETTERS: [u8; 1 << 16] = [b'x'; 1 << 16];
    let body = &LETTERS[..(*bytes).min(LETTERS.len())];
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

fn admit(request: &HttpRequest, verifier: &Verifier) -> Result<()> {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(|| ErrorUnauthorized("no token"))?;
    verifier.check(token).map_err(ErrorUnauthorized)
}

/// The same constant without the check: a bystander of a login storm.
#[get("/live")]
async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(r#"{"status":"up"}"#)
}

#[get("/sqlx/{uuid}")]
async fn by_sqlx(uuid: web::Path<Uuid>, databases: web::Data<Databases>) -> Result<HttpResponse> {
    let user = databases.by_sqlx(*uuid).await.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(user.ok_or_else(|| ErrorNotFound("no such user"))?))
}

#[get("/tokio-postgres/{uuid}")]
async fn by_tokio_postgres(uuid: web::Path<Uuid>, databases: web::Data<Databases>) -> Result<HttpResponse> {
    let user = databases.by_tokio_postgres(*uuid).await.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(user.ok_or_else(|| ErrorNotFound("no such user"))?))
}

#[get("/hash")]
async fn hash(hasher: web::Data<Hasher>) -> Result<HttpResponse> {
    let hash = hasher.hash().await.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "firstByte": hash[0] })))
}
