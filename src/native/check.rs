//! A check of a signature. It takes its time when it is polled: whoever begins one may hold what others need.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::signature::{self, Key};
use crate::error::Error;

/// A check that was begun.
pub(crate) struct Check {
    key: Key,
    signature: Vec<u8>,
    data: Vec<u8>,
}

impl Check {
    #[cfg_attr(not(feature = "jwt-compact"), expect(unused_variables, reason = "there is no key"))]
    pub(super) fn new(key: &Key, signature: &[u8], data: &[u8]) -> Self {
        Self { key: key.clone(), signature: signature.to_vec(), data: data.to_vec() }
    }
}

impl Future for Check {
    type Output = Result<bool, Error>;

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(signature::check(&self.key, &self.signature, &self.data)))
    }
}
