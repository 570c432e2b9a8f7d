//! Waiting for an attempt that somebody performs.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use super::{
    driver::Inner,
    task::{Beside, Task},
    work::Doing,
};
use crate::token::manager::AttemptId;

impl Inner {
    /// Waits for an attempt. Where whoever performs it is gone for certain, this caller goes on with it.
    pub(super) async fn wait_for(self: &Arc<Self>, attempt: AttemptId, bound: Duration, beside: Option<&Beside>) {
        let environment = &self.parts.environment;
        let performed = {
            let state = self.state();
            // It may have ended since this caller was told of it: nobody would say so again.
            if state.is_over(attempt) {
                return;
            }
            let others: Vec<_> = state.tasks_but(attempt).filter_map(Task::left).collect();
            state.performer(attempt).cloned().map(|performer| (performer, others))
        };
        let Some((performer, others)) = performed else { return environment.sleep(bound).await };
        let number = performer.number();
        if !performer.task.wait(environment, others, bound).await {
            return;
        }
        // It has ended without a word. Of those who waited, one takes over; the others find this one in the same moment.
        let ((), drained) = self.change(|state, now| {
            if state.leaves(attempt, number) {
                state.machine.handle_performer_gone(attempt, now);
            }
        });
        self.begin(drained.started.as_ref(), beside);
    }

    /// What was left by whoever did it goes on: its answer may be there.
    pub(super) async fn go_on(&self) {
        let works: Vec<_> = self.state().tasks().filter_map(Task::left).collect();
        if !works.is_empty() {
            let mut doing = Doing::new(works);
            poll_fn(|context| Poll::Ready(doing.step(context))).await;
        }
    }
}
