//! Writes to a storage: one after the other, so that the last one to begin is the last one to be there.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::storage::{Place, Write};
use crate::{
    driver::{environment::Environment, Here},
    platform::{
        race::{race, First},
        Platform, Signal as _,
    },
};

type Signal = <Here as Platform>::Signal;

/// The writes of a manager.
#[derive(Default)]
pub(super) struct Writes {
    /// When the last one that began is over.
    last: Mutex<Option<Signal>>,
}

/// Tells the next one, however this one ends.
struct Over(Signal);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.fire();
    }
}

impl Writes {
    /// Performs a write after those before it. Gives whether it was done in this time.
    pub(super) async fn write(&self, environment: &Environment, place: Place, write: Write, bound: Duration) -> bool {
        let over = Over(Signal::new());
        let before = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(over.0.clone());
        let work = pin!(async {
            if let Some(before) = before {
                // Whoever wrote it may be gone without a word.
                environment.wait(&before, bound).await;
            }
            place.write(write).await
        });
        matches!(race(work, environment.sleep(bound)).await, First::One(true))
    }
}
