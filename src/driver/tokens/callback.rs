//! A program's own function that gives tokens, whatever its types.

use std::{fmt, future::Future, sync::Arc};

use super::given::{CallbackError, Tokens};
use crate::{
    driver::{boxed, Shared},
    platform::{BoxFuture, MaybeSend, MaybeSync},
    token::manager::Reason,
};

type Given = Result<Tokens, CallbackError>;

/// The function.
#[derive(Clone)]
pub(super) struct Callback(Arc<dyn Fn(Reason) -> BoxFuture<'static, Given> + Send + Sync>);

impl Callback {
    pub(super) fn new<F, Fut, T, E>(function: F) -> Self
    where
        F: Fn(Reason) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<T, E>> + MaybeSend + 'static,
        T: Into<Tokens>,
        E: Into<CallbackError>,
    {
        let function = Shared::new(function);
        Self(Arc::new(move |reason| {
            let given = (*function)(reason);
            boxed(async move { given.await.map(Into::into).map_err(Into::into) })
        }))
    }

    pub(super) fn call(&self, reason: Reason) -> BoxFuture<'static, Given> {
        (self.0)(reason)
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}
