//! Keys that change.

use super::{world::signed, *};

#[test]
fn a_new_key_is_accepted_under_a_flood_of_unknown_ones_and_the_provider_is_asked_now_and_then() {
    let mut world = World::warm(&[1]);
    world.pass(60_000);
    let before = world.requests();
    let mut accepted = None;
    // 20 random names a second for 30 seconds; after 12 the provider has a new key.
    for tick in 0..600 {
        world.pass(50);
        world.verify(signed(9, &format!("random-{tick}"), "flood"));
        let (_, known) = world.verify(token(1, &tick.to_string()));
        let (_, new) = world.verify(token(2, &tick.to_string()));
        let requests = world.requests();
        world.tasks.run();
        if world.requests() > requests {
            world.answer(if tick < 240 { &[1] } else { &[1, 2] });
        }
        assert!(known.take().unwrap().is_ok());
        if new.take().is_some_and(|new| new.is_ok()) {
            accepted.get_or_insert(tick);
        }
    }
    let accepted = accepted.unwrap();
    assert!((240..=240 + 5 * 20).contains(&accepted), "accepted at the tick {accepted}");
    assert!(world.requests() - before <= 7, "{} requests in 30 s", world.requests() - before);
    assert_eq!(world.tasks.len(), 0);
}

#[test]
fn a_key_that_is_gone_is_refused_in_tokens_seen_before_too() {
    let mut world = World::warm(&[1]);
    assert!(world.verdict(token(1, "warm")).is_ok());
    world.pass(601_000);
    let (_, new) = world.verify(token(2, "new"));
    world.tasks.run();
    world.answer(&[2]);
    assert!(new.take().unwrap().is_ok());
    // The provider was asked at this very instant.
    assert_eq!(world.verdict(token(1, "warm")).unwrap_err().code(), Code::KeyNotFound);
}

#[test]
fn a_key_of_the_same_name_and_other_material_is_another_key() {
    let mut world = World::warm(&[1]);
    world.pass(601_000);
    let (_, forged) = world.verify(signed(2, "1", "forged"));
    world.tasks.run();
    let renamed = keys(&[2]).replace(r#""kid":"2""#, r#""kid":"1""#);
    world.respond(Ok(arcgate::fetch::Response::new(200, renamed)));
    assert!(forged.take().unwrap().is_ok(), "it is the key of that name now");
    assert_eq!(world.verdict(token(1, "warm")).unwrap_err().code(), Code::TokenSignature);
}

#[test]
fn keys_go_from_one_instance_to_another_with_their_age() {
    let world = World::warm(&[1]);
    let mut other = World::new();
    other.verifier.import_keys(&world.verifier.export_keys()).unwrap();
    assert!(other.verdict(token(1, "there")).is_ok());
    assert_eq!(other.requests(), 0);
    other.pass(601_000);
    other.verify(token(1, "later"));
    other.tasks.run();
    assert_eq!(other.requests(), 1);
    for wrong in ["", "{}", "[1]", "[{}]"] {
        assert_eq!(other.verifier.import_keys(wrong).unwrap_err().code(), Code::Config, "{wrong}");
    }
}
