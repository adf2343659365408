//! What the document says of each operation, found again for a request: what it needs, and what it is called.
//!
//! **Invariant:** what a caller needs is declared once, as the scopes of `security(("bearer" = [...]))` beside the route.
//! Readers of the document and [`Caller`](crate::extract::Caller) go by the same words.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::Method;
use ports::Errand;
use serde_json::json;
use utoipa::openapi::{OpenApi, path};

const BASE: &str = "/api/v1/";

/// All documented operations, by template and method.
pub(crate) struct Operations(HashMap<(Method, String), Operation>);

/// One of them.
pub(crate) struct Operation {
    /// What the database is told it works for.
    pub(super) errand: Option<Errand>,
    /// The permission that a caller needs; `None` for operations that nobody is asked for.
    pub(crate) needs: Option<String>,
    /// Whether it goes on without a token, too.
    pub(crate) open: bool,
    /// Whether it is about one tenant, the one whose id stands in the path.
    pub(crate) in_tenant: bool,
}

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
                if let Some(operation) = operation {
                    all.insert((method, route.clone()), Operation::of(&route, operation));
                }
            }
        }
        Self(all)
    }

    /// The operation of a request that has found its route.
    pub(crate) fn find(&self, method: &Method, pattern: Option<String>) -> Option<&Operation> {
        self.0.get(&(method.clone(), plain(&pattern?)))
    }

    /// The same.
    pub(crate) fn behind(&self, request: &HttpRequest) -> Option<&Operation> {
        self.find(request.method(), request.match_pattern())
    }
}

impl Operation {
    fn of(route: &str, operation: &path::Operation) -> Self {
        let errand = operation
            .operation_id
            .as_deref()
            .map(|id| Errand { route: Some(route.to_owned()), use_case: format!("{}.{id}", area(route)) });
        let in_tenant = route.starts_with("/api/v1/tenants/{id}");
        Self { errand, needs: scope(operation), open: is_open(operation), in_tenant }
    }
}

/// The first scope that is declared for bearers.
fn scope(operation: &path::Operation) -> Option<String> {
    let requirements = operation.security.as_ref()?.iter().filter_map(|one| serde_json::to_value(one).ok());
    let mut scopes = requirements.filter_map(|one| Some(one.get("bearer")?.get(0)?.as_str()?.to_owned()));
    scopes.next()
}

/// Whether no token at all is one of the things that will do.
fn is_open(operation: &path::Operation) -> bool {
    let requirements = operation.security.as_deref().unwrap_or_default();
    requirements.is_empty()
        || requirements.iter().any(|one| serde_json::to_value(one).is_ok_and(|one| one == json!({})))
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
        for (method, route, expected, needs) in [
            (Method::GET, "/api/v1/users", "users.list", Some("users:read")),
            (Method::POST, "/api/v1/users", "users.create", Some("users:write")),
            (Method::PATCH, "/api/v1/users/{id}", "users.change", Some("users:write:own")),
            (Method::POST, "/api/v1/auth/login", "auth.login", None),
            (
                Method::POST,
                "/api/v1/outbox/dead-letters/{id}/retry",
                "outbox.retry_dead_letter",
                Some("events:write"),
            ),
        ] {
            let operation = &operations.0[&(method, route.to_owned())];
            let errand = operation.errand.as_ref().unwrap();
            assert_eq!((errand.route.as_deref(), errand.use_case.as_str()), (Some(route), expected));
            assert_eq!(operation.needs.as_deref(), needs);
        }
    }

    /// What is declared is something that can be granted.
    #[test]
    fn what_is_needed_is_known() {
        for ((method, route), operation) in Operations::of(&crate::openapi()).0 {
            if let Some(needs) = operation.needs {
                assert!(domain::KnownPermission::of(&needs).is_some(), "{method} {route} needs {needs}");
            }
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
