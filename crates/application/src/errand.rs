//! What the calling task is about. Inbound adapters say it, and adapters that can pass it on are handed
//! [`TaskErrands`].

use std::sync::Arc;

use ports::{Errand, Errands};

tokio::task_local! {
    static ERRAND: Arc<Errand>;
}

impl crate::Application {
    /// Does the work as part of an errand. What it spawns is not part of it.
    pub async fn on_errand<T>(errand: Errand, work: impl Future<Output = T>) -> T {
        ERRAND.scope(Arc::new(errand), work).await
    }
}

/// The errand of whichever task asks.
#[derive(Debug, Clone, Copy)]
pub struct TaskErrands;

impl Errands for TaskErrands {
    fn current(&self) -> Option<Arc<Errand>> {
        ERRAND.try_with(Arc::clone).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Application;

    #[tokio::test]
    async fn only_the_task_itself_is_on_its_errand() {
        assert_eq!(TaskErrands.current(), None);
        let errand = Errand { route: None, use_case: "maintenance.purge".to_owned() };
        let seen = async { (TaskErrands.current(), tokio::spawn(async { TaskErrands.current() }).await) };
        let (own, spawned) = Application::on_errand(errand.clone(), seen).await;
        assert_eq!(own.as_deref(), Some(&errand));
        assert_eq!(spawned.unwrap(), None);
        assert_eq!(TaskErrands.current(), None);
    }
}
