//! Plays scenarios, and holds the machine to the contract while it does.

use std::fmt::Debug;

use arcgate::sans_io::{machine::Machine, time::Time};

use super::words;

/// One input: when it comes, and what it hands in.
pub(crate) type Input<M> = (f64, Box<dyn Fn(&mut M, Time)>);

/// What a machine gave when it was drained: actions and events, each in their order.
#[derive(Debug, Default)]
pub(crate) struct Drained {
    pub(crate) actions: Vec<String>,
    pub(crate) events: Vec<String>,
}

/// All that came out, and the deadline that was asked for after each input.
#[derive(Debug, Default, PartialEq)]
struct Run {
    actions: Vec<String>,
    events: Vec<String>,
    deadlines: Vec<Option<Time>>,
    /// What came out at which instant.
    told: Vec<(Time, String)>,
}

impl Run {
    fn took(&mut self, now: Time, drained: Drained) {
        self.told.extend(drained.actions.iter().chain(&drained.events).map(|line| (now, line.clone())));
        self.actions.extend(drained.actions);
        self.events.extend(drained.events);
    }
}

/// How a driver fetches what there is to do.
pub(crate) type Drain<'d, M> = &'d dyn Fn(&mut M) -> Drained;

/// Action by action, then event by event.
fn one_by_one<M>(machine: &mut M) -> Drained
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    let mut drained = Drained::default();
    while let Some(action) = machine.poll_action() {
        drained.actions.push(format!("{action:?}"));
    }
    while let Some(event) = machine.poll_event() {
        drained.events.push(format!("{event:?}"));
    }
    assert!(machine.poll_action().is_none(), "an action came of nothing");
    drained
}

/// All actions at once, as a driver carries them over a border.
fn at_once<M>(machine: &mut M) -> Drained
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    let actions = machine.drain_actions().iter().map(|action| format!("{action:?}")).collect();
    let events = std::iter::from_fn(|| machine.poll_event()).map(|event| format!("{event:?}")).collect();
    Drained { actions, events }
}

fn never<M>(_: &mut M) -> Drained {
    Drained::default()
}

/// Drives a machine through inputs, as a platform does: after each it is drained, and every deadline that comes before the next
/// input is kept. With `is_eager`, it is told the time after each input, too, though nothing is due.
fn play<M: Machine>(machine: &mut M, inputs: &[Input<M>], drain: Drain<'_, M>, is_eager: bool) -> Run {
    let mut run = Run::default();
    for (at, input) in inputs {
        let now = Time::from_millis(*at);
        keep_deadlines(machine, now, drain, &mut run);
        input(machine, now);
        run.took(now, drain(machine));
        if is_eager && machine.poll_timeout().is_none_or(|next| next > now) {
            machine.handle_timeout(now);
            let early = drain(machine);
            assert!(early.actions.is_empty() && early.events.is_empty(), "it did something before its time: {early:?}");
        }
        run.deadlines.push(machine.poll_timeout());
    }
    run
}

/// Tells the time at each deadline up to `until`, but not for ever: a machine that wants to be woken all the time is broken.
fn keep_deadlines<M: Machine>(machine: &mut M, until: Time, drain: Drain<'_, M>, run: &mut Run) {
    for _ in 0..10_000 {
        let Some(at) = machine.poll_timeout().filter(|at| *at <= until) else { return };
        machine.handle_timeout(at);
        run.took(at, drain(machine));
        let next = machine.poll_timeout();
        assert!(next.is_none_or(|next| next > at), "woken at {at:?}, and wants to be woken at {next:?}");
    }
    panic!("it wants to be woken again and again");
}

/// Holds a machine to the contract: of these inputs comes what is expected, at its instants ([`words::lines`]); the same, when
/// all actions are fetched at once, and when time is told too early; and no action is lost by a driver that fetches them late.
/// Gives the output.
pub(crate) fn holds<M>(make: impl Fn() -> M, inputs: &[Input<M>], expected: &[&str]) -> Vec<String>
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    let first = in_time(&make, inputs, expected);
    let late = at_the_end(&make, inputs, &first);
    assert_eq!(late.actions, first.actions, "other actions, when they are fetched at the end");
    assert_eq!(late.events, first.events, "other events, when they are fetched at the end");
    first.told.into_iter().map(|(_, line)| line).collect()
}

/// As [`holds`], of a machine where some of what there is to do may be over before a late driver fetches it, and only that.
pub(crate) fn holds_in_time<M>(make: impl Fn() -> M, inputs: &[Input<M>], expected: &[&str]) -> Vec<String>
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    let first = in_time(&make, inputs, expected);
    let late = at_the_end(&make, inputs, &first);
    assert!(!late.actions.is_empty(), "nothing is left for a driver that is late");
    for action in &late.actions {
        assert!(first.actions.contains(action), "an action for a late driver alone: {action}");
    }
    first.told.into_iter().map(|(_, line)| line).collect()
}

fn in_time<M>(make: &impl Fn() -> M, inputs: &[Input<M>], expected: &[&str]) -> Run
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    let first = play(&mut make(), inputs, &one_by_one, false);
    let start = inputs.first().map_or(Time::EPOCH, |(at, _)| Time::from_millis(*at));
    let lines = words::lines(start, &first.told);
    assert_eq!(lines, expected, "\n{lines:#?}\nof {:#?}", first.told);
    assert_eq!(first, play(&mut make(), inputs, &one_by_one, false), "the same inputs, another output");
    assert_eq!(first, play(&mut make(), inputs, &at_once, false), "another output, when actions are fetched at once");
    assert_eq!(first, play(&mut make(), inputs, &one_by_one, true), "time that was told early changed the output");
    first
}

/// What is left for a driver that fetches nothing before the end. That changes no deadline.
fn at_the_end<M>(make: &impl Fn() -> M, inputs: &[Input<M>], in_time: &Run) -> Drained
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    let mut machine = make();
    let run = play(&mut machine, inputs, &never, false);
    assert_eq!(run.deadlines, in_time.deadlines, "other deadlines, when nobody fetches what there is to do");
    one_by_one(&mut machine)
}

/// Holds a machine that can be drained in one more way to what comes out of it in the usual one.
pub(crate) fn holds_drained_by<M>(make: impl Fn() -> M, inputs: &[Input<M>], drain: Drain<'_, M>)
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    let first = play(&mut make(), inputs, &one_by_one, false);
    assert_eq!(first, play(&mut make(), inputs, drain, false), "another output, when it is fetched in another way");
}

/// What comes of these inputs, for scenarios that go on with a name that the machine chose.
pub(crate) fn output_of<M>(machine: &mut M, inputs: &[Input<M>]) -> Vec<String>
where
    M: Machine,
    M::Action: Debug,
    M::Event: Debug,
{
    play(machine, inputs, &one_by_one, false).told.into_iter().map(|(_, line)| line).collect()
}
