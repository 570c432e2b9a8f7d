//! An error of somebody else's, beside the error of ours that it has led to.

use std::{error, fmt, sync::Arc};

/// Such an error, in the hands of a driver that knows how it may be shared.
pub(crate) trait Foreign: Send + Sync {
    /// The error.
    fn error(&self) -> &(dyn error::Error + 'static);
}

/// What has led to an error, where that is known. It decides nothing: errors are equal whatever it is. Nor is it shown, for nobody here
/// knows what it says.
#[derive(Clone, Default)]
pub(crate) struct Cause(Option<Arc<dyn Foreign>>);

impl Cause {
    pub(crate) fn new(foreign: impl Foreign + 'static) -> Self {
        Self(Some(Arc::new(foreign)))
    }

    pub(crate) fn error(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.as_deref().map(Foreign::error)
    }
}

impl PartialEq for Cause {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Cause {}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Cause(…)" } else { "Cause(none)" })
    }
}
