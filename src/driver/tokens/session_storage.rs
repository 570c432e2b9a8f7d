//! A tab's own storage, where a page's tokens survive its reload.

use std::fmt;

use super::storage::Storage;
use crate::driver::storage;

/// A page's `sessionStorage`: tokens survive a reload, and end with the tab. Scripts of the page can read them. Elsewhere, in a Worker or
/// where the page is rendered on a server, it fails, and tokens are in memory only.
///
/// ```
/// use arcgate::tokens::{Options, SessionStorage};
///
/// let options = Options::new().storage(SessionStorage::new("tokens of my page"));
/// ```
#[derive(Clone, Debug)]
pub struct SessionStorage {
    key: String,
}

/// There is no such storage here, or it has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStorageError;

impl fmt::Display for SessionStorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no sessionStorage here, or it has no room")
    }
}

impl std::error::Error for SessionStorageError {}

impl SessionStorage {
    /// Under this key: one for each source.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into() }
    }
}

impl Storage for SessionStorage {
    type Error = SessionStorageError;

    async fn load(&self) -> Result<Option<String>, SessionStorageError> {
        storage::get(&self.key).map_err(|()| SessionStorageError)
    }

    async fn store(&self, tokens: &str) -> Result<(), SessionStorageError> {
        storage::put(&self.key, tokens).map_err(|()| SessionStorageError)
    }

    async fn delete(&self) -> Result<(), SessionStorageError> {
        storage::remove(&self.key).map_err(|()| SessionStorageError)
    }
}
