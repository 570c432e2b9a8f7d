//! Work that outlives its caller.

use std::sync::Arc;

use crate::{driver::environment::Environment, platform::BoxFuture};

/// Where it goes.
pub(super) type Beside = Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// Lets work go on beside: where one request says, or else as everywhere. Gives it back where that can't be.
pub(super) fn spawn(
    environment: &Environment,
    beside: Option<&Beside>,
    work: BoxFuture<'static, ()>,
) -> Result<(), BoxFuture<'static, ()>> {
    match beside {
        Some(beside) => {
            beside(work);
            Ok(())
        }
        None => environment.spawn(work),
    }
}
