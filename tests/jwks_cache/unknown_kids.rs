//! Names that nobody has, in numbers, and the new key among them.

use super::*;

#[test]
fn ten_unknown_kids_cause_one_fetch() {
    let mut world = World::warm(&[1]);
    world.requests = 0;
    world.sleep(60.0);
    for n in 0..10 {
        match world.ask(&format!("unknown-{n}")) {
            Decision::Fetch(fetch) => {
                world.sleep(0.06);
                world.answer(fetch, &[1]);
                assert_eq!(
                    world.ask_since(&format!("unknown-{n}"), Time::from_millis(world.now as f64 - 60.0)),
                    Decision::NotFound
                );
            }
            Decision::Unavailable { .. } => assert!(n > 0),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.requests, 1);
}

#[test]
fn a_rotated_key_is_accepted_under_a_flood_of_unknown_kids() {
    let mut world = World::warm(&[1]);
    world.sleep(60.0);
    world.requests = 0;
    let start = world.now;
    let rotated_at = start + 12_340;
    let (mut fetch, mut accepted, mut begun) = (None, None, Vec::new());
    // 50 random kids a second for a minute; the provider answers after 60 ms.
    for tick in 0..3000 {
        world.now = start + tick * 20;
        if let Some((id, sent)) = fetch {
            if world.now >= sent + 60 {
                let keys: &[u8] = if sent >= rotated_at { &[1, 2] } else { &[1] };
                world.answer(id, keys);
                fetch = None;
            }
        }
        if let Decision::Fetch(id) = world.ask(&format!("random-{tick}")) {
            begun.push(world.now);
            fetch = Some((id, world.now));
        }
        world.must_use("1");
        if world.now >= rotated_at {
            match world.ask("2") {
                Decision::Use { .. } => {
                    accepted.get_or_insert(world.now);
                }
                Decision::Fetch(id) => {
                    begun.push(world.now);
                    fetch = Some((id, world.now));
                }
                Decision::NotFound => panic!("a rotated key was called unknown"),
                _ => {}
            }
        }
    }
    assert!(begun.windows(2).all(|pair| pair[1] - pair[0] >= 5000), "{begun:?}");
    assert!(begun.len() >= 11, "{begun:?}");
    let accepted = accepted.unwrap() - rotated_at;
    assert!(accepted <= 5000 + 60 + 20, "accepted after {accepted} ms");
}

#[test]
fn an_unknown_kid_is_not_found_only_after_a_fetch_that_began_later() {
    let mut world = World::warm(&[1]);
    // Fetched within this same instant: asked after the token came.
    assert_eq!(world.ask("9"), Decision::NotFound);
    world.sleep(1.0);
    let arrived = world.time();
    let (retry_after, reason) = world.must_refuse_for("9");
    assert_eq!(retry_after, 4.0);
    assert!(reason.contains("a moment ago"), "{reason}");
    world.sleep(4.0);
    let Decision::Fetch(fetch) = world.ask_since("9", arrived) else { panic!() };
    world.sleep(0.5);
    // This one comes while the fetch is under way: what it brings may be older than the token.
    let later = world.time();
    assert!(matches!(world.ask_since("9", later), Decision::Wait { .. }));
    world.sleep(0.5);
    world.answer(fetch, &[1]);
    assert_eq!(world.ask_since("9", arrived), Decision::NotFound);
    assert!(matches!(world.ask_since("9", later), Decision::Unavailable { .. }));
    world.must_use("1");
}
