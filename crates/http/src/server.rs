//! The server: listening, wiring routes and layers, stopping.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{ResourceDef, Server};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use utoipa::openapi::OpenApi;

use crate::edge::{Operations, edge, mark_coding};
use crate::respond::Failure;
use crate::{Settings, State, openapi, routes};

/// How long a client may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Idle connections are kept for so long; longer than the usual proxy in front does.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// A socket that listens already; requests wait in its backlog until it is served.
pub struct Bound {
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Takes the address.
///
/// # Errors
/// When the host does not resolve or the port is taken.
pub fn bind(settings: &Settings) -> io::Result<Bound> {
    let listener = TcpListener::bind((settings.host.as_str(), settings.port))?;
    Ok(Bound { address: listener.local_addr()?, listener })
}

impl Bound {
    /// Serves. Each thread that will serve calls `on_thread` first. The future ends after `ServerHandle::stop`,
    /// once in-flight requests have.
    ///
    /// # Errors
    /// When the socket can't be used.
    pub fn serve(self, state: Arc<State>, on_thread: fn()) -> io::Result<Server> {
        let settings = state.edge.settings.clone();
        let (docs, mailbox) = (settings.docs, state.mailbox.is_some());
        let edges = web::Data::new(state.edge.clone());
        let state = web::Data::from(state);
        let mut document = openapi();
        if !settings.tenants {
            document.paths.paths.retain(|path, _| !routes::is_tenancy(path));
        }
        let tenants = settings.tenants;
        let document = web::Data::new(document);
        let templates = web::Data::new(Templates::of(&document));
        let operations = web::Data::new(Operations::of(&document));
        let cors = settings.cors_origins.clone();
        let server = HttpServer::new(move || {
            on_thread();
            App::new()
                .app_data(state.clone())
                .app_data(edges.clone())
                .app_data(document.clone())
                .app_data(templates.clone())
                .app_data(operations.clone())
                .configure(routes::documented)
                .configure(|config| {
                    if tenants {
                        routes::tenancy(config);
                    }
                })
                .configure(|config| routes::pages(config, docs, mailbox, tenants))
                .default_service(web::to(nothing_here))
                .wrap(allowed_origins(&cors))
                .wrap(from_fn(edge))
                .wrap(Compress::default())
                .wrap(from_fn(mark_coding))
        })
        .client_request_timeout(HEADERS_WITHIN)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .disable_signals();
        let server = match settings.workers {
            Some(workers) => server.workers(workers),
            None => server,
        };
        Ok(server.listen(self.listener)?.run())
    }
}

impl Bound {
    /// Serves health only, for processes that serve nothing else.
    ///
    /// # Errors
    /// When the socket can't be used.
    pub fn serve_health(self, state: Arc<State>) -> io::Result<Server> {
        let edges = web::Data::new(state.edge.clone());
        let state = web::Data::from(state);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(edges.clone())
                .configure(routes::health)
                .wrap(from_fn(edge))
        });
        Ok(server
            .workers(1)
            .client_request_timeout(HEADERS_WITHIN)
            .disable_signals()
            .listen(self.listener)?
            .run())
    }
}

fn allowed_origins(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "if-match",
            "if-none-match",
            "idempotency-key",
            "traceparent",
            "x-request-id",
        ])
        .expose_headers([
            "etag",
            "idempotency-replayed",
            "location",
            "ratelimit",
            "ratelimit-policy",
            "retry-after",
            "x-request-id",
        ])
        // For the cookie of logins with other providers; nothing else is let in by one.
        .supports_credentials()
        .max_age(600);
    origins.iter().fold(cors, |cors, origin| {
        if origin == "*" { cors.allow_any_origin() } else { cors.allowed_origin(origin) }
    })
}

/// Paths and their methods, to tell "not here" from "not like this".
struct Templates(Vec<(ResourceDef, Vec<Method>)>);

impl Templates {
    fn of(document: &OpenApi) -> Self {
        let methods = |item: &utoipa::openapi::PathItem| {
            [
                (item.get.is_some(), Method::GET),
                (item.post.is_some(), Method::POST),
                (item.put.is_some(), Method::PUT),
                (item.patch.is_some(), Method::PATCH),
                (item.delete.is_some(), Method::DELETE),
            ]
            .into_iter()
            .filter_map(|(there, method)| there.then_some(method))
            .collect()
        };
        let documented = document.paths.paths.iter();
        Self(documented.map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item))).collect())
    }

    /// The methods of a path that has not this one.
    fn allowed(&self, path: &str, method: &Method) -> Option<String> {
        let (_, methods) = self.0.iter().find(|(template, _)| template.is_match(path))?;
        // The route is there, and what stands in its path is no id.
        if methods.contains(method) {
            return None;
        }
        Some(methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", "))
    }
}

/// Answers what no route does: 405 with `Allow` where the path exists (RFC 9110, section 15.5.6), else 404.
async fn nothing_here(request: HttpRequest, templates: web::Data<Templates>) -> HttpResponse {
    if let Some(allow) = templates.allowed(request.path(), request.method()) {
        let mut response = Failure::of_status(StatusCode::METHOD_NOT_ALLOWED).response();
        if let Ok(value) = HeaderValue::from_str(&allow) {
            response.headers_mut().insert(header::ALLOW, value);
        }
        return response;
    }
    let traced = matches!(request.method().as_str(), "TRACE" | "TRACK");
    let status = if traced { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::NOT_FOUND };
    Failure::of_status(status).response()
}
