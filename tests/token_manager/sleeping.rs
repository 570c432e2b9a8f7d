//! The timer beside, and machines that sleep past it.

use arcgate::{tokens::Event, TokenManager};

use super::world::{machine, token, Call, World};

#[test]
fn a_token_in_use_is_refreshed_before_its_end() {
    let world = World::default();
    let manager = world.machine();
    world.answer(token("a", 600));
    assert_eq!(world.end(manager.token()).unwrap(), "a");
    world.pass(450);
    assert_eq!(world.asked(), 1);
    world.pass(100);
    assert_eq!(world.asked(), 2);
    assert_eq!(world.end(manager.token()).unwrap(), "a2");
}

#[test]
fn a_token_that_nobody_has_used_since_it_came_is_not_refreshed_by_the_timer() {
    let world = World::default();
    let manager = world.machine();
    for _ in 0..2 {
        world.answer(token("a", 600));
    }
    world.end(manager.token()).unwrap();
    world.pass(1000);
    assert_eq!(world.asked(), 2);
    world.pass(5000);
    assert_eq!(world.asked(), 2);
}

#[test]
fn a_machine_that_slept_past_the_end_refreshes_once() {
    let world = World::default();
    let manager = world.machine();
    world.answer(token("a", 600));
    world.end(manager.token()).unwrap();
    // No timer rings while it sleeps.
    world.sleep_for(8 * 3600);
    let mut calls: Vec<_> = (0..10).map(|_| Call::new(manager.token())).collect();
    for call in &mut calls {
        assert_eq!(world.poll(call).unwrap().unwrap(), "a2");
    }
    // The timers come late, and find nothing to do.
    world.ring();
    world.run();
    world.pass(120);
    assert_eq!(world.asked(), 2);
}

#[test]
fn a_timer_that_rings_first_after_a_sleep_refreshes_once_as_well() {
    let world = World::default();
    let manager = world.machine();
    world.answer(token("a", 600));
    world.end(manager.token()).unwrap();
    world.sleep_for(8 * 3600);
    world.ring();
    world.run();
    assert_eq!(world.end(manager.token()).unwrap(), "a2");
    world.pass(120);
    assert_eq!(world.asked(), 2);
    assert!(world.events().iter().any(|event| matches!(event, Event::Expired)));
}

#[test]
fn a_manager_that_is_dropped_ends_its_timer() {
    let world = World::default();
    let manager = world.machine();
    world.end(manager.token()).unwrap();
    assert_eq!(world.under_way(), 1);
    drop(manager);
    world.run();
    assert_eq!(world.under_way(), 0);
}

#[test]
fn a_timer_that_is_set_anew_leaves_none_behind() {
    let world = World::default();
    let manager = TokenManager::new(machine(), world.spawning()).unwrap();
    for _ in 0..50 {
        world.end(manager.token_with(arcgate::tokens::Request::new().fresh())).unwrap();
        world.sleep_for(7);
        world.run();
        assert!(world.under_way() <= 1);
    }
}
