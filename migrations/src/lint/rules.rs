//! What is refused on a table that holds data, and why.

use super::statement::{Statement, has};
use super::{Context, Engine};

/// Why a statement is refused, if it is. What the rules don't know is refused, too.
pub(super) fn refusal(statement: &Statement, context: &mut Context<'_>) -> Option<&'static str> {
    let first = statement.words.first().map_or("", String::as_str);
    match first {
        "create" => create(statement, context),
        "drop" => drop(statement, context),
        "alter" if statement.begins("alter table") => alter_table(statement, context),
        "rename" if !is_second_step(statement, context) => {
            Some("the program before this one knows the old name; add, copy, and drop later")
        }
        "insert" if statement.has("select") => rows(statement, context, "into"),
        "update" => rows(statement, context, "update"),
        "delete" => rows(statement, context, "from"),
        "insert" | "select" | "set" | "reset" | "comment" | "analyze" | "rename" => None,
        _ => Some("the linter does not know this statement; teach it, or write it otherwise"),
    }
}

fn create(statement: &Statement, context: &mut Context<'_>) -> Option<&'static str> {
    if statement.begins("create table") {
        context.created.insert(statement.name_after("table").to_owned());
        return statement.has("as select").then_some("copying rows holds locks for as long as it takes");
    }
    if statement.begins("create index") || statement.begins("create unique index") {
        context.created.insert(statement.name_after("index").to_owned());
        return create_index(statement, context);
    }
    let harmless = ["create type", "create sequence", "create schema", "create policy"];
    let known = harmless.iter().any(|known| statement.begins(known));
    (!known).then_some("views, triggers and routines are database assets (sql/), not migrations")
}

fn create_index(statement: &Statement, context: &Context<'_>) -> Option<&'static str> {
    if context.created.contains(statement.name_after("on")) {
        return None;
    }
    match context.engine {
        Engine::Postgres if !statement.has("index concurrently") => {
            Some("it stops writers while it is built; use online::create_index")
        }
        Engine::MySql if !statement.has("lock = none") => {
            Some("it may stop writers while it is built; use online::create_index")
        }
        _ => None,
    }
}

fn drop(statement: &Statement, context: &Context<'_>) -> Option<&'static str> {
    if statement.begins("drop policy") {
        return None;
    }
    if statement.begins("drop index") {
        let own = context.created.contains(statement.name_after("index"));
        let safe = context.engine == Engine::MySql || statement.has("index concurrently");
        return (!own && !safe)
            .then_some("it waits for all readers, and all wait for it; use online::drop_index");
    }
    let own = statement.begins("drop table") && context.created.contains(statement.name_after("table"));
    (!own && !is_second_step(statement, context))
        .then_some("the program before this one still uses it; stop using it first, drop it later")
}

fn alter_table(statement: &Statement, context: &mut Context<'_>) -> Option<&'static str> {
    let table = statement.name_after("table").to_owned();
    if context.created.contains(&table) {
        return None;
    }
    statement.actions().into_iter().find_map(|action| alter(statement, &table, action, context))
}

fn alter(
    statement: &Statement,
    table: &str,
    action: &[String],
    context: &mut Context<'_>,
) -> Option<&'static str> {
    let verb = |phrase: &str| phrase.split(' ').eq(action.iter().take(phrase.split(' ').count()));
    let completed = is_second_step(statement, context);
    if verb("drop") || verb("rename") {
        return (!completed)
            .then_some("the program before this one knows it; stop using it first, do this later");
    }
    if verb("modify") || verb("change") || has(action, "type") && verb("alter") {
        return Some("it rewrites the table; add a new column, copy by a job, and drop the old one later");
    }
    if verb("alter") && has(action, "set not null") {
        return (!completed)
            .then_some("it reads the whole table; add a CHECK … NOT VALID first, validate it later");
    }
    if verb("validate") {
        return context.unvalidated.contains(table).then_some(
            "validated in the same migration, it holds the lock of its creation; do it in the next",
        );
    }
    let constraint = ["add constraint", "add foreign", "add check", "add unique", "add primary", "add index"];
    if constraint.into_iter().any(verb) {
        return add_constraint(table, action, context);
    }
    if verb("add") { add_column(action) } else { None }
}

fn add_constraint(table: &str, action: &[String], context: &mut Context<'_>) -> Option<&'static str> {
    if has(action, "foreign key") || has(action, "check") {
        if context.engine == Engine::Postgres && has(action, "not valid") {
            context.unvalidated.insert(table.to_owned());
            return None;
        }
        return Some(
            "it looks at every row under a lock; add it NOT VALID (PostgreSQL) and validate it later",
        );
    }
    (!has(action, "using index"))
        .then_some("it builds an index under a lock; use online::create_index, and USING INDEX later")
}

fn add_column(action: &[String]) -> Option<&'static str> {
    let default = action.iter().position(|word| word == "default").map(|at| &action[at + 1..]);
    if has(action, "not null") && default.is_none() {
        return Some("rows that are there have no value for it; give it a default");
    }
    if ["unique", "primary key", "references", "check"].iter().any(|phrase| has(action, phrase)) {
        return Some("it looks at every row under a lock; add the column alone, and the rest later");
    }
    let calls = |words: &[String]| words.iter().any(|word| word == "(") && !words[0].starts_with("current_");
    if has(action, "stored") || has(action, "generated always") || default.is_some_and(calls) {
        return Some("it computes a value for every row; add the column empty, and fill it by a job");
    }
    None
}

/// Rows are changed by jobs, unless their author says that they are few.
fn rows(statement: &Statement, context: &Context<'_>, keyword: &str) -> Option<&'static str> {
    let own = context.created.contains(statement.name_after(keyword));
    (!own && !statement.bounded).then_some(
        "it locks every row until the commit; do it by a job in batches, or say /* bounded: why */",
    )
}

/// Whether it completes an earlier migration, which it names.
fn is_second_step(statement: &Statement, context: &Context<'_>) -> bool {
    statement.second_step_of.as_ref().is_some_and(|first| context.earlier.contains(first))
}
