//! All problems at once, each of them once.

use super::Place;

#[test]
fn problems_of_all_kinds_come_together() {
    let problems = Place::new()
        .file("mainstay.toml", "[server]\nprot = 1\n")
        .file(".env", "MAINSTAY_LOG__FORMAT=xml\n")
        .set("MAINSTAY_SERVER__PORT", "abc")
        .set("MAINSTAY_NODE__ID", "1024")
        .set("MAINSTAY_WORKER__HEALTH_PROT", "1")
        .set("MAINSTAY_METRICS__TOKEN_FILE", "missing")
        .set("MAINSTAY_CACHE__URL", "memcached://x")
        .set("MAINSTAY_AUTH__REFRESH_ABSOLUTE_DAYS", "1")
        .problems();
    let variables: Vec<_> = problems.iter().map(|line| line.split([' ', ':']).next().unwrap()).collect();
    let expected = [
        "server.prot",
        "MAINSTAY_WORKER__HEALTH_PROT",
        "MAINSTAY_METRICS__TOKEN_FILE",
        "MAINSTAY_SERVER__PORT",
        "MAINSTAY_NODE__ID",
        "MAINSTAY_LOG__FORMAT",
        "MAINSTAY_CACHE__URL",
        "MAINSTAY_AUTH__REFRESH_ABSOLUTE_DAYS",
    ];
    assert_eq!(variables, expected, "{problems:#?}");
}

#[test]
fn a_problem_says_value_layer_and_what_would_be_right() {
    let problem = Place::new().set("MAINSTAY_NODE__ID", "1024").only_problem();
    assert_eq!(problem, "MAINSTAY_NODE__ID = 1024 (environment): expected a whole number from 0 to 1023");
}

#[test]
fn the_stand_in_for_a_wrong_value_causes_no_second_problem() {
    // The port's default stands in for the derived public URL, capture:// for the mail server.
    let place = Place::production().set("MAINSTAY_SERVER__PORT", "abc").set("MAINSTAY_MAIL__URL", "smtp//x");
    let problems = place.problems();
    assert_eq!(problems.len(), 2, "{problems:#?}");
}

#[test]
fn a_value_with_a_line_break_stays_one_line() {
    assert_eq!(Place::new().set("MAINSTAY_LOG__FORMAT", "a\nb").problems().len(), 1);
}

#[test]
fn an_unknown_scheme_lists_the_known_ones() {
    let problem = Place::new().set("MAINSTAY_DATABASE__URL", "oracle://u:p4ss@h/db").only_problem();
    let expected = "MAINSTAY_DATABASE__URL = oracle://u:***@h/db (environment): \
                    unknown scheme `oracle`; known are sqlite://, postgres://, \
                    postgresql://, mysql://, mariadb://";
    assert_eq!(problem, expected);
}

#[test]
fn every_url_is_held_against_its_own_schemes() {
    for name in
        ["DATABASE__URL", "DATABASE__REPLICA_URLS", "CACHE__URL", "QUEUE__URL", "BROKER__URL", "STORAGE__URL"]
            .into_iter()
            .chain(["MAIL__URL", "TELEMETRY__OTLP_ENDPOINT"])
    {
        let name = format!("MAINSTAY_{name}");
        let problem = Place::new().set(&name, "gopher://x").only_problem();
        assert!(problem.starts_with(&name) && problem.contains("unknown scheme `gopher`"), "{problem}");
    }
}

#[test]
fn a_replica_has_its_primary_s_engine() {
    let place = |url: &str, replicas: &str| {
        let place = Place::new().set("MAINSTAY_DATABASE__REPLICA_URLS", replicas);
        place.set("MAINSTAY_DATABASE__URL", url)
    };
    for (url, replicas) in [
        ("postgres://a/x", "postgresql://b/x,postgres://c/x"),
        ("mysql://a/x", "mariadb://b/x"),
        ("sqlite://x.db", ""),
    ] {
        assert_eq!(place(url, replicas).problems().len(), 0, "{url} {replicas}");
    }
    for (url, replicas, advice) in [
        ("postgres://a/x", "postgres://b/x,mysql://c/x", "expected postgres:// URLs"),
        ("sqlite://x.db", "sqlite://y.db", "has no replicas"),
    ] {
        let problem = place(url, replicas).only_problem();
        assert!(
            problem.starts_with("MAINSTAY_DATABASE__REPLICA_URLS") && problem.contains(advice),
            "{problem}"
        );
    }
}

#[test]
fn files_that_cannot_be_parsed_are_problems_without_their_text() {
    let toml = Place::new().file("mainstay.toml", "[metrics]\ntoken = hunter2\n").only_problem();
    assert!(
        toml.starts_with("mainstay.toml") && toml.contains("line 2") && !toml.contains("hunter2"),
        "{toml}"
    );

    let env = Place::new().file(".env", "A=1\nhunter2 hunter2\n").only_problem();
    assert!(env.starts_with(".env: the line after A ") && !env.contains("hunter2"), "{env}");
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem() {
    let place = Place::new();
    std::fs::create_dir(place.0.dir.join(".env.local")).unwrap();
    assert!(place.only_problem().starts_with(".env.local: cannot be read"));
}
