use super::*;

const MANY: BodyLimits = BodyLimits { requests: 99, bodies: 99, bytes: 1e9, bytes_per_sec: 1e9 };

fn at(millis: i64) -> Time {
    Time::EPOCH.plus(Span::from_millis(millis))
}

fn new(limits: BodyLimits) -> InFlight {
    InFlight::new(limits, 1)
}

#[test]
fn a_principal_has_so_many_requests_and_so_many_bodies_under_way() {
    let mut all = new(BodyLimits { requests: 3, bodies: 2, ..MANY });
    assert_eq!([1, 2].map(|id| all.begin(id, "a", 0.0, 9.0, at(0))), [Ok(()), Ok(())]);
    assert_eq!(all.begin(3, "a", 0.0, 9.0, at(0)), Err(Refused::Bodies));
    assert_eq!(all.begin(4, "b", 0.0, 9.0, at(0)), Ok(()), "another's are none of its");
    all.whole(1, at(0));
    assert_eq!(all.begin(5, "a", 0.0, 9.0, at(0)), Ok(()));
    all.whole(2, at(0));
    assert_eq!(all.begin(6, "a", 0.0, 9.0, at(0)), Err(Refused::Requests));
    all.end(1);
    all.end(1);
    assert_eq!(all.begin(7, "a", 0.0, 9.0, at(0)), Ok(()));
    assert_eq!(all.begin(8, "a", 0.0, 9.0, at(0)), Err(Refused::Requests), "an end counts once");
    for id in 1..9 {
        all.end(id);
    }
    assert!(all.principals.is_empty() && all.requests.is_empty());
}

#[test]
fn bytes_count_when_they_are_announced_and_when_they_come() {
    let mut all = new(BodyLimits { bytes: 1000.0, ..MANY });
    assert_eq!(all.begin(1, "a", 1001.0, 2000.0, at(0)), Err(Refused::Bytes));
    assert_eq!(all.begin(1, "a", 0.0, 2000.0, at(0)), Ok(()));
    assert_eq!((all.take(1, 1000.0, at(0)), all.take(1, 1.0, at(0))), (Ok(()), Err(Refused::Bytes)));
    assert_eq!(all.begin(2, "a", 0.0, 2000.0, at(0)), Err(Refused::Bytes));
    all.end(1);
    assert_eq!(all.begin(2, "a", 1000.0, 2000.0, at(0)), Ok(()));
    assert_eq!(all.take(99, 1e9, at(0)), Ok(()), "nobody's");
}

#[test]
fn who_is_not_heard_of_is_gone() {
    let mut all = new(BodyLimits { requests: 2, ..MANY });
    for id in [1, 2] {
        assert_eq!(all.begin(id, "a", 0.0, 9.0, at(0)), Ok(()));
    }
    all.handle_beat(1, at(5_000));
    assert_eq!(all.begin(3, "a", 0.0, 9.0, at(15_000)), Err(Refused::Requests));
    assert_eq!(all.begin(3, "a", 0.0, 9.0, at(15_001)), Ok(()), "the other one's place");
    assert_eq!(all.take(2, 1.0, at(15_001)), Ok(()));
    assert_eq!(all.begin(4, "a", 0.0, 9.0, at(15_001)), Err(Refused::Requests));
    all.take(3, 1.0, at(30_000)).unwrap();
    assert_eq!(all.begin(4, "a", 0.0, 9.0, at(30_002)), Ok(()), "a piece is a sign of life");
    assert_eq!(all.begin(5, "a", 0.0, 9.0, at(30_002)), Err(Refused::Requests));
}

#[test]
fn who_was_taken_for_gone_pays_for_what_it_brings_all_the_same() {
    let mut all = new(BodyLimits { requests: 1, bytes_per_sec: 1000.0, ..MANY });
    assert_eq!(all.begin(1, "a", 1000.0, 2000.0, at(0)), Ok(()));
    assert_eq!(all.begin(2, "a", 0.0, 2000.0, at(15_001)), Ok(()), "its place is another's");
    assert_eq!(all.take(1, 1000.0, at(15_001)), Ok(()), "which was paid for");
    assert_eq!(all.bytes_of("a"), 0.0);
    assert_eq!(all.take(1, 3000.0, at(15_001)), Ok(()));
    assert_eq!(all.take(1, 1.0, at(15_001)), Err(Refused::Speed));
    assert_eq!(all.take(2, 1.0, at(15_001)), Err(Refused::Speed), "it is one principal");
    assert_eq!((all.whole(1, at(15_001)), all.whole(2, at(15_001)) > 0.2), (0.0, true));
    all.end(1);
    assert_eq!(all.begin(3, "a", 0.0, 2000.0, at(30_000)), Err(Refused::Requests), "an end frees no other's place");
}

/// A body that is announced, comes and is done with.
fn body(all: &mut InFlight, key: &str, bytes: f64, longest: f64, now: i64) -> bool {
    let is_taken = all.begin(1, key, bytes, longest, at(now)).is_ok();
    all.end(1);
    is_taken
}

#[test]
fn bodies_come_as_fast_as_the_rate_for_ever_and_not_faster() {
    let limits = BodyLimits { bytes_per_sec: 1e6, ..MANY };
    let mut all = new(limits);
    assert!((0..100).all(|n| body(&mut all, "a", 900_000.0, 1e6, n * 1000)));
    let mut all = new(limits);
    let taken = (0..100).filter(|_| body(&mut all, "a", 1e6, 1e6, 0)).count();
    assert_eq!(taken, 3, "what comes at once, with what each piece costs");
    assert!(body(&mut all, "b", 1e6, 1e6, 0), "nobody else's");
    assert!(body(&mut all, "a", 1e6, 1e6, 1000), "a second later, whatever was refused");
    assert!(!body(&mut all, "a", 1e6, 1e6, 0), "a clock that was set back leaks nothing");
}

#[test]
fn a_body_as_long_as_bodies_may_be_always_fits_and_a_piece_costs_more_than_its_bytes() {
    assert!(body(&mut new(BodyLimits { bytes_per_sec: 1.0, ..MANY }), "a", 1e8, 1e8, 0));
    let mut all = new(BodyLimits { bytes_per_sec: 1000.0, ..MANY });
    all.begin(1, "a", 0.0, 100_000.0, at(0)).unwrap();
    let pieces = (0..10_000).filter(|_| all.take(1, 1.0, at(0)).is_ok()).count();
    assert!(pieces > 500 && pieces < 1000, "{pieces}");
}

#[test]
fn what_is_announced_is_paid_at_once_and_once() {
    let mut all = new(BodyLimits { bytes_per_sec: 1000.0, ..MANY });
    assert_eq!(all.begin(1, "a", 1200.0, 1200.0, at(0)), Ok(()));
    assert_eq!((all.take(1, 700.0, at(0)), all.take(1, 500.0, at(0))), (Ok(()), Ok(())));
    assert_eq!(all.begin(2, "a", 1200.0, 1200.0, at(0)), Ok(()));
    assert_eq!(all.begin(3, "a", 1200.0, 1200.0, at(0)), Err(Refused::Speed), "before a byte of it is read");
    all.end(1);
    all.end(2);
    assert_eq!(all.begin(3, "a", 1200.0, 1200.0, at(0)), Err(Refused::Speed), "also when the others are done");
}

#[test]
fn one_principals_bodies_have_their_turn_one_after_the_other() {
    let mut all = new(MANY);
    for (id, key, now, wait) in [(1, "a", 0, 0.0), (2, "a", 0, 100.0), (3, "b", 0, 0.0), (4, "a", 1000, 0.0)] {
        all.begin(id, key, 0.0, 1e9, at(now)).unwrap();
        all.take(id, 1_600_000.0, at(now)).unwrap();
        assert_eq!(all.whole(id, at(now)), wait, "{id}");
    }
    assert_eq!(all.whole(99, at(0)), 0.0);
}

#[test]
fn each_refusal_has_its_name() {
    let all = [Refused::Requests, Refused::Bodies, Refused::Bytes, Refused::Speed].map(Refused::reason);
    assert_eq!(all, ["too_many_requests", "too_many_bodies", "too_many_body_bytes", "bodies_too_fast"]);
}

#[test]
fn what_comes_beyond_what_was_announced_is_paid_for_to_the_byte() {
    for (announced, expected) in [(1776.0, Ok(())), (1777.0, Err(Refused::Speed))] {
        let mut all = new(BodyLimits { bytes_per_sec: 1000.0, ..MANY });
        assert_eq!(all.begin(1, "a", 1000.0, 1000.0, at(0)), Ok(()));
        // 1000 bytes were paid for, 200 are not; and each of the three costs a piece.
        assert_eq!((all.take(1, 600.0, at(0)), all.take(1, 600.0, at(0))), (Ok(()), Ok(())));
        assert_eq!(all.begin(2, "a", announced, 1000.0, at(0)), expected, "{announced}");
    }
}

#[test]
fn a_piece_that_is_smaller_than_what_was_announced_gives_nothing_back() {
    let mut all = new(BodyLimits { bytes_per_sec: 1.0, ..MANY });
    assert_eq!(all.begin(1, "a", 1000.0, 1000.0, at(0)), Ok(()));
    // Of the 2000 that fit, the announcement took 1256, and each piece takes 256 to be read at all.
    let taken = [(); 3].map(|()| all.take(1, 100.0, at(0)));
    assert_eq!(taken, [Ok(()), Ok(()), Err(Refused::Speed)]);
}
