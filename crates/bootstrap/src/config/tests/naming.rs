//! Unknown names are found, other people's names are left alone.

use super::Place;

#[test]
fn an_unknown_name_is_a_problem_with_the_nearest_one_and_without_its_value() {
    let problem = Place::new().set("MAINSTAY_SERVER__PROT", "hunter2").only_problem();
    assert!(problem.starts_with("MAINSTAY_SERVER__PROT = *** (environment): "), "{problem}");
    assert!(problem.ends_with("the nearest is MAINSTAY_SERVER__PORT"), "{problem}");
}

#[test]
fn the_nearest_name_may_be_that_of_a_file() {
    let problem = Place::new().set("MAINSTAY_METRICS__TOKEN_FIEL", "/run/x").only_problem();
    assert!(problem.ends_with("MAINSTAY_METRICS__TOKEN_FILE"), "{problem}");
}

#[test]
fn names_that_kubernetes_injects_are_ignored() {
    let place =
        Place::new().set("MAINSTAY_PORT", "tcp://10.0.0.1:3000").set("MAINSTAY_SERVICE_HOST", "10.0.0.1");
    assert_eq!(place.config().server.port, 3000);
}

#[test]
fn unknown_names_are_found_in_files_too() {
    let problem = Place::new().file(".env", "MAINSTAY_LOG__FROMAT=json\nUNRELATED=1\n").only_problem();
    assert!(problem.contains("(.env): ") && problem.ends_with("MAINSTAY_LOG__FORMAT"), "{problem}");
}

#[test]
fn unknown_keys_of_the_toml_file_are_problems() {
    let toml = "server = 1\n[databse]\nurl = 'x'\n[server2]\nport = 1\n";
    let problems = Place::new().file("mainstay.toml", toml).problems();
    let unknown: Vec<_> = problems.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(unknown, ["databse.url", "server", "server2.port"]);
    assert!(problems[0].ends_with("the nearest is database.url"), "{problems:?}");
    assert!(problems[2].ends_with("the nearest is server.port"), "{problems:?}");
}
