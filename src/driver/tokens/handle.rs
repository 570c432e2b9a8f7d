//! Who holds a manager: its clones, and the calls that are under way. What is begun holds its state as well, and so would keep it for ever
//! where nobody goes on with it.

use std::sync::Arc;

use super::driver::Inner;

/// One for all who hold a manager.
pub(super) struct Handle(pub(super) Arc<Inner>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.leave();
    }
}
