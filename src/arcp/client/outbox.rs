//! What waits to be fetched: actions and events, each in their order, and both in one.

use std::collections::VecDeque;

use super::action::{Action, Event, Output};

/// Events that nobody fetches; the oldest go first. One input may tell of as many jobs as there are, and whoever fetches them after
/// each hears of all.
const MAX_EVENTS: usize = 4096;

/// Each with the number of its turn.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    actions: VecDeque<(u64, Action)>,
    events: VecDeque<(u64, Event)>,
    turn: u64,
}

impl Outbox {
    pub(super) fn act(&mut self, action: Action) {
        self.turn += 1;
        self.actions.push_back((self.turn, action));
    }

    pub(super) fn tell(&mut self, event: Event) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.turn += 1;
        self.events.push_back((self.turn, event));
    }

    pub(super) fn action(&mut self) -> Option<Action> {
        self.actions.pop_front().map(|(_, action)| action)
    }

    pub(super) fn event(&mut self) -> Option<Event> {
        self.events.pop_front().map(|(_, event)| event)
    }

    /// Whichever came first.
    pub(super) fn next(&mut self) -> Option<Output> {
        let is_event = match (self.actions.front(), self.events.front()) {
            (Some((action, _)), Some((event, _))) => event < action,
            (action, _) => action.is_none(),
        };
        if is_event {
            self.event().map(Output::Event)
        } else {
            self.action().map(Output::Action)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(request: u32) -> Action {
        Action::Done { request }
    }

    fn named(output: &Output) -> String {
        match output {
            Output::Action(Action::Done { request }) => format!("do {request}"),
            Output::Event(Event::Connecting { attempt }) => format!("tell {attempt}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn both_come_in_the_order_of_their_turns() {
        let mut out = Outbox::default();
        out.act(done(1));
        out.tell(Event::Connecting { attempt: 2 });
        out.tell(Event::Connecting { attempt: 3 });
        out.act(done(4));
        let told: Vec<_> = std::iter::from_fn(|| out.next()).map(|output| named(&output)).collect();
        assert_eq!(told, ["do 1", "tell 2", "tell 3", "do 4"]);
    }

    #[test]
    fn of_events_that_nobody_fetches_the_newest_are_kept_and_every_action() {
        let mut out = Outbox::default();
        for number in 0..10_000_u32 {
            out.act(done(number));
            out.tell(Event::Connecting { attempt: i64::from(number) });
        }
        assert_eq!(std::iter::from_fn(|| out.action()).count(), 10_000);
        let told: Vec<_> = std::iter::from_fn(|| out.event()).collect();
        assert_eq!(told.len(), MAX_EVENTS);
        assert!(matches!(told.last(), Some(Event::Connecting { attempt: 9999 })));
    }
}
