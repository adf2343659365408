//! The OpenAPI 3.1 document, collected from the routes, completed with what is the same everywhere.

use actix_web::App;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, HeaderBuilder, ObjectBuilder, Ref, RefOr, ResponseBuilder, Type, content::ContentBuilder,
};
use utoipa_actix_web::AppExt;

use crate::once::IDEMPOTENCY_KEY;
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
        (name = "api-keys", description = "Keys of programs"),
        (name = "users", description = "Accounts"),
        (name = "roles", description = "What members of a tenant, or administrators of the platform, may do"),
        (name = "tenants", description = "Tenants, who belongs to them and who is asked to"),
        (name = "jobs", description = "Background jobs, for operators"),
        (name = "outbox", description = "Events that could not be published, for operators"),
        (name = "audit", description = "Who did what"),
        (name = "health", description = "For orchestrators"),
        (name = "well-known", description = "Keys"),
        (name = "development", description = "Outside production only")
    )
)]
struct Document;

/// The document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let app = App::new().into_utoipa_app().configure(|config| {
        routes::documented(config);
        routes::tenancy(config);
    });
    let collected = app.split_for_parts().1;
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
    if once(operation) {
        failures.extend([
            ("400", "Not readable"),
            ("409", "It conflicts with the current state"),
            ("422", "Not acceptable; see `errors`"),
        ]);
    }
    let others = operation.parameters.iter().flatten().filter(|parameter| !is_key(parameter));
    if others.count() > 0 {
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
    if once(operation) {
        describe_replays(operation);
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

/// Whether it is declared to act once per key.
fn once(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(is_key)
}

fn is_key(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.name.eq_ignore_ascii_case(IDEMPOTENCY_KEY.as_str()))
}

/// Adds to what an operation says of its own answers what every repeated request gets.
fn describe_replays(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        match status.as_str() {
            "409" => response.description.push_str(
                "; or (`idempotency_in_progress`) a request with this Idempotency-Key is in progress, see Retry-After",
            ),
            "422" => response
                .description
                .push_str("; or (`idempotency_mismatch`) the key was used for a different request"),
            status if status.starts_with('2') => {
                let flag = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["true"]));
                let header = HeaderBuilder::new()
                    .schema(Some(flag))
                    .description(Some("Present on an answer that is given again"))
                    .build();
                response.headers.insert("Idempotency-Replayed".to_owned(), RefOr::T(header));
            }
            _ => {}
        }
    }
}
