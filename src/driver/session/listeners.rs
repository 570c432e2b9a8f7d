//! Streams of a session's events: each with what it was not asked for yet, which is bounded.

use std::{collections::VecDeque, task::Waker};

use super::events::SessionEvent;

/// What is kept for a stream that nobody reads; the oldest go first.
const MOST: usize = 1024;

/// All streams.
#[derive(Default)]
pub(super) struct Listeners {
    next: u64,
    list: Vec<Listener>,
    is_over: bool,
}

struct Listener {
    number: u64,
    queue: VecDeque<SessionEvent>,
    waker: Option<Waker>,
}

/// What there is for one of them.
pub(super) enum Heard {
    Event(SessionEvent),
    Nothing,
    End,
}

impl Listeners {
    /// One more, from now on.
    pub(super) fn add(&mut self) -> u64 {
        self.next += 1;
        self.list.push(Listener { number: self.next, queue: VecDeque::new(), waker: None });
        self.next
    }

    /// One less. To be dropped without the lock.
    pub(super) fn remove(&mut self, number: u64) -> Option<impl Sized> {
        let at = self.list.iter().position(|listener| listener.number == number)?;
        Some(self.list.swap_remove(at))
    }

    pub(super) fn tell(&mut self, event: &SessionEvent, woken: &mut Vec<Waker>) {
        for listener in &mut self.list {
            if listener.queue.len() >= MOST {
                listener.queue.pop_front();
            }
            listener.queue.push_back(event.clone());
            woken.extend(listener.waker.take());
        }
    }

    /// Nothing comes any more.
    pub(super) fn end(&mut self, woken: &mut Vec<Waker>) {
        self.is_over = true;
        woken.extend(self.list.iter_mut().filter_map(|listener| listener.waker.take()));
    }

    /// What there is for this one. The waker that was there before is to be dropped without the lock.
    pub(super) fn hear(&mut self, number: u64, waker: &Waker) -> (Heard, Option<Waker>) {
        let Some(listener) = self.list.iter_mut().find(|listener| listener.number == number) else {
            return (Heard::End, None);
        };
        match listener.queue.pop_front() {
            Some(event) => (Heard::Event(event), None),
            None if self.is_over => (Heard::End, None),
            None => (Heard::Nothing, listener.waker.replace(waker.clone())),
        }
    }
}
