//! Entity tags and content codings: a compressed answer is another representation and needs another strong tag
//! (RFC 9110, section 8.8.3.3).

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse};

/// Outside of compression: `"v3"` becomes `"v3-br"` on an answer that was compressed with brotli.
pub(crate) async fn mark_coding<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    if let Some(marked) = marked(headers) {
        headers.insert(header::ETAG, marked);
    }
    Ok(response)
}

fn marked(headers: &HeaderMap) -> Option<HeaderValue> {
    let coding = headers.get(header::CONTENT_ENCODING)?.to_str().ok()?;
    let tag = headers.get(header::ETAG)?.to_str().ok()?.strip_suffix('"')?;
    HeaderValue::from_str(&format!("{tag}-{coding}\"")).ok()
}

/// Whether `If-None-Match` names this version in any coding (RFC 9110, section 13.1.2: weak comparison).
pub(crate) fn is_current(request: &HttpRequest, version: i32) -> bool {
    let Some(tags) = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let names = |tag: &str| {
        let tag = tag.trim().trim_start_matches("W/").trim_matches('"');
        tag == "*" || tag.split('-').next() == Some(&format!("v{version}"))
    };
    tags.split(',').any(names)
}

/// The answer to whoever has this version already, with the headers that the full one would have (RFC 9110,
/// section 15.4.5). For personal resources.
pub(crate) fn unchanged(version: i32) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((header::ETAG, format!("\"v{version}\"")))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .finish()
}
