use super::*;

const LIMITS: Limits = Limits {
    connections: 8,
    per_address: 3,
    per_principal: 2,
    silent: 8,
    failed_per_minute: 3.0,
    frames_per_sec: 2.0,
    bytes_per_sec: 200.0,
};

fn at(millis: i64) -> Time {
    Time::EPOCH.plus(Span::from_millis(millis))
}

fn new(limits: Limits) -> Handshakes {
    Handshakes::new(limits, 1)
}

/// A socket whose hello was answered.
fn open(all: &mut Handshakes, conn: u32, address: Option<&str>) {
    assert_eq!(all.handle_upgrade(conn, address), None);
    assert!(all.handle_heard(conn));
    all.handle_hello(conn, false, at(0));
}

#[test]
fn an_address_that_fails_waits_until_a_minute_has_emptied_its_bucket() {
    let mut all = new(LIMITS);
    let mut fail = |conn, now| {
        let answer = all.check(Some("a"), at(now));
        all.handle_upgrade(conn, Some("a"));
        all.handle_hello(conn, true, at(now));
        all.handle_closed(conn);
        answer
    };
    for n in 0..3 {
        assert_eq!(fail(n, i64::from(n)), Ok(()));
    }
    for (now, expected) in [(10, Err(Full::Requests)), (19_000, Err(Full::Requests)), (21_000, Ok(()))] {
        assert_eq!(all.check(Some("a"), at(now)), expected, "{now}");
    }
    assert_eq!(all.check(Some("b"), at(10)), Ok(()), "another's is empty");
    all.handle_upgrade(9, None);
    for _ in 0..9 {
        all.handle_hello(9, true, at(10));
    }
    assert_eq!(all.check(None, at(10)), Ok(()), "nobody pays for those without an address");
}

#[test]
fn a_bucket_holds_no_more_than_a_minutes_worth_and_a_clock_set_back_empties_none() {
    let mut all = new(LIMITS);
    all.handle_upgrade(1, Some("a"));
    for _ in 0..100 {
        all.handle_hello(1, true, at(60_000));
    }
    all.handle_closed(1);
    assert_eq!(all.check(Some("a"), at(0)), Err(Full::Requests));
    assert_eq!(all.check(Some("a"), at(79_999)), Err(Full::Requests));
    assert_eq!(all.check(Some("a"), at(80_000)), Ok(()));
}

#[test]
fn the_oldest_addresses_are_forgotten() {
    let mut all = new(Limits { failed_per_minute: 1.0, ..LIMITS });
    for n in 0..20_000 {
        let address = format!("a{n}");
        all.handle_upgrade(n, Some(&address));
        all.handle_hello(n, true, at(0));
        all.handle_closed(n);
    }
    assert_eq!((all.check(Some("a0"), at(0)), all.check(Some("a19999"), at(0))), (Ok(()), Err(Full::Requests)));
}

#[test]
fn an_address_has_its_places_and_all_have_theirs() {
    let mut all = new(LIMITS);
    for conn in 0..3 {
        open(&mut all, conn, Some("a"));
    }
    assert_eq!(all.check(Some("a"), at(0)), Err(Full::Address));
    for conn in 3..8 {
        assert_eq!(all.check(None, at(0)), Ok(()));
        open(&mut all, conn, None);
    }
    assert_eq!(all.check(None, at(0)), Err(Full::Connections));
    assert_eq!(all.check(Some("b"), at(0)), Err(Full::Connections));
    all.handle_closed(0);
    all.handle_closed(0);
    assert_eq!(all.check(Some("a"), at(0)), Ok(()), "an end counts once");
    open(&mut all, 9, Some("a"));
    assert_eq!(all.check(Some("a"), at(0)), Err(Full::Address));
}

#[test]
fn an_address_has_a_quarter_of_the_places_to_wait_in() {
    let mut all = new(LIMITS);
    all.handle_upgrade(1, Some("a"));
    all.handle_upgrade(2, Some("a"));
    assert_eq!((all.check(Some("a"), at(0)), all.check(Some("b"), at(0))), (Err(Full::Requests), Ok(())));
    all.handle_hello(1, false, at(0));
    all.handle_hello(1, false, at(0));
    assert_eq!(all.check(Some("a"), at(0)), Ok(()));
    all.handle_upgrade(3, Some("b"));
    all.handle_closed(2);
    assert_eq!(all.waiting.of("a"), 0);
}

#[test]
fn without_an_address_the_silent_give_way() {
    let mut all = new(LIMITS);
    all.handle_upgrade(1, None);
    all.handle_upgrade(2, None);
    assert_eq!(all.check(None, at(0)), Ok(()), "one of them can go");
    assert!(all.handle_heard(1));
    assert_eq!(all.check(None, at(0)), Ok(()));
    assert_eq!(all.handle_upgrade(3, None), Some(2));
    assert!(all.handle_heard(3));
    assert_eq!(all.check(None, at(0)), Err(Full::Requests), "nobody is silent");
    all.handle_closed(2);
    assert_eq!(all.conns.len(), 2);
}

#[test]
fn for_an_address_that_is_crowded_nobody_without_one_gives_way() {
    let mut all = new(LIMITS);
    all.handle_upgrade(1, None);
    all.handle_upgrade(2, Some("a"));
    all.handle_upgrade(3, Some("a"));
    assert_eq!(all.check(Some("a"), at(0)), Err(Full::Requests));
    assert_eq!(all.check(Some("b"), at(0)), Ok(()));
}

#[test]
fn who_goes_for_another_leaves_its_places_at_once() {
    let mut all = new(Limits { silent: 1, ..LIMITS });
    all.handle_upgrade(1, Some("a"));
    all.handle_upgrade(2, Some("b"));
    assert_eq!((all.handle_silence(1), all.handle_silence(2)), (None, Some(1)));
    assert_eq!((all.addresses.of("a"), all.waiting.of("a"), all.conns.len() - all.leaving), (0, 0, 1));
    assert_eq!(all.handle_silence(1), None, "it is gone");
    all.handle_hello(1, true, at(0));
    all.handle_closed(1);
    assert_eq!((all.conns.len(), all.leaving, all.failed.get("a").is_none()), (1, 0, true));
}

#[test]
fn who_speaks_before_it_is_told_that_its_place_is_gone_takes_one_where_there_is_one() {
    let mut all = new(Limits { silent: 1, connections: 4, per_address: 1, ..LIMITS });
    for conn in 1..=3 {
        all.handle_upgrade(conn, Some(&format!("a{conn}")));
    }
    assert_eq!([1, 2, 3].map(|conn| all.handle_silence(conn)), [None, Some(1), Some(2)]);
    assert!(all.handle_heard(1) && all.handle_heard(1));
    assert_eq!((all.addresses.of("a1"), all.waiting.of("a1"), all.leaving), (1, 1, 1));
    assert_eq!(all.handle_principal(1, "p", at(0)), Place::Taken);
    assert_eq!(all.principals.of("p"), 1);
    all.handle_upgrade(4, Some("a2"));
    assert!(!all.handle_heard(2), "its address has no place left");
    all.handle_closed(4);
    all.handle_upgrade(5, Some("c"));
    all.handle_upgrade(6, None);
    assert_eq!(all.check(Some("b"), at(0)), Err(Full::Connections));
    assert!(!all.handle_heard(2), "nobody has");
    for conn in 1..=6 {
        all.handle_closed(conn);
    }
    assert_eq!((all.conns.len(), all.leaving), (0, 0));
    assert!(all.addresses.is_empty() && all.waiting.is_empty());
}

#[test]
fn a_principal_has_its_places() {
    let mut all = new(LIMITS);
    for conn in 1..=3 {
        open(&mut all, conn, None);
    }
    let places = [1, 2, 3].map(|conn| all.handle_principal(conn, "p", at(0)));
    assert_eq!(places, [Place::Taken, Place::Taken, Place::NoneLeft]);
    all.handle_closed(3);
    assert_eq!(all.principals.of("p"), 2, "it never had a place");
    all.handle_closed(1);
    open(&mut all, 4, None);
    let places = [4, 99].map(|conn| all.handle_principal(conn, "p", at(0)));
    assert_eq!(places, [Place::Taken; 2], "one that is gone needs none");
    assert_eq!((all.principals.of("p"), all.per_principal()), (2, 2));
}

#[test]
fn what_a_principals_sessions_say_together_leaks_with_time() {
    let mut all = new(LIMITS);
    let says = |all: &mut Handshakes, conn, bytes, now| all.is_within_rate(conn, bytes, || bytes, at(now));
    for conn in 1..=3 {
        open(&mut all, conn, None);
    }
    assert!((0..1000).all(|_| says(&mut all, 1, 1, 0)), "nobody is known before the hello");
    for (conn, key) in [(1, "a"), (2, "a"), (3, "b")] {
        assert_eq!(all.handle_principal(conn, key, at(0)), Place::Taken);
    }
    assert!((0..99).all(|n| says(&mut all, 1 + n % 2, 1, 0)), "a hundred, with two connections");
    assert!(!says(&mut all, 1, 1, 0) && says(&mut all, 3, 1, 0), "another's is empty");
    assert!(says(&mut all, 2, 1, 1000));
    assert!(!says(&mut all, 3, 400, 0) && says(&mut all, 3, 0, 1000));
}

#[test]
fn who_was_cut_off_gains_nothing_by_another_connection_and_has_a_place_again_when_that_has_leaked() {
    let mut all = new(LIMITS);
    let mut come = |conn, key: &str, now| {
        open(&mut all, conn, None);
        let place = all.handle_principal(conn, key, at(now));
        let said = (0..1000).take_while(|_| all.is_within_rate(conn, 1, || 1, at(now))).count();
        all.handle_closed(conn);
        (place, said)
    };
    assert_eq!(come(1, "a", 0), (Place::Taken, 99));
    for conn in 2..500 {
        assert_eq!(come(conn, "a", 0), (Place::TooFast, 0), "{conn}");
    }
    assert_eq!(come(600, "b", 0).0, Place::Taken, "another principal knows nothing of it");
    // Ten a second leak: twice what there may be takes twenty.
    assert_eq!(come(601, "a", 9_000), (Place::TooFast, 0));
    assert_eq!(come(602, "a", 30_000), (Place::Taken, 99));
}

#[test]
fn connections_cost_by_themselves() {
    let mut all = new(LIMITS);
    let mut come = |conn, now| {
        open(&mut all, conn, None);
        let place = all.handle_principal(conn, "p", at(now));
        all.handle_closed(conn);
        place == Place::Taken
    };
    let count = (0..1000).take_while(|conn| come(*conn, 0)).count();
    assert!((499..=500).contains(&count), "{count}");
    assert!(!come(1000, 0) && come(1001, 1000));
}

#[test]
fn answers_say_when_to_come_again() {
    let all = [Full::Requests, Full::Address, Full::Connections];
    let told = all.map(|full| (full.status(), full.reason(), full.retry_after()));
    assert_eq!(
        told,
        [(429, "too_many_requests", 60), (429, "too_many_connections", 5), (503, "too_many_connections", 5)]
    );
}

#[test]
fn failures_that_come_apart_leak_a_minutes_worth_in_a_minute() {
    let mut all = new(LIMITS);
    all.handle_upgrade(1, Some("a"));
    for n in 0..4 {
        all.handle_hello(1, true, at(n * 10_000));
    }
    all.handle_closed(1);
    // Four, less the half that leaks in ten seconds, three times.
    assert_eq!(all.check(Some("a"), at(30_000)), Err(Full::Requests));
    assert_eq!(all.check(Some("a"), at(40_000)), Ok(()));
}

#[test]
fn nothing_is_kept_of_sockets_that_are_gone() {
    let mut all = new(LIMITS);
    for conn in 1..4 {
        open(&mut all, conn, Some("a"));
        let _ = all.handle_principal(conn, "p", at(0));
    }
    for conn in 1..4 {
        assert!(!all.addresses.is_empty());
        all.handle_closed(conn);
    }
    assert!(all.conns.is_empty() && all.addresses.is_empty());
    assert!(all.waiting.is_empty() && all.principals.is_empty());
}

#[test]
fn a_principals_sessions_together_may_say_what_some_of_them_may() {
    // 2 frames and 200 bytes a second for one, five times that for all, and two seconds' worth of one's bytes at once.
    let said = |weight: usize, first: usize, now: i64| {
        let mut all = new(LIMITS);
        open(&mut all, 1, None);
        assert_eq!(all.handle_principal(1, "p", at(0)), Place::Taken);
        let _ = all.is_within_rate(1, first, || first, at(0));
        (0..1000).take_while(|_| all.is_within_rate(1, weight, || weight, at(now))).count()
    };
    assert_eq!((said(0, 0, 0), said(100, 0, 0)), (98, 4));
    assert_eq!((said(100, 400, 0), said(100, 400, 100), said(100, 400, 200)), (0, 1, 2));
}
