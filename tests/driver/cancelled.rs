//! Callers that end in the midst of things.

use super::{tasks::Outcome, *};

/// One who fetches, and twenty who wait for it.
fn one_of_many(world: &mut World) -> (usize, Vec<Outcome<Result<arcgate::VerifiedToken, arcgate::Error>>>) {
    let (owner, _) = world.verify(token(1, "owner"));
    let others = (0..20).map(|n| world.verify(token(1, &n.to_string())).1).collect();
    world.tasks.run();
    assert_eq!(world.requests(), 1);
    (owner, others)
}

#[test]
fn one_carries_on_what_an_owner_that_was_dropped_has_begun() {
    let mut world = World::new();
    let (owner, others) = one_of_many(&mut world);
    world.tasks.drop(owner);
    world.tasks.run();
    assert_eq!((world.requests(), world.broken_off()), (1, 0));
    world.answer(&[1]);
    assert!(others.iter().all(|other| other.take().unwrap().is_ok()));
    assert_eq!((world.requests(), world.tasks.len()), (1, 0));
}

#[test]
fn one_takes_over_within_its_patience_from_an_owner_that_is_gone_without_a_word() {
    let mut world = World::new();
    let (owner, others) = one_of_many(&mut world);
    world.tasks.leak(owner);
    world.pass(1999);
    assert_eq!(world.requests(), 1);
    world.pass(1);
    assert_eq!(world.requests(), 2, "one takes over, and no more");
    world.answer(&[1]);
    assert!(others.iter().all(|other| other.take().unwrap().is_ok()));
    assert_eq!(world.tasks.len(), 0);
}

#[test]
fn callers_that_hang_up_close_a_cold_verifier_to_nobody() {
    let mut world = World::new();
    for n in 0..50 {
        let (hung_up, _) = world.verify(token(1, &n.to_string()));
        world.tasks.run();
        world.pass(20);
        world.tasks.drop(hung_up);
    }
    let (_, good) = world.verify(token(1, "good"));
    world.tasks.run();
    assert_eq!((world.requests(), world.broken_off()), (1, 0));
    world.answer(&[1]);
    assert!(good.take().unwrap().is_ok());
}

#[test]
fn an_answer_that_came_while_nobody_was_there_serves_the_next() {
    let mut world = World::new();
    let (hung_up, _) = world.verify(token(1, "a"));
    world.tasks.run();
    world.tasks.drop(hung_up);
    world.answer(&[1]);
    assert!(world.verdict(token(1, "good")).is_ok());
    assert_eq!(world.requests(), 1);
}

#[test]
fn whoever_waits_outlasts_any_number_of_owners_that_hang_up() {
    let mut world = World::new();
    let hanging_up: Vec<_> = (0..100).map(|n| world.verify(token(1, &n.to_string())).0).collect();
    world.tasks.run();
    let (_, good) = world.verify(token(1, "good"));
    world.tasks.run();
    // Each time it is somebody else who carries it on.
    for number in hanging_up {
        world.tasks.drop(number);
        world.pass(1);
    }
    world.answer(&[1]);
    assert!(good.take().unwrap().is_ok());
    assert_eq!(world.requests(), 1);
}

#[test]
fn a_fetch_that_lay_for_too_long_is_no_failure_of_the_provider() {
    let mut world = World::new();
    // The second one takes over from the first, which is no longer waited for.
    for pause in [2000, 4900] {
        let (hung_up, _) = world.verify(token(1, "a"));
        world.tasks.run();
        world.tasks.drop(hung_up);
        world.pass(pause);
    }
    assert_eq!(world.requests(), 2);
    let (_, good) = world.verify(token(1, "good"));
    world.tasks.run();
    assert_eq!(world.requests(), 2);
    world.pass(100);
    assert_eq!(world.requests(), 3);
    world.answer(&[1]);
    assert!(good.take().unwrap().is_ok());
}

#[test]
fn hanging_up_for_long_asks_a_silent_provider_seldom() {
    let mut world = World::new();
    for n in 0..1600 {
        let (hung_up, _) = world.verify(token(1, &n.to_string()));
        world.tasks.run();
        world.pass(25);
        world.tasks.drop(hung_up);
    }
    // 40 seconds: ordinary ones and take-overs, each five seconds apart.
    assert!(world.requests() <= 18, "{}", world.requests());
    let in_flight = world.requests() - world.broken_off();
    assert!(in_flight <= 4, "{in_flight} are kept");
}

#[test]
fn what_came_too_late_is_kept_no_longer_than_until_another_is() {
    let mut world = World::new();
    let (slow, _) = world.verify(token(1, "slow"));
    world.tasks.run();
    let (_, good) = world.verify(token(1, "good"));
    // It takes over; the slow one hangs up, and what it had begun is kept.
    world.pass(2000);
    world.tasks.drop(slow);
    world.answer(&[1]);
    assert!(good.take().unwrap().is_ok());
    assert_eq!((world.requests(), world.broken_off()), (2, 0));
    world.pass(6000);
    let (other, _) = world.verify(token(2, "another key"));
    world.tasks.run();
    world.tasks.drop(other);
    assert_eq!((world.requests(), world.broken_off()), (3, 1));
}

#[test]
fn what_is_kept_ends_with_the_verifier() {
    let mut world = World::new();
    let (hung_up, _) = world.verify(token(1, "a"));
    world.tasks.run();
    world.tasks.drop(hung_up);
    assert_eq!(world.broken_off(), 0);
    world.verifier = World::new().verifier;
    assert_eq!(world.broken_off(), 1);
}

#[test]
fn a_dropped_waiter_ends_nothing() {
    let mut world = World::new();
    let (_, owner) = world.verify(token(1, "owner"));
    let (waiter, _) = world.verify(token(1, "waiter"));
    world.tasks.run();
    world.tasks.drop(waiter);
    assert_eq!(world.broken_off(), 0);
    world.answer(&[1]);
    assert!(owner.take().unwrap().is_ok());
}

#[test]
fn waiters_that_are_dropped_or_gone_are_missed_by_nobody() {
    let mut world = World::new();
    let (_, owner) = world.verify(token(1, "owner"));
    let dropped: Vec<_> = (0..50).map(|n| world.verify(token(1, &n.to_string())).0).collect();
    world.tasks.run();
    for (n, number) in dropped.into_iter().enumerate() {
        if n % 2 == 0 {
            world.tasks.drop(number);
        } else {
            world.tasks.leak(number);
        }
    }
    world.answer(&[1]);
    assert!(owner.take().unwrap().is_ok());
}

#[test]
fn an_owner_may_end_before_it_was_ever_polled_again() {
    // Polled once, when it had begun nothing but the fetch; and never polled at all.
    let mut world = World::new();
    let (never, _) = world.verify(token(1, "never"));
    world.tasks.drop(never);
    let (leaked, _) = world.verify(token(1, "leaked"));
    world.tasks.leak(leaked);
    assert_eq!(world.requests(), 0);
    let (_, good) = world.verify(token(1, "good"));
    world.tasks.run();
    world.answer(&[1]);
    assert!(good.take().unwrap().is_ok());
}

#[test]
fn a_late_answer_of_an_owner_that_only_slept_is_taken() {
    let mut world = World::new();
    let (_, owner) = world.verify(token(1, "owner"));
    let (_, other) = world.verify(token(1, "other"));
    world.tasks.run();
    world.pass(2000);
    assert_eq!(world.requests(), 2, "the other one has lost its patience");
    world.respond_to(0, Ok(arcgate::fetch::Response::new(200, keys(&[1]))));
    assert!(owner.take().unwrap().is_ok());
    world.answer(&[1]);
    assert!(other.take().unwrap().is_ok());
}

#[test]
fn tasks_that_end_at_any_moment_leave_a_verifier_that_works() {
    // Each is polled so often and then ends in one way or the other, while a provider answers now and then.
    for seed in 0..200_u64 {
        let mut random = arcgate::sans_io::random::Random::new(seed);
        let mut world = World::new();
        let mut running = Vec::new();
        for n in 0..40 {
            let key = 1 + (random.draw() % 3) as u8;
            running.push(world.verify(token(key, &n.to_string())).0);
            match random.draw() % 6 {
                0 => world.tasks.run(),
                1 => world.pass((random.draw() % 3000) as i64),
                2 if world.requests() > 0 => world.answer(&[1, 2]),
                3 if world.requests() > 0 => world.respond(Err(arcgate::fetch::Failure::Network)),
                _ => {
                    let number = running.swap_remove((random.draw() % running.len() as u64) as usize);
                    world.tasks.poll(number);
                    if random.draw().is_multiple_of(2) {
                        world.tasks.drop(number);
                    } else {
                        world.tasks.leak(number);
                    }
                }
            }
        }
        for number in running {
            world.tasks.drop(number);
        }
        // Whatever happened: within two minutes of good answers a token is verified.
        let mut outcome = eventually(&mut world, "good");
        for _ in 0..12 {
            if matches!(&outcome, Some(Err(error)) if error.code() == Code::JwksUnavailable) {
                world.pass(10_000);
                outcome = eventually(&mut world, "again");
            }
        }
        let outcome = outcome.unwrap_or_else(|| panic!("seed {seed}: it hangs"));
        assert!(outcome.is_ok(), "seed {seed}: {:?}", outcome.unwrap_err());
    }
}

fn eventually(world: &mut World, subject: &str) -> Option<Result<arcgate::VerifiedToken, arcgate::Error>> {
    let (_, outcome) = world.verify(token(1, subject));
    for _ in 0..12 {
        world.tasks.run();
        if world.requests() > 0 {
            world.answer(&[1, 2, 3]);
        }
        if let Some(outcome) = outcome.take() {
            return Some(outcome);
        }
        world.pass(10_000);
    }
    None
}
