//! Every order of the list of users × first page and cursor × filter × search, as the engine would run it: no scan of
//! the whole table, and no sort but of the few rows that a filter or a search lets through.

use domain::{SearchKey, UserStatus};
use ports::{KeyValue, Order, Page, SortKey, Start, USER_ORDERS, UserFilter};
use sea_orm::{ConnectionTrait, QueryTrait, Statement};

use super::every::{open, places};
use crate::conn::Link;
use crate::dialect::Dialect;
use crate::paging;
use crate::users::wanted;

/// Enough for a planner to take an index for worth its while.
const USERS: i64 = 20_000;

/// One in a hundred is locked, another one deleted; half have no name.
async fn fill(on: &impl ConnectionTrait) {
    for thousand in 0..USERS / 1000 {
        let rows: Vec<String> =
            (1..=1000).map(|number| row(Dialect::of(on), thousand * 1000 + number)).collect();
        let insert = format!(
            "INSERT INTO users (id, uuid, created_at, updated_at, deleted_at, version, email, status, auth_revision,
               email_key, name_key) VALUES {}",
            rows.join(", ")
        );
        on.execute_unprepared(&insert).await.unwrap();
    }
    let analyze = match Dialect::of(on) {
        // Has no statistics in production either; servers gather theirs by themselves.
        Dialect::Sqlite => return,
        Dialect::Postgres => "ANALYZE users",
        Dialect::Mysql => "ANALYZE TABLE users",
    };
    on.execute_unprepared(analyze).await.unwrap();
}

fn row(dialect: Dialect, id: i64) -> String {
    let uuid = match dialect {
        Dialect::Postgres => format!("'{}'", uuid::Uuid::from_u128(id.unsigned_abs().into())),
        Dialect::Sqlite | Dialect::Mysql => format!("x'{id:032x}'"),
    };
    let moment =
        chrono::DateTime::from_timestamp(1_700_000_000 + id, 0).unwrap().format("'%Y-%m-%d %H:%M:%S'");
    let email = format!("u{}@example.com", id * 7919 % 20_011);
    let name = if id % 2 == 0 { format!("n{}", id * 104_729 % 20_011) } else { String::new() };
    let deleted = if id % 100 == 1 { moment.to_string() } else { "NULL".to_owned() };
    let status = if id % 100 == 0 { "locked" } else { "active" };
    format!("({id}, {uuid}, {moment}, {moment}, {deleted}, 1, '{email}', '{status}', 1, '{email}', '{name}')")
}

/// A filter, and whether it picks few rows out of many.
fn filters() -> Vec<(UserFilter, bool)> {
    let none = UserFilter::default;
    let status = |status| UserFilter { status: Some(status), ..none() };
    vec![
        (none(), false),
        (status(UserStatus::Active), false),
        (status(UserStatus::Locked), true),
        (UserFilter { verified: Some(false), ..none() }, false),
        (UserFilter { deleted: true, ..none() }, true),
        (UserFilter { search: Some(SearchKey::of("u1234")), ..none() }, true),
        (UserFilter { search: Some(SearchKey::of("U1234")), ..status(UserStatus::Active) }, true),
        (UserFilter { deleted: true, search: Some(SearchKey::of("u1234")), ..none() }, true),
    ]
}

/// A place in the middle of an order.
fn middle(order: &[SortKey]) -> Start {
    let value = |key: &SortKey| match key.field {
        "createdAt" => KeyValue::Time(chrono::DateTime::from_timestamp(1_700_010_000, 0).unwrap()),
        "email" => KeyValue::Text("u5000@example.com".to_owned()),
        _ => KeyValue::Text("n5000".to_owned()),
    };
    Start::After(order.iter().map(value).chain([KeyValue::Int(10_000)]).collect())
}

fn directions(order: Order) -> [Vec<SortKey>; 2] {
    [order.to_vec(), order.iter().map(|key| key.reversed()).collect()]
}

async fn plan(on: &impl ConnectionTrait, filter: &UserFilter, page: &Page) -> String {
    let (backend, dialect) = (on.get_database_backend(), Dialect::of(on));
    let query = paging::select(wanted(filter, &page.sort, dialect), page, dialect, "plan").unwrap();
    let Statement { sql, values, .. } = query.build(backend);
    let (explain, column) = match dialect {
        Dialect::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        Dialect::Postgres => ("EXPLAIN", "QUERY PLAN"),
        Dialect::Mysql => ("EXPLAIN FORMAT=JSON", "EXPLAIN"),
    };
    let statement = Statement { sql: format!("{explain} {sql}"), values, db_backend: backend };
    let rows = on.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get::<String>("", column).unwrap() + "\n").collect()
}

/// Whether a plan reads the whole table in no order, or sorts rows that no index has sorted.
fn scans_and_sorts(dialect: Dialect, plan: &str) -> (bool, bool) {
    match dialect {
        Dialect::Sqlite => {
            let scans = plan.lines().any(|line| line.starts_with("SCAN users") && !line.contains("INDEX"));
            (scans, plan.contains("USE TEMP B-TREE FOR ORDER BY"))
        }
        Dialect::Postgres => {
            (plan.contains("Seq Scan"), plan.contains("Sort Key") && !plan.contains("Incremental Sort"))
        }
        Dialect::Mysql => (plan.contains("\"ALL\""), plan.contains("filesort")),
    }
}

#[tokio::test]
async fn no_page_of_users_reads_or_sorts_the_whole_table() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        database.migrate_up().await.unwrap();
        let on = database.opened.pools.write();
        fill(on).await;
        for (filter, few) in filters() {
            for sort in USER_ORDERS.iter().flat_map(|order| directions(order)) {
                for start in [Start::First, middle(&sort)] {
                    let page = Page { limit: 20, sort: sort.clone(), start };
                    let plan = plan(on, &filter, &page).await;
                    let (scans, sorts) = scans_and_sorts(Dialect::of(on), &plan);
                    assert!(!scans, "{url}: {filter:?} {page:?}\n{plan}");
                    assert!(few || !sorts, "{url}: {filter:?} {page:?}\n{plan}");
                }
            }
        }
    }
}
