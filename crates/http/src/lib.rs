//! HTTP in: routes, what they take and answer, and the edge around them.
//!
//! **Invariant:** no rule lives here. A route parses, calls one use case, and renders.

mod docs;
mod edge;
mod extract;
mod health;
mod once;
mod respond;
mod routes;
mod server;
mod settings;

pub use actix_web::dev::ServerHandle;
pub use docs::openapi;
pub use health::{Health, Lifecycle};
pub use server::{Bound, bind};
pub use settings::Settings;

use std::sync::Arc;

use application::Application;
use ports::{Clock, Ids, Random, Store};

/// What routes work with; shared by all workers.
pub struct State {
    /// The use cases.
    pub app: Application,
    /// Wall clock, for what is rendered with a time.
    pub clock: Arc<dyn Clock>,
    /// Is everything well?
    pub health: Health,
    /// Where captured mails are, if mails are captured.
    pub mailbox: Option<Arc<dyn Store>>,
    /// What the edge around the routes works with.
    pub edge: Edge,
}

/// What the edge works with, whatever stands behind it.
#[derive(Clone)]
pub struct Edge {
    /// Request ids.
    pub ids: Arc<dyn Ids>,
    /// Trace ids.
    pub random: Arc<dyn Random>,
    /// Whether clients are being sent elsewhere.
    pub lifecycle: Arc<Lifecycle>,
    /// The knobs.
    pub settings: Settings,
}
