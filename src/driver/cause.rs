//! The errors of a program's own functions, kept for whoever looks for the reason.

use std::error;

use super::Shared;
use crate::{
    error::{Cause, Error, Foreign},
    platform::BoxError,
};

impl Foreign for Shared<BoxError> {
    fn error(&self) -> &(dyn error::Error + 'static) {
        &***self
    }
}

/// What has led to an error.
pub(crate) fn cause(error: impl Into<BoxError>) -> Cause {
    Cause::new(Shared::new(error.into()))
}

impl Error {
    /// With an error of your own as its [`source`](error::Error::source). Nothing here shows it; whoever prints the whole chain does.
    ///
    /// ```
    /// use std::error::Error as _;
    ///
    /// use arcgate::{Code, Error};
    ///
    /// let error = Error::new(Code::VerifierUnavailable, "the list of tenants is out of reach").caused_by("no route to host");
    /// assert_eq!(error.source().unwrap().to_string(), "no route to host");
    /// ```
    #[must_use]
    pub fn caused_by(self, error: impl Into<BoxError>) -> Self {
        self.because(cause(error))
    }
}
