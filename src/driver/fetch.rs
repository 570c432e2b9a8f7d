//! HTTP as the drivers use it: what a `fetch` of your own is given, and what it gives back.
//!
//! ```
//! use arcgate::fetch::{Failure, Request, Response};
//!
//! async fn scripted(request: Request) -> Result<Response, Failure> {
//!     match request.url.as_str() {
//!         "https://issuer.example/jwks" => Ok(Response::new(200, r#"{"keys":[]}"#)),
//!         _ => Err(Failure::Network),
//!     }
//! }
//! ```

pub use crate::platform::{
    fetch::{Failure, Request, Response},
    BoxError, BoxFuture, MaybeSend, MaybeSync,
};
