//! Keys handed from one instance to another.

use arcgate::sans_io::json;

use super::*;

fn import(world: &mut World, snapshot: &str) -> Result<bool, arcgate::sans_io::error::Error> {
    let now = world.time();
    world.cache.handle_snapshot(&json::parse_object(snapshot.as_bytes()).unwrap(), &mut world.ids, now)
}

#[test]
fn a_snapshot_spares_a_fetch_and_keeps_its_age() {
    let mut old = World::warm(&[1]);
    old.sleep(300.0);
    let snapshot = old.cache.snapshot().unwrap();
    let mut world = World::new();
    world.now = old.now;
    assert!(import(&mut world, &snapshot).unwrap());
    assert_eq!(world.must_use("1").1, None);
    assert_eq!(world.cache.snapshot().unwrap(), snapshot);
    // An unknown kid is not unknown because somebody else asked once.
    assert!(matches!(world.ask("2"), Decision::Fetch(_)));
    world.sleep(300.0);
    assert!(!matches!(world.ask("1"), Decision::Use { .. }));
}

#[test]
fn a_snapshot_never_replaces_newer_keys_or_outlives_its_age() {
    let old = World::warm(&[1]);
    let snapshot = old.cache.snapshot().unwrap();
    let mut world = World::new();
    world.sleep(10.0);
    world.fetch_keys(&[2]);
    assert!(!import(&mut world, &snapshot).unwrap());
    world.must_use("2");
    let mut world = World::new();
    world.sleep(600.0 + 3600.0);
    assert!(!import(&mut world, &snapshot).unwrap());
    // Beyond its age, but of use in an outage.
    let mut world = World::new();
    world.sleep(1000.0);
    assert!(import(&mut world, &snapshot).unwrap());
    let fetch = world.must_fetch("1");
    world.fail(fetch, FetchFailure::Network);
    world.must_use("1");
}

#[test]
fn a_snapshot_is_believed_neither_about_the_future_nor_about_keys() {
    let of = |fetched: f64, expires: f64, keys: &str| {
        format!(r#"{{"issuer":"{ISSUER}","jwks":{{"keys":[{keys}]}},"fetchedAt":{fetched},"expiresAt":{expires}}}"#)
    };
    let now = 1_800_000_000.0;
    let mut world = World::new();
    assert!(import(&mut world, &of(now + 1e6, now + 9e9, &jwk(1))).unwrap());
    world.must_use("1");
    let fetch = world.must_fetch("2");
    world.fail(fetch, FetchFailure::Abandoned);
    world.sleep(600.0);
    assert!(!matches!(world.ask("1"), Decision::Use { .. }));
    for snapshot in [
        "{}".to_owned(),
        of(now, now, r#"{"kty":"oct","k":"AAAA"}"#),
        of(now, now, ""),
        of(-1.0, now, &jwk(1)),
        of(now * 1000.0, now, &jwk(1)),
        of(now, now, &jwk(1)).replace(ISSUER, "https://evil.example"),
        of(now, now, &jwk(1)).replace("fetchedAt", "fetched_at"),
    ] {
        let error = import(&mut World::new(), &snapshot).unwrap_err();
        assert_eq!(error.code(), arcgate::sans_io::error::Code::Config, "{snapshot}");
    }
}

#[test]
fn a_fetch_that_began_before_a_snapshot_was_made_changes_nothing() {
    let mut other = World::new();
    other.sleep(1.0);
    other.fetch_keys(&[2]);
    let snapshot = other.cache.snapshot().unwrap();
    for has_failed in [false, true] {
        let mut world = World::new();
        let fetch = world.must_fetch("2");
        world.sleep(1.5);
        assert!(import(&mut world, &snapshot).unwrap());
        if has_failed {
            world.fail(fetch, FetchFailure::Network);
        } else {
            world.answer(fetch, &[1]);
        }
        world.must_use("2");
        // The cooldown of that fetch, and no pause.
        world.sleep(3.5);
        assert!(matches!(world.ask("9"), Decision::Fetch(_)));
    }
}
