//! Names by wildcard.

use ports::CachePattern;

use super::{CacheBench, LONG, found, key, set};

/// "`*` stands for any characters, also none."
pub async fn a_star_stands_for_anything(bench: &CacheBench) {
    for (pattern, meant, others) in [
        ("user:*", &["user:", "user:1", "user:1:x"][..], &["use", "auser:1", "USER:1"][..]),
        ("*:end", &[":end", "a:end", "a:end:end"], &["end", "a:ends"]),
        ("a*b*c", &["abc", "a1b2c", "abbcc"], &["ab", "acb", "xabc", "abcx"]),
        ("same", &["same"], &["sam", "same1", "asame"]),
        ("*", &["", "x", "x:y"], &[]),
    ] {
        for name in meant.iter().chain(others) {
            set(&*bench.cache, &key(name), "x").await;
        }
        bench.cache.delete_matching(&CachePattern::new(pattern)).await.unwrap();
        for name in meant {
            assert_eq!(found(&*bench.cache, &key(name)).await, None, "{pattern} {name}");
        }
        for name in others {
            assert!(found(&*bench.cache, &key(name)).await.is_some(), "{pattern} {name}");
        }
        bench.cache.delete_matching(&CachePattern::all()).await.unwrap();
    }
}

/// "Every other character for itself."
pub async fn everything_else_stands_for_itself(bench: &CacheBench) {
    for (pattern, meant, other) in [
        ("a?c*", "a?cd", "abcd"),
        ("[ab]*", "[ab]c", "ac"),
        ("a\\*", "a\\b", "a*"),
        ("a^-]*", "a^-]", "a"),
        ("é*", "éa", "e"),
    ] {
        set(&*bench.cache, &key(meant), "x").await;
        set(&*bench.cache, &key(other), "x").await;
        bench.cache.delete_matching(&CachePattern::new(pattern)).await.unwrap();
        assert_eq!(found(&*bench.cache, &key(meant)).await, None, "{pattern} {meant}");
        assert!(found(&*bench.cache, &key(other)).await.is_some(), "{pattern} {other}");
    }
}

/// "However many names there are."
pub async fn takes_thousands(bench: &CacheBench) {
    for number in 0..2_500 {
        bench.cache.set(&key(&format!("many:{number}")), b"x", LONG, None).await.unwrap();
    }
    set(&*bench.cache, &key("few:1"), "x").await;
    bench.cache.delete_matching(&CachePattern::new("many:*")).await.unwrap();
    for number in 0..2_500 {
        assert_eq!(found(&*bench.cache, &key(&format!("many:{number}"))).await, None);
    }
    assert!(found(&*bench.cache, &key("few:1")).await.is_some());
}

/// "Forgets all whose names match": counters, too.
pub async fn counters_go_too(bench: &CacheBench) {
    bench.cache.increment("count:1", 5, LONG).await.unwrap();
    bench.cache.delete_matching(&CachePattern::new("count:*")).await.unwrap();
    assert_eq!(bench.cache.increment("count:1", 1, LONG).await.unwrap().total, 1);
}
