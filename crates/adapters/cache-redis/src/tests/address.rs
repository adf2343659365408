//! Which URLs are understood, and that a refusal keeps the password to itself.

use deadpool_redis::ConnectionAddr;
use ports::{Chain, Kind};

use crate::Address;
use crate::address::Topology;

#[test]
fn urls_of_all_topologies() {
    for (url, hosts, user, password, database) in [
        ("redis://localhost", &[("localhost", 6379)][..], None, None, 0),
        ("redis://10.0.0.1:80/3", &[("10.0.0.1", 80)], None, None, 3),
        ("redis://:se%3Fcret+1@[::1]:7000", &[("::1", 7000)], None, Some("se?cret+1"), 0),
        ("rediss://app:p%40ss@cache.example/1", &[("cache.example", 6379)], Some("app"), Some("p@ss"), 1),
        ("redis-cluster://app:x@a:1,b:2,c", &[("a", 1), ("b", 2), ("c", 6379)], Some("app"), Some("x"), 0),
        ("redis-sentinel://app:x@a,b:2/main/4", &[("a", 26379), ("b", 2)], Some("app"), Some("x"), 4),
    ] {
        let address = Address::parse(url).unwrap();
        let found: Vec<(String, u16)> = address
            .hosts()
            .into_iter()
            .map(|host| match host.addr {
                ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => (host, port),
                ConnectionAddr::Unix(path) => panic!("{}", path.display()),
            })
            .collect();
        let hosts: Vec<_> = hosts.iter().map(|(host, port)| ((*host).to_owned(), *port)).collect();
        let login = address.login();
        assert_eq!(found, hosts, "{url}");
        assert_eq!((login.username.as_deref(), login.password.as_deref()), (user, password), "{url}");
        assert_eq!(login.db, database, "{url}");
        assert_eq!(address.tls(), url.starts_with("rediss"), "{url}");
    }
}

#[test]
fn sentinels_have_a_password_of_their_own() {
    let address = Address::parse("redis+sentinel://:data@a/main?sentinel_password=guard&tls=on").unwrap();
    assert!(matches!(&address.topology, Topology::Sentinel(name) if name == "main"));
    assert_eq!(address.hosts()[0].redis.password.as_deref(), Some("guard"));
    assert_eq!(address.login().password.as_deref(), Some("data"));
    assert!(address.tls());
}

#[test]
fn parameters() {
    let address = Address::parse("redis://a?prefix=shop-1&timeout_ms=90&near=off&near_ms=3").unwrap();
    assert_eq!((address.prefix.as_str(), address.timeout.as_millis()), ("shop-1", 90));
    let address = Address::parse("redis://a").unwrap();
    assert_eq!((address.prefix.as_str(), address.timeout.as_millis()), ("mainstay", 250));
}

#[test]
fn what_is_no_such_url_is_refused_without_its_password() {
    for url in [
        "memory://",
        "redis:localhost",
        "redis://",
        "redis://:hunter2@",
        "redis://:hunter2@host:port",
        "redis://:hunter2@host/one",
        "redis://:hunter2@host/-1",
        "redis://:hunter2@host?prefix=a:b",
        "redis://:hunter2@host?prefix=",
        "redis://:hunter2@host?timeout_ms=0",
        "redis://:hunter2@host?unknown=1",
        "redis-cluster://:hunter2@a:1,b:2/3",
        "redis-sentinel://:hunter2@a",
        "redis-sentinel://:hunter2@a/",
    ] {
        let error = Address::parse(url).err().unwrap_or_else(|| panic!("{url}"));
        assert_eq!(error.kind(), Kind::Internal, "{url}");
        assert!(!Chain(&error).to_string().contains("hunter2"), "{url}");
    }
}
