//! Somebody sets the clock.

use super::*;

#[test]
fn the_clock_set_back_neither_hangs_nor_storms_nor_rejuvenates() {
    for back in [3.0, 3600.0, 86_400.0, 800_000_000.0] {
        let mut world = World::warm(&[1]);
        world.sleep(590.0);
        world.must_use("1");
        world.sleep(-back);
        world.must_use("1");
        world.sleep(10.0);
        // 600 s have passed, whatever the clock says.
        assert!(!matches!(world.ask("1"), Decision::Use { .. }), "{back}");

        // While somebody fetches.
        let mut world = World::new();
        let arrived = world.time();
        world.must_fetch("1");
        world.sleep(1.0 - back);
        let Decision::Wait { until, .. } = world.ask_since("1", arrived) else { panic!() };
        assert!(millis(until.since(world.time())) <= 2000, "{back}");
        world.sleep(2.0);
        let fetch = world.must_fetch("1");
        world.answer(fetch, &[1]);
        world.must_use("1");

        // In the cooldown: an unknown kid that came before is answered in the end.
        world.sleep(0.5);
        world.must_use("1");
        let arrived = world.time();
        world.sleep(1.0 - back);
        assert!(matches!(world.ask_since("9", arrived), Decision::Unavailable { .. }));
        world.sleep(5.0);
        let Decision::Fetch(fetch) = world.ask_since("9", arrived) else { panic!() };
        world.answer(fetch, &[1]);
        assert_eq!(world.ask_since("9", arrived), Decision::NotFound);
    }
}

#[test]
fn the_clock_set_forward_costs_one_fetch() {
    for forward in [3600.0, 86_400.0] {
        let mut world = World::warm(&[1]);
        world.requests = 0;
        world.sleep(forward);
        let fetch = world.must_fetch("1");
        assert!(matches!(world.ask("1"), Decision::Wait { .. }));
        world.answer(fetch, &[1]);
        world.sleep(-forward);
        for _ in 0..400 {
            world.sleep(1.0);
            world.must_use("1");
        }
        assert_eq!(world.requests, 1);
    }
}

#[test]
fn a_clock_that_jumps_to_and_fro_does_not_storm() {
    let mut world = World::warm(&[1]);
    world.requests = 0;
    for turn in 0..1000 {
        // Two callers, one of whom reads the clock a second late.
        world.sleep(if turn % 2 == 0 { 1.0 } else { -1.0 });
        if let Decision::Fetch(fetch) = world.ask("9") {
            world.answer(fetch, &[1]);
        }
    }
    assert_eq!(world.requests, 0);
}
