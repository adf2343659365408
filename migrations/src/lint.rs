//! What a migration may do to a table that holds data already: nothing that makes its readers or writers wait for
//! as long as the table is large, and nothing that the program before it, which still runs while replicas are
//! replaced one by one, can't live with.
//!
//! A table that the same migration creates is empty, and free. For others see [`rules`]. What is refused in one
//! step is done in two: the second names the migration that was the first in a comment inside the statement,
//! `/* second step of m20261121_000007_x */`. Rows are changed by a job in batches; where a migration may do it
//! because they are few, it says so: `/* bounded: roles are few */`.
//!
//! Only the way up is judged: the way back takes data with it by its nature.

mod examples;
mod recorded;
mod rules;
mod statement;

use std::collections::HashSet;

use self::statement::Statement;

/// Engines whose locks are judged. SQLite has one writer at a time whatever it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Postgres,
    MySql,
}

/// What the migration under judgement has done so far, and which came before it.
struct Context<'a> {
    engine: Engine,
    earlier: &'a [String],
    /// Tables and indices that it has created itself.
    created: HashSet<String>,
    /// Tables whose constraints it has added without looking at the rows.
    unvalidated: HashSet<String>,
}

/// Judges the statements of one migration, in the order in which they ran: one line for each that is refused.
fn judge(engine: Engine, earlier: &[String], statements: &[String]) -> Vec<String> {
    let mut context = Context { engine, earlier, created: HashSet::new(), unvalidated: HashSet::new() };
    let refused = |sql: &String| {
        let statement = Statement::parse(sql);
        rules::refusal(&statement, &mut context).map(|why| format!("{why}: {sql}"))
    };
    statements.iter().filter_map(refused).collect()
}
