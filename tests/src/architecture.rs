//! The dependency rule, asserted over what Cargo resolves.
//!
//! The few fields of `cargo metadata` that matter are read here instead of with the crate of that name: its
//! features of serde would have every dependency compiled twice, once for the programs and once for the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What a package is to the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Domain,
    Ports,
    Application,
    Http,
    Worker,
    Bootstrap,
    Telemetry,
    Testkit,
    Migrations,
    Database,
    /// What adapters of several technologies do alike.
    Shared,
    Adapter,
    App,
    Tests,
    /// Not of this workspace.
    Foreign,
}

#[derive(Debug, Clone)]
struct Node {
    name: String,
    place: Place,
    dependencies: BTreeSet<String>,
}

/// Packages by id, with their normal and build dependencies.
type Graph = BTreeMap<String, Node>;

/// What the core must not reach, however indirectly.
const DRIVERS: [&str; 7] = ["sea-orm", "sqlx", "redis", "reqwest", "hyper", "lettre", "actix-web"];
const DRIVER_FAMILIES: [&str; 3] = ["actix-", "sea-orm-", "sqlx-"];

/// Which packages of the workspace a place may name.
fn may_name(from: Place, to: Place) -> bool {
    use Place::{
        Adapter, App, Application, Bootstrap, Database, Domain, Foreign, Http, Migrations, Ports, Shared,
        Telemetry, Testkit, Tests, Worker,
    };
    match from {
        Domain | Telemetry | Migrations | Foreign => false,
        Ports => to == Domain,
        Application | Testkit => matches!(to, Ports | Domain),
        Adapter | Shared => matches!(to, Ports | Domain | Shared),
        Database => matches!(to, Ports | Domain | Migrations),
        Worker => matches!(to, Application | Ports | Domain),
        Http => matches!(to, Application | Ports | Domain | Telemetry),
        Bootstrap => !matches!(to, App | Tests | Testkit),
        App => to == Bootstrap,
        Tests => true,
    }
}

/// Every sentence of the rule that does not hold.
fn violations(graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    for node in graph.values() {
        for dependency in node.dependencies.iter().filter_map(|id| graph.get(id)) {
            if dependency.place != Place::Foreign && !may_name(node.place, dependency.place) {
                broken.push(format!("{} must not name {}", node.name, dependency.name));
            }
        }
    }
    for (id, node) in graph.iter().filter(|(_, node)| node.place == Place::Application) {
        let drivers =
            reachable(graph, id).into_iter().map(|id| &graph[&id].name).filter(|name| is_driver(name));
        broken.extend(drivers.map(|driver| format!("{} must not reach {driver}", node.name)));
    }
    broken
}

fn is_driver(name: &str) -> bool {
    DRIVERS.contains(&name) || DRIVER_FAMILIES.iter().any(|family| name.starts_with(family))
}

fn reachable(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(id) = next.pop() {
        let fresh = graph[&id].dependencies.iter().filter(|id| seen.insert((*id).clone()));
        next.extend(fresh.cloned());
    }
    seen
}

/// The workspace as Cargo resolves it for this platform.
fn resolved() -> Graph {
    let metadata = metadata();
    let root = text(&metadata["workspace_root"]);
    let packages: BTreeMap<&str, &Value> = list(&metadata["packages"]).map(|p| (text(&p["id"]), p)).collect();
    let node_of = |node: &Value| {
        let package = packages[text(&node["id"])];
        let ships = |dependency: &&Value| list(&dependency["dep_kinds"]).any(|kind| kind["kind"] != "dev");
        Node {
            name: text(&package["name"]).to_owned(),
            place: place_of(package, root),
            dependencies: list(&node["deps"]).filter(ships).map(|dep| text(&dep["pkg"]).to_owned()).collect(),
        }
    };
    list(&metadata["resolve"]["nodes"]).map(|node| (text(&node["id"]).to_owned(), node_of(node))).collect()
}

fn metadata() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let platform = "x86_64-unknown-linux-gnu";
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--all-features", "--filter-platform", platform])
        .args(["--manifest-path", manifest])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn place_of(package: &Value, root: &str) -> Place {
    let manifest = text(&package["manifest_path"]);
    let Some(path) = manifest.strip_prefix(root).filter(|_| package["source"].is_null()) else {
        return Place::Foreign;
    };
    let place = path.trim_start_matches('/').trim_end_matches("/Cargo.toml");
    match place {
        "crates/domain" => Place::Domain,
        "crates/ports" => Place::Ports,
        "crates/application" => Place::Application,
        "crates/http" => Place::Http,
        "crates/worker" => Place::Worker,
        "crates/bootstrap" => Place::Bootstrap,
        "crates/telemetry" => Place::Telemetry,
        "crates/testkit" => Place::Testkit,
        "crates/link" | "crates/delivery" => Place::Shared,
        "crates/adapters/db" => Place::Database,
        "migrations" => Place::Migrations,
        "tests" => Place::Tests,
        _ if place.starts_with("crates/adapters/") => Place::Adapter,
        _ if place.starts_with("apps/") => Place::App,
        _ => panic!("{place} has no place in the dependency rule; give it one"),
    }
}

fn id_of(graph: &Graph, name: &str) -> String {
    graph.iter().find(|(_, node)| node.name == name).map(|(id, _)| id.clone()).expect(name)
}

fn with_dependency(graph: &Graph, from: &str, to: &str) -> Graph {
    let mut changed = graph.clone();
    let (from, to) = (id_of(graph, from), id_of(graph, to));
    changed.get_mut(&from).unwrap().dependencies.insert(to);
    changed
}

#[test]
fn dependencies_point_inwards() {
    let graph = resolved();
    assert!(graph.values().any(|node| node.place == Place::Application), "the workspace was not found");
    assert_eq!(violations(&graph), Vec::<String>::new());
}

#[test]
fn the_rule_notices_what_it_forbids() {
    let graph = resolved();
    for (from, to, broken) in [
        ("mainstay-application", "sea-orm", "mainstay-application must not reach sea-orm"),
        ("mainstay-token-jwt", "mainstay-db", "mainstay-token-jwt must not name mainstay-db"),
        ("mainstay-domain", "mainstay-ports", "mainstay-domain must not name mainstay-ports"),
        ("mainstay-http", "mainstay-db", "mainstay-http must not name mainstay-db"),
        ("mainstay-worker-core", "mainstay-http", "mainstay-worker-core must not name mainstay-http"),
        ("mainstay-broker-nats", "mainstay-db", "mainstay-broker-nats must not name mainstay-db"),
        ("mainstay-delivery", "mainstay-broker-nats", "mainstay-delivery must not name mainstay-broker-nats"),
        ("mainstay-application", "mainstay-link", "mainstay-application must not name mainstay-link"),
        ("mainstay-api", "mainstay-application", "mainstay-api must not name mainstay-application"),
    ] {
        let found = violations(&with_dependency(&graph, from, to));
        assert!(found.iter().any(|text| text == broken), "{from} → {to}: {found:?}");
    }
    // One step removed, too: through a port, or through a library.
    let found = violations(&with_dependency(&graph, "mainstay-ports", "actix-web"));
    assert!(found.contains(&"mainstay-application must not reach actix-web".to_owned()), "{found:?}");
}

/// One TLS library, and none that has to be installed beside the binary.
#[test]
fn no_openssl_anywhere() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
    let packages: Vec<&str> = lock.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
    assert!(packages.contains(&"\"rustls\""), "the lock file was not understood");
    for unwanted in ["\"openssl-sys\"", "\"openssl\"", "\"native-tls\""] {
        assert!(!packages.contains(&unwanted), "{unwanted} is in Cargo.lock");
    }
}
