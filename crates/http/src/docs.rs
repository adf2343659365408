//! The OpenAPI 3.1 document, collected from the routes, completed with what is the same everywhere.

use actix_web::App;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Ref, RefOr, ResponseBuilder, content::ContentBuilder};
use utoipa_actix_web::AppExt;

use crate::respond::{ErrorBody, FieldErrorBody};
use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mainstay",
        description = "A backend you start from and never outgrow: identity, sessions, jobs, events, mail, audit.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ErrorBody, FieldErrorBody)),
    tags(
        (name = "auth", description = "Registration, login, tokens"),
        (name = "users", description = "Accounts"),
        (name = "jobs", description = "Background jobs, for operators"),
        (name = "audit", description = "Who did what"),
        (name = "health", description = "For orchestrators"),
        (name = "well-known", description = "Keys"),
        (name = "development", description = "Outside production only")
    )
)]
struct Document;

/// The document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let collected = App::new().into_utoipa_app().configure(routes::documented).split_for_parts().1;
    let mut document = Document::openapi();
    document.merge(collected);
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            complete(operation, path);
        }
    }
    document
}

/// Adds the failures that follow from what an operation is.
fn complete(operation: &mut Operation, path: &str) {
    if !path.starts_with("/api/") {
        return;
    }
    let mut failures =
        vec![("500", "A fault on our side"), ("503", "Something needed is away; see Retry-After")];
    if operation.request_body.is_some() {
        failures.extend([
            ("400", "Not readable"),
            ("408", "The body took too long to arrive"),
            ("413", "The body is too large"),
            ("415", "Not application/json"),
            ("422", "Not acceptable; see `errors`"),
        ]);
    }
    if operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty()) {
        failures.extend([
            ("400", "Not readable"),
            ("422", "Not acceptable; see `errors`"),
            ("404", "Not found"),
        ]);
    }
    if operation.security.is_some() {
        failures.extend([("401", "Not authenticated"), ("403", "Not allowed")]);
    }
    for (status, description) in failures {
        let declared = operation.responses.responses.entry(status.to_owned());
        let response =
            declared.or_insert_with(|| RefOr::T(ResponseBuilder::new().description(description).build()));
        describe(response);
    }
    for (status, response) in &mut operation.responses.responses {
        if status.starts_with(['4', '5']) {
            describe(response);
        }
    }
}

fn describe(response: &mut RefOr<utoipa::openapi::Response>) {
    if let RefOr::T(response) = response
        && response.content.is_empty()
    {
        let schema = Ref::from_schema_name("ErrorBody");
        let content = ContentBuilder::new().schema(Some(schema)).build();
        response.content.insert("application/json".to_owned(), RefOr::T(content));
    }
}
