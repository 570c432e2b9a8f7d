use super::*;

fn at(millis: i64) -> Time {
    Time::EPOCH.plus(Span::from_millis(millis))
}

fn facts<'p>(jti: Option<&str>, sub: &str, iat: Option<f64>) -> Facts<'p> {
    Facts { issuer: "i", sub: sub.into(), jti: jti.map(str::to_owned), iat, exp: None }
}

fn replica(entries: &str) -> Replica {
    let mut replica = Replica::new(Span::from_secs(3600));
    let changes = format!(r#"{{"epoch":"e","seq":1,"more":false,"entries":[{entries}]}}"#);
    assert!(!replica.handle_changes(&changes, at(10_000)).unwrap());
    replica
}

#[test]
fn an_entry_is_about_whoever_it_names() {
    let named = |name: &str| format!(r#"{{"name":{name:?},"before":50,"expires":99}}"#);
    for (name, revoked) in [
        (r#"["i",null,null]"#, [true, true, true]),
        (r#"["i",null,"s"]"#, [true, true, false]),
        (r#"["i","t",null]"#, [true, false, true]),
        (r#"["i","t","s"]"#, [true, false, false]),
        (r#"["j",null,null]"#, [false, false, false]),
    ] {
        let replica = replica(&named(name));
        let cases = [(Some("t"), "s"), (None, "s"), (Some("t"), "r")];
        let answers = cases.map(|(jti, sub)| replica.is_revoked(&facts(jti, sub, Some(50.0)), at(0)).unwrap());
        assert_eq!(answers, revoked, "{name}");
        assert!(!replica.is_revoked(&facts(Some("t"), "s", Some(51.0)), at(0)).unwrap(), "issued later");
    }
}

#[test]
fn a_token_that_outlives_the_entries_is_refused() {
    let replica = Replica::new(Span::from_secs(3600));
    for (iat, exp, is_refused) in
        [(Some(10.0), 3610.0, false), (Some(10.0), 3610.5, true), (None, 3620.0, false), (None, 3621.0, true)]
    {
        let facts = Facts { exp: Some(exp), ..facts(None, "s", iat) };
        let error = replica.is_revoked(&facts, at(20_000)).err();
        assert_eq!(error.as_ref().map(Error::code), is_refused.then_some(Code::TokenClaim), "{iat:?} {exp}");
        assert!(error.is_none_or(|error| error.subject() == Some("exp")));
    }
}

#[test]
fn it_is_as_old_as_its_last_whole_update() {
    let second = Span::from_millis(1000);
    let mut replica = Replica::new(second);
    assert_eq!(replica.freshness(at(0), second, true), Freshness::Stale);
    let page = |more| format!(r#"{{"epoch":"e","seq":7,"more":{more},"entries":[]}}"#);
    assert!(replica.handle_changes(&page(true), at(5000)).unwrap());
    assert_eq!(replica.freshness(at(5000), second, true), Freshness::Stale, "there was more");
    assert!(!replica.handle_changes(&page(false), at(5000)).unwrap());
    assert_eq!(replica.cursor(), ("e", "7"));
    let two = Span::from_millis(2000);
    for (now, expected) in [
        (5000, Freshness::Fresh),
        (6000, Freshness::Fresh),
        (6001, Freshness::Aging),
        (7000, Freshness::Fresh),
        (7001, Freshness::Stale),
        (4999, Freshness::Stale),
    ] {
        assert_eq!(replica.freshness(at(now), two, true), expected, "{now}");
    }
    assert!(!replica.handle_changes(&page(false), at(7000)).unwrap());
    assert!(!replica.handle_changes(&page(false), at(6000)).unwrap(), "a late answer makes it no older");
    assert_eq!(replica.freshness(at(8500), two, false), Freshness::Fresh);
    assert_eq!(replica.freshness(at(8500), two, true), Freshness::Aging);
    assert_eq!(replica.freshness(at(9000), two, true), Freshness::Fresh, "once a second");
}

#[test]
fn what_has_ended_goes_and_another_store_is_another_store() {
    let mut replica = replica(
        r#"{"name":"[\"i\",null,\"s\"]","before":null,"expires":10},
           {"name":"[\"i\",null,\"r\"]","before":null,"expires":10.5}"#,
    );
    assert!(!replica.is_revoked(&facts(None, "s", None), at(0)).unwrap());
    assert!(replica.is_revoked(&facts(None, "r", None), at(0)).unwrap());
    let other = r#"{"epoch":"f","seq":0,"entries":[]}"#;
    assert!(!replica.handle_changes(other, at(10_000)).unwrap());
    assert!(!replica.is_revoked(&facts(None, "r", None), at(0)).unwrap());
    assert_eq!(replica.cursor(), ("f", "0"));
}

#[test]
fn a_number_that_was_passed_is_not_asked_for_again() {
    let mut replica = replica("");
    for (seq, kept) in [("5", "5"), ("3", "5"), ("12", "12")] {
        let changes = format!(r#"{{"epoch":"e","seq":{seq},"entries":[]}}"#);
        assert!(!replica.handle_changes(&changes, at(0)).unwrap());
        assert_eq!(replica.cursor().1, kept);
    }
}

#[test]
fn what_is_no_answer_is_an_outage() {
    let mut replica = Replica::new(Span::from_secs(1));
    for text in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"epoch":"e","seq":"1","entries":[]}"#,
        r#"{"epoch":"e","seq":1.5,"entries":[]}"#,
        r#"{"epoch":"e","seq":1,"entries":{}}"#,
        r#"{"epoch":"e","seq":1,"entries":[7]}"#,
        r#"{"epoch":"e","seq":1,"entries":[{"name":"n","before":"x","expires":1}]}"#,
        r#"{"epoch":"e","seq":1,"entries":[{"name":"n","before":1}]}"#,
    ] {
        let error = replica.handle_changes(text, at(0)).unwrap_err();
        assert_eq!(error.code(), Code::VerifierUnavailable, "{text}");
        assert_eq!(replica.freshness(at(0), Span::from_secs(9), false), Freshness::Stale);
    }
}

#[test]
fn it_holds_what_a_store_may_have_twice_over_and_no_more() {
    let mut replica = Replica::new(Span::from_secs(1));
    let page = |from: usize, count: usize| {
        let entries = (from..from + count).map(|n| format!(r#"{{"name":"{n}","before":null,"expires":9}}"#));
        format!(r#"{{"epoch":"e","seq":1,"entries":[{}]}}"#, entries.collect::<Vec<_>>().join(","))
    };
    assert!(replica.handle_changes(&page(0, MAX_HELD), at(0)).is_ok());
    assert!(replica.handle_changes(&page(0, 1), at(0)).is_ok(), "one that is there");
    assert!(replica.is_whole());
    assert!(replica.handle_changes(&page(MAX_HELD, 1), at(0)).is_err());
    assert!(!replica.is_whole(), "what did not fit is not known");
    assert_eq!(replica.cursor(), ("", "0"), "and is asked for again, from the beginning");
    assert!(replica.handle_changes(&page(0, 9), at(0)).is_ok());
    assert!(replica.is_whole());
}

#[test]
fn what_has_ended_makes_room() {
    let mut replica = Replica::new(Span::from_secs(1));
    let page = |from: usize, count: usize, expires: u32| {
        let entries = (from..from + count).map(|n| format!(r#"{{"name":"{n}","before":null,"expires":{expires}}}"#));
        format!(r#"{{"epoch":"e","seq":1,"more":true,"entries":[{}]}}"#, entries.collect::<Vec<_>>().join(","))
    };
    assert!(replica.handle_changes(&page(0, MAX_HELD, 9), at(0)).is_ok());
    assert!(replica.handle_changes(&page(MAX_HELD, 2, 90), at(9000)).is_ok());
    assert_eq!((replica.entries.len(), replica.is_whole()), (2, false));
}

#[test]
fn an_update_beside_requests_is_begun_once_a_second() {
    let mut replica = replica("");
    let mut freshness = |now| replica.freshness(at(now), Span::from_secs(60), true);
    assert_eq!([11_001, 12_001, 12_002].map(&mut freshness), [Freshness::Aging, Freshness::Fresh, Freshness::Aging]);
}
