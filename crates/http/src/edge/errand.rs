//! What a request is about: the template of its path, and the operation behind it, for whoever watches the database.

use std::collections::HashMap;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::web;
use application::Application;
use ports::Errand;
use utoipa::openapi::{OpenApi, path::Operation};

const BASE: &str = "/api/v1/";

/// The errands of all documented operations, by method and template.
pub(crate) struct Operations(HashMap<(Method, String), Errand>);

impl Operations {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let mut all = HashMap::new();
        for (path, item) in &document.paths.paths {
            let route = plain(path);
            for (method, operation) in [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ] {
                if let Some(errand) = operation.as_ref().and_then(|operation| errand(&route, operation)) {
                    all.insert((method, route.clone()), errand);
                }
            }
        }
        Self(all)
    }
}

fn errand(route: &str, operation: &Operation) -> Option<Errand> {
    let use_case = format!("{}.{}", area(route), operation.operation_id.as_deref()?);
    Some(Errand { route: Some(route.to_owned()), use_case })
}

/// Does the work as part of the request's errand, where anybody wants to know.
pub(super) async fn on_errand<T>(request: Option<Errand>, work: impl Future<Output = T>) -> T {
    match request {
        Some(errand) => Application::on_errand(errand, work).await,
        None => work.await,
    }
}

/// `None` where nobody wants to know, and for what is no operation.
pub(super) fn errand_of(request: &ServiceRequest) -> Option<Errand> {
    let operations = request.app_data::<web::Data<Operations>>()?;
    let template = plain(&request.match_pattern()?);
    operations.0.get(&(request.method().clone(), template)).cloned()
}

/// The first segment that says what it is about.
fn area(template: &str) -> &str {
    let path = template.strip_prefix(BASE).unwrap_or(template).trim_start_matches('/');
    path.split('/').next().unwrap_or_default()
}

/// Without what a parameter has to look like: `{id:[0-9]+}` is `{id}`.
fn plain(template: &str) -> String {
    let mut plain = String::with_capacity(template.len());
    let (mut depth, mut pattern) = (0_u32, false);
    for character in template.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 1 => pattern = true,
            _ => {}
        }
        pattern &= depth > 0;
        if !pattern {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_on_one_path_differ() {
        let operations = Operations::of(&crate::openapi());
        for (method, route, expected) in [
            (Method::GET, "/api/v1/users", "users.list"),
            (Method::POST, "/api/v1/users", "users.create"),
            (Method::PATCH, "/api/v1/users/{id}", "users.change"),
            (Method::POST, "/api/v1/outbox/dead-letters/{id}/retry", "outbox.retry_dead_letter"),
        ] {
            let errand = &operations.0[&(method, route.to_owned())];
            assert_eq!((errand.route.as_deref(), errand.use_case.as_str()), (Some(route), expected));
        }
    }

    #[test]
    fn a_template_loses_its_patterns() {
        for (template, expected, of) in [
            ("/api/v1/users", "/api/v1/users", "users"),
            ("/api/v1/users/{id:[0-9a-f]{8}}/lock", "/api/v1/users/{id}/lock", "users"),
            ("/api/v1/jobs/{id}", "/api/v1/jobs/{id}", "jobs"),
            ("/health/ready", "/health/ready", "health"),
        ] {
            assert_eq!((plain(template).as_str(), area(template)), (expected, of));
        }
    }
}
