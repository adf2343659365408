//! Fail points: places between two steps where a test may end the process, to show that nothing is lost there.
//!
//! They stand in the code as `fail::fail_point!("<name>", |_| std::process::abort())` and cost a look into an
//! empty table. Only here are they armed, and only in the environment `test`: from the variable `FAILPOINTS`,
//! in the syntax of the crate `fail` (`relay.after-publish=return`, `tx.after-commit=9*off->return`).

use fail::FailScenario;

use crate::config::{Config, Environment};

/// Arms what `FAILPOINTS` says, for as long as the result lives. Nothing outside the environment `test`.
pub(crate) fn arm(config: &Config) -> Option<FailScenario<'static>> {
    if config.environment != Environment::Test {
        return None;
    }
    let scenario = FailScenario::setup();
    for (name, actions) in fail::list() {
        tracing::warn!(name, actions, "a fail point is armed");
    }
    Some(scenario)
}
