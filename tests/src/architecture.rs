//! The dependency rule, asserted over what Cargo resolves.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand, Package, PackageId};

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
        Adapter, App, Application, Bootstrap, Database, Domain, Foreign, Http, Migrations, Ports, Telemetry,
        Testkit, Tests, Worker,
    };
    match from {
        Domain | Telemetry | Migrations | Foreign => false,
        Ports => to == Domain,
        Application | Adapter | Testkit => matches!(to, Ports | Domain),
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
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options(["--filter-platform".to_owned(), "x86_64-unknown-linux-gnu".to_owned()])
        .exec()
        .unwrap();
    let packages: BTreeMap<&PackageId, &Package> = metadata.packages.iter().map(|p| (&p.id, p)).collect();
    let root = metadata.workspace_root.as_str();
    let nodes = metadata.resolve.as_ref().unwrap().nodes.iter();
    nodes
        .map(|node| {
            let package = packages[&node.id];
            let ships = |kind: DependencyKind| kind != DependencyKind::Development;
            let shipped = node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| ships(kind.kind)));
            let node_of = Node {
                name: package.name.to_string(),
                place: place_of(package, root),
                dependencies: shipped.map(|dep| dep.pkg.repr.clone()).collect(),
            };
            (node.id.repr.clone(), node_of)
        })
        .collect()
}

fn place_of(package: &Package, root: &str) -> Place {
    let Some(path) = package.manifest_path.as_str().strip_prefix(root).filter(|_| package.source.is_none())
    else {
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
