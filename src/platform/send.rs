//! What has to be `Send`. Away from JavaScript programs have threads, and closures and futures of theirs must say that they may go from
//! one to the other. In JavaScript there is one thread, and the futures of its promises can't be sent: there any will do.

use std::{error::Error, future::Future, pin::Pin};

/// A future in a box, which may be sent.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[cfg(not(all(feature = "web", target_arch = "wasm32", target_os = "unknown")))]
mod bounds {
    /// `Send`, but with JavaScript, where there are no threads, everything.
    pub trait MaybeSend: Send {}
    impl<T: Send> MaybeSend for T {}

    /// `Sync`, but with JavaScript, where there are no threads, everything.
    pub trait MaybeSync: Sync {}
    impl<T: Sync> MaybeSync for T {}

    /// An error of any type, in a box; it may be sent, but with JavaScript, where there are no threads.
    pub type BoxError = Box<dyn super::Error + Send + Sync>;
}

#[cfg(all(feature = "web", target_arch = "wasm32", target_os = "unknown"))]
mod bounds {
    /// `Send`, but with JavaScript, where there are no threads, everything.
    pub trait MaybeSend {}
    impl<T> MaybeSend for T {}

    /// `Sync`, but with JavaScript, where there are no threads, everything.
    pub trait MaybeSync {}
    impl<T> MaybeSync for T {}

    /// An error of any type, in a box; it may be sent, but with JavaScript, where there are no threads.
    pub type BoxError = Box<dyn super::Error>;
}

pub use bounds::{BoxError, MaybeSend, MaybeSync};
