//! Every machine keeps the one contract (`arcgate::machine`): one driver for all of them, and what it checks after each input.
#![cfg(not(target_arch = "wasm32"))]

use std::fmt::Debug;

use arcgate::{machine::Machine, time::Time};

/// One input: when it comes, and what it hands in.
type Input<M> = (f64, Box<dyn Fn(&mut M, Time)>);

/// Drives a machine through inputs, as a platform does: after each the actions are drained, and every deadline that comes before
/// the next input is kept. Gives all that came out, in words.
fn drive<M>(machine: &mut M, inputs: &[Input<M>]) -> Vec<String>
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    let mut told = Vec::new();
    for (at, input) in inputs {
        let now = Time::from_millis(*at);
        keep_deadlines(machine, now, &mut told);
        input(machine, now);
        drain(machine, &mut told);
    }
    told
}

/// Tells the time at each deadline up to `until`, but not for ever: a machine that wants to be woken all the time is broken.
fn keep_deadlines<M>(machine: &mut M, until: Time, told: &mut Vec<String>)
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    for _ in 0..10_000 {
        let Some(at) = machine.poll_timeout().filter(|at| *at <= until) else { return };
        machine.handle_timeout(at);
        drain(machine, told);
        let next = machine.poll_timeout();
        assert!(next.is_none_or(|next| next > at), "woken at {at:?}, and wants to be woken at {next:?}");
    }
    panic!("it wants to be woken again and again");
}

fn drain<M>(machine: &mut M, told: &mut Vec<String>)
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    while let Some(action) = machine.poll_action() {
        told.push(format!("{action:?}"));
    }
    while let Some(event) = machine.poll_event() {
        told.push(format!("{event:?}"));
    }
    assert!(machine.poll_action().is_none(), "an action came of nothing");
}

/// Holds a machine to the contract: the same inputs and the same seed give the same output, something comes out at all, and time
/// that is told too early changes nothing. Gives the output.
fn holds<M>(make: impl Fn() -> M, inputs: &[Input<M>]) -> Vec<String>
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    let first = drive(&mut make(), inputs);
    assert!(!first.is_empty(), "nothing came out");
    assert_eq!(first, drive(&mut make(), inputs), "the same inputs, another output");
    let mut eager = make();
    let mut told = Vec::new();
    for (at, input) in inputs {
        let now = Time::from_millis(*at);
        keep_deadlines(&mut eager, now, &mut told);
        input(&mut eager, now);
        drain(&mut eager, &mut told);
        if eager.poll_timeout().is_none_or(|next| next > now) {
            eager.handle_timeout(now);
            let mut early = Vec::new();
            drain(&mut eager, &mut early);
            assert_eq!(early, Vec::<String>::new(), "it did something before its time");
        }
    }
    assert_eq!(first, told, "time that was told early changed the output");
    first
}

mod client;
mod gate;
mod jwks;
mod runtime;
mod token;
