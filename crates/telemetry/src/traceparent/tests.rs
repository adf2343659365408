use super::TraceParent;

const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn what_was_parsed_is_written_the_same() {
    let parent = TraceParent::parse(EXAMPLE).unwrap();

    assert_eq!(parent.to_string(), EXAMPLE);
    assert_eq!(parent.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(parent.span_id(), "00f067aa0ba902b7");
    assert!(parent.is_sampled());
}

#[test]
fn a_child_stays_in_its_trace() {
    let child = TraceParent::parse(EXAMPLE).unwrap().child([0xab; 8]);

    assert_eq!(child.to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-abababababababab-01");
}

#[test]
fn ids_are_never_all_zero() {
    let parent = TraceParent::new([0; 16], [0; 8]);

    assert_eq!(TraceParent::parse(&parent.to_string()), Some(parent));
    assert_eq!(TraceParent::parse(&parent.child([0; 8]).to_string()), Some(parent));
}

#[test]
fn invalid_values_are_refused() {
    let cases = [
        ("empty", ""),
        ("too short", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"),
        ("more than version 00 has", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"),
        ("dash at the end of version 00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-"),
        ("upper-case trace id", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
        ("upper-case span id", "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01"),
        ("upper-case version", "0A-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("upper-case flags", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A"),
        ("version ff", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("zero trace id", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
        ("zero span id", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
        ("not hexadecimal", "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01"),
        ("other separators", "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01"),
        ("dash at a wrong place", "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01"),
        ("five fields", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902-b-01"),
        ("leading space", " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("trailing space", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 "),
        ("not ASCII", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0é"),
        ("higher version that runs on", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"),
    ];
    for (what, value) in cases {
        assert_eq!(TraceParent::parse(value), None, "{what}: {value:?}");
    }
}

#[test]
fn higher_versions_are_read_by_their_first_four_fields() {
    let known = TraceParent::parse(EXAMPLE);
    for value in [
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings",
    ] {
        assert_eq!(TraceParent::parse(value), known, "{value}");
    }
}

#[test]
fn only_the_sampled_flag_is_passed_on() {
    for (received, sent) in [("00", "00"), ("01", "01"), ("02", "00"), ("ff", "01")] {
        let value = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{received}");
        let parent = TraceParent::parse(&value).unwrap();
        assert!(parent.to_string().ends_with(&format!("-{sent}")), "{received}");
    }
}
