//! The one timer of a session. It runs by a clock that stands while the computer sleeps and that nobody sets: after either it would
//! come too late, so the other clock is looked at whenever anything happens, and once a minute.

use std::task::Context;

use super::shared::Shared;
use crate::{
    machine::Machine as _,
    platform::{duration, BoxFuture},
    time::{Span, Time},
};

const LONGEST: Span = Span::from_secs(60);
/// How far the clock may be set back before the timer is set anew.
const DRIFT: Span = Span::from_secs(1);

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Timer(Option<Set>);

struct Set {
    due: Time,
    set_at: Time,
    sleep: BoxFuture<'static, ()>,
}

impl Timer {
    /// Tells the core the time, if it has waited for that. Whether anything has happened.
    pub(super) fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> bool {
        let Some(due) = shared.deadline() else {
            self.0 = None;
            return false;
        };
        let now = shared.now();
        if due <= now {
            self.0 = None;
            shared.input(|state, now| state.machine.handle_timeout(now));
            return true;
        }
        let is_set = self.0.as_ref().is_some_and(|set| set.due == due && now >= set.set_at.minus(DRIFT));
        if !is_set {
            let length = due.since(now).min(LONGEST);
            self.0 = Some(Set { due, set_at: now, sleep: shared.environment.sleep(duration(length)) });
        }
        let is_over = self.0.as_mut().is_some_and(|set| set.sleep.as_mut().poll(cx).is_ready());
        if is_over {
            // A minute is over, or the time has come: looked at anew.
            self.0 = None;
        }
        is_over
    }
}
