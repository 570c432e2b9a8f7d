//! How long keys are used, and how they are replaced.

use super::*;

#[test]
fn a_removed_key_stops_at_the_maximum_age() {
    for cache_control in [None, Some("max-age=31536000"), Some("public, max-age=31536000, immutable")] {
        let mut world = World::new();
        let fetch = world.must_fetch("1");
        world.answer_with(fetch, &[1], cache_control);
        let key = world.must_use("1").0;
        world.sleep(599.999);
        assert!(matches!(world.ask("1"), Decision::Use { .. }));
        world.sleep(0.001);
        assert!(!world.cache.is_current(world.time()));
        // The refresh of a moment ago was never answered; nobody uses the key meanwhile.
        world.sleep(2.0);
        let fetch = world.must_fetch("1");
        assert_eq!(world.forgotten(), []);
        let generation = world.cache.generation();
        world.answer(fetch, &[2]);
        assert!(!matches!(world.ask("1"), Decision::Use { .. }));
        assert_eq!(world.forgotten(), [key]);
        assert_eq!(world.forgotten(), []);
        assert_ne!(world.cache.generation(), generation);
        assert!(world.cache.key(key).is_none());
    }
}

#[test]
fn cache_control_shortens_the_age_to_a_minute_at_least() {
    for (cache_control, age) in [("max-age=120", 120.0), ("max-age=1", 60.0), ("no-store", 60.0), ("no-cache", 60.0)] {
        let mut world = World::new();
        let fetch = world.must_fetch("1");
        world.answer_with(fetch, &[1], Some(cache_control));
        world.sleep(age - 0.001);
        world.must_use("1");
        world.sleep(0.001);
        assert!(!matches!(world.ask("1"), Decision::Use { .. }), "{cache_control}");
    }
}

#[test]
fn one_caller_refreshes_before_the_end() {
    let mut world = World::warm(&[1]);
    world.sleep(479.999);
    assert_eq!(world.must_use("1").1, None);
    assert!(world.cache.is_current(world.time()));
    world.sleep(0.001);
    // What was verified before must come through `select`, so that somebody gets the fetch.
    assert!(!world.cache.is_current(world.time()));
    let (key, refresh) = world.must_use("1");
    assert!(world.cache.is_current(world.time()));
    for _ in 0..20 {
        assert_eq!(world.must_use("1"), (key, None));
    }
    let generation = world.cache.generation();
    world.answer(refresh.unwrap(), &[1, 2]);
    // The same key keeps its id, and what was verified with it stays good.
    assert_eq!(world.must_use("1"), (key, None));
    assert_eq!(world.cache.generation(), generation);
    assert_eq!(world.forgotten(), []);
    world.sleep(479.0);
    assert_eq!(world.must_use("1").1, None);
}

#[test]
fn a_lost_refresh_is_begun_again() {
    let mut world = World::warm(&[1]);
    world.sleep(490.0);
    assert!(world.must_use("1").1.is_some());
    world.sleep(5.9);
    assert_eq!(world.must_use("1").1, None);
    world.sleep(0.1);
    assert!(world.must_use("1").1.is_some());
}

#[test]
fn a_second_key_of_the_same_name_ends_what_was_verified() {
    let mut world = World::warm(&[1]);
    let generation = world.cache.generation();
    world.sleep(10.0);
    let fetch = world.must_fetch("2");
    let body = format!(r#"{{"keys":[{},{}]}}"#, jwk(1), named(2, "1"));
    world.respond(fetch, 200, body.as_bytes(), None, None);
    assert_eq!(world.ask("1"), Decision::Ambiguous);
    assert_ne!(world.cache.generation(), generation);
}

#[test]
fn a_key_that_webcrypto_refused_is_not_used_again() {
    let mut world = World::warm(&[1, 2]);
    let key = world.must_use("1").0;
    world.cache.handle_import_failed(key, ED);
    world.sleep(10.0);
    let fetch = world.must_fetch("1");
    world.answer(fetch, &[1, 2]);
    assert_eq!(world.ask("1"), Decision::NotFound);
    world.must_use("2");
}

#[test]
fn fixed_keys_never_cause_a_fetch() {
    use arcgate::sans_io::jose::jwks::Jwks;
    let jwks = Jwks::parse(format!(r#"{{"keys":[{}]}}"#, jwk(1)).as_bytes(), &mut KeyIds::default()).unwrap();
    let mut world = World::of(JwksCache::fixed(jwks));
    for _ in 0..10 {
        assert_eq!(world.must_use("1").1, None);
        assert_eq!(world.ask("2"), Decision::NotFound);
        assert!(world.cache.is_current(world.time()));
        world.sleep(86_400.0);
    }
    assert_eq!(world.cache.snapshot(), None);
    assert_eq!(world.requests, 0);
}
