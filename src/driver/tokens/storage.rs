//! Where tokens survive the program, or the isolate.

use std::{fmt, future::Future, sync::Arc};

use crate::{
    driver::{boxed, Shared},
    platform::{BoxFuture, MaybeSend, MaybeSync},
};

/// A place for tokens, such as KV or a Durable Object: a text that is put, and given back. The text is a secret: JSON with the tokens
/// in it, as the npm package's storages hold it.
///
/// What fails or takes more than five seconds is passed over: tokens are in memory only then, and
/// [`Event::NotStored`](super::Event::NotStored) says so. Why it failed is for the storage itself to tell: what it says could hold the
/// tokens.
///
/// ```
/// use std::sync::Mutex;
///
/// use arcgate::tokens::Storage;
///
/// #[derive(Default)]
/// struct InMemory(Mutex<Option<String>>);
///
/// impl Storage for InMemory {
///     type Error = &'static str;
///
///     async fn load(&self) -> Result<Option<String>, Self::Error> {
///         Ok(self.0.lock().map_err(|_| "poisoned")?.clone())
///     }
///
///     async fn store(&self, tokens: &str) -> Result<(), Self::Error> {
///         *self.0.lock().map_err(|_| "poisoned")? = Some(tokens.to_owned());
///         Ok(())
///     }
///
///     async fn delete(&self) -> Result<(), Self::Error> {
///         *self.0.lock().map_err(|_| "poisoned")? = None;
///         Ok(())
///     }
/// }
/// ```
pub trait Storage: MaybeSend + MaybeSync + 'static {
    /// Why it failed.
    type Error;

    /// What was stored last, if anything.
    ///
    /// # Errors
    /// It counts as nothing.
    fn load(&self) -> impl Future<Output = Result<Option<String>, Self::Error>> + MaybeSend;

    /// Keeps the tokens, in the place of those before them. Called for one text at a time.
    ///
    /// # Errors
    /// The tokens are in memory only.
    fn store(&self, tokens: &str) -> impl Future<Output = Result<(), Self::Error>> + MaybeSend;

    /// Forgets them.
    ///
    /// # Errors
    /// They may be there still.
    fn delete(&self) -> impl Future<Output = Result<(), Self::Error>> + MaybeSend;
}

/// What a storage is asked for, whatever its type. Each says no more than that it failed.
trait Stored: Send + Sync {
    fn load(&self) -> BoxFuture<'_, Result<Option<String>, ()>>;
    fn store<'s>(&'s self, tokens: &'s str) -> BoxFuture<'s, bool>;
    fn delete(&self) -> BoxFuture<'_, bool>;
}

impl<S: Storage> Stored for Shared<S> {
    fn load(&self) -> BoxFuture<'_, Result<Option<String>, ()>> {
        boxed(async { (**self).load().await.map_err(drop) })
    }

    fn store<'s>(&'s self, tokens: &'s str) -> BoxFuture<'s, bool> {
        boxed(async { (**self).store(tokens).await.is_ok() })
    }

    fn delete(&self) -> BoxFuture<'_, bool> {
        boxed(async { (**self).delete().await.is_ok() })
    }
}

/// The storage of a manager.
#[derive(Clone)]
pub(super) struct Place(Arc<dyn Stored>);

/// What a storage is to do.
#[derive(Clone)]
pub(super) enum Write {
    Store(String),
    Delete,
}

impl Place {
    pub(super) fn new(storage: impl Storage) -> Self {
        Self(Arc::new(Shared::new(storage)))
    }

    pub(super) async fn load(self) -> Result<Option<String>, ()> {
        self.0.load().await
    }

    /// Whether it was done.
    pub(super) async fn write(self, write: Write) -> bool {
        match write {
            Write::Store(tokens) => self.0.store(&tokens).await,
            Write::Delete => self.0.delete().await,
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Storage")
    }
}
