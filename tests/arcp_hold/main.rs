//! Sessions that are held, over time and over the loss of everything that can be lost: a client, an upstream that keeps what it has
//! said, and a storage that the test plays. Whatever is cut in whatever order, the client has each event once and in order.
#![cfg(all(feature = "gate", not(target_arch = "wasm32")))]

mod answers;
mod bounds;
mod lost;
mod private;
mod resumed;
mod script;
mod world;

use proptest::{collection::vec, prelude::*};
use world::World;

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// The upstream says so much.
    Say(usize),
    /// The upstream says so much of what the client has not asked for the feature of.
    SayTooMuch(usize),
    /// What is sent to the client from now on never arrives.
    Deafen,
    /// The client's connection is noticed to be gone.
    Cut,
    /// The client is back.
    Come,
    /// The client says what it has.
    Acknowledge,
    /// The upstream's connection is gone.
    LoseUpstream,
    /// The object is gone, with what was not written.
    Kill,
    /// The upstream says something, which is written, and the object is gone before it is told.
    KillWhenWritten,
    /// Time passes, in milliseconds.
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1usize..4).prop_map(Step::Say),
        2 => (1usize..80).prop_map(Step::SayTooMuch),
        1 => Just(Step::Deafen),
        2 => Just(Step::Cut),
        4 => Just(Step::Come),
        3 => Just(Step::Acknowledge),
        1 => Just(Step::LoseUpstream),
        1 => Just(Step::Kill),
        1 => Just(Step::KillWhenWritten),
        2 => (1u32..2000).prop_map(Step::Wait),
    ]
}

fn play(steps: &[Step], acknowledges: bool) -> Result<(), TestCaseError> {
    let mut world = World::new(acknowledges);
    world.come();
    for step in steps {
        world.now += 5.0;
        match step {
            Step::Say(count) => world.say(*count),
            Step::SayTooMuch(count) => world.say_too_much(*count),
            Step::Deafen => world.is_deaf = true,
            Step::Cut => world.cut(),
            Step::Come => world.come(),
            Step::Acknowledge => world.acknowledge(),
            Step::LoseUpstream => world.lose_upstream(),
            Step::Kill => world.restart(),
            Step::KillWhenWritten => world.killed_when_written(),
            Step::Wait(millis) => world.wait(f64::from(*millis)),
        }
        prop_assert!(world.got.windows(2).all(|pair| pair[0] < pair[1]), "doubled: {:?}", world.got);
    }
    // In the end nothing is in the way.
    world.say(1);
    for _ in 0..3 {
        world.cut();
        world.come();
        world.wait(31_000.0);
    }
    prop_assert_eq!(&world.got, &world.wanted(), "not each once and in order");
    world.acknowledge();
    world.say(1);
    world.acknowledge();
    world.cut();
    prop_assert!(world.rows() <= 4, "{} rows are left of what is had", world.rows());
    world.wait(601_000.0);
    prop_assert_eq!((world.hold.count(), world.rows()), (0, 0), "and nothing of a session that is over");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn each_event_comes_once_and_in_order(steps in vec(step(), 1..40), acknowledges in any::<bool>()) {
        play(&steps, acknowledges)?;
    }
}
