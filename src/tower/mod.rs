//! A layer for services of HTTP: axum, hyper, and whatever else is made of tower's traits.
//!
//! ```no_run
//! # #[derive(Clone)] struct Reports;
//! # impl tower_service::Service<http::Request<String>> for Reports {
//! #     type Response = http::Response<String>;
//! #     type Error = std::convert::Infallible;
//! #     type Future = std::future::Ready<Result<Self::Response, Self::Error>>;
//! #     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
//! #         std::task::Poll::Ready(Ok(()))
//! #     }
//! #     fn call(&mut self, _: http::Request<String>) -> Self::Future { todo!() }
//! # }
//! use arcgate::{tower::BearerAuth, JwtVerifier, Provider};
//! use tower_layer::Layer;
//!
//! # fn main() -> Result<(), arcgate::Error> {
//! let provider = Provider::discovery("https://issuer.example").audience("https://api.example");
//! let verifier = JwtVerifier::builder().provider("main", provider).build()?;
//! // With axum: Router::new().route("/reports", get(reports)).layer(BearerAuth::new(verifier).scopes(["read:reports"]))
//! let service = BearerAuth::new(verifier).scopes(["read:reports"]).layer(Reports);
//! # let _ = service;
//! # Ok(())
//! # }
//! ```
//!
//! A request that is let in has its [`Principal`](crate::Principal) and its [`VerifiedToken`](crate::VerifiedToken) among its
//! extensions: in axum, `Extension(principal): Extension<Principal>` in a handler's arguments. One that is not is answered as
//! [`Refusal`] says, and the service behind does not see it.
//!
//! A page on another origin asks before it sends a token (`OPTIONS`, without credentials): a layer for CORS belongs *outside* of this
//! one, which would refuse that question.

mod response;
mod service;

use std::{fmt, sync::Arc};

use http::request::Parts;
use tower_layer::Layer;

pub use self::service::{BearerAuthFuture, BearerAuthService};
use crate::{
    driver::Shared,
    platform::{MaybeSend, MaybeSync},
    JwtVerifier, Refusal,
};

/// A layer that lets in whose token the verifier accepts, and answers the others with 400, 401, 403 or 503.
///
/// What is no fault of the sender's (a wrong configuration) is answered with 500, and [`BearerAuth::on_refused`] is told of it as of
/// any other refusal.
#[derive(Clone)]
#[must_use]
pub struct BearerAuth {
    verifier: JwtVerifier,
    rules: Arc<Rules>,
}

/// What is asked of a request.
#[derive(Clone, Default)]
struct Rules {
    scopes: Vec<String>,
    is_optional: bool,
    on_refused: Option<OnRefused>,
}

type OnRefused = Arc<dyn Fn(&Refusal, &Parts) + Send + Sync>;

impl BearerAuth {
    /// Lets in whose token this verifier accepts.
    pub fn new(verifier: JwtVerifier) -> Self {
        Self { verifier, rules: Arc::default() }
    }

    /// With scopes that a token must grant, all of them. One that doesn't is answered with 403.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Arc::make_mut(&mut self.rules).scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Lets a request without credentials go on, without a principal, whatever scopes are asked for. One with credentials that don't
    /// count is refused all the same.
    pub fn optional(mut self) -> Self {
        Arc::make_mut(&mut self.rules).is_optional = true;
        self
    }

    /// Tells of each refusal, with the reason that its sender is not told, before it is answered. The request's fields hold its token:
    /// they are not for the log.
    pub fn on_refused(mut self, told: impl Fn(&Refusal, &Parts) + MaybeSend + MaybeSync + 'static) -> Self {
        let told = Shared::new(told);
        Arc::make_mut(&mut self.rules).on_refused = Some(Arc::new(move |refusal, parts| (*told)(refusal, parts)));
        self
    }
}

impl<S> Layer<S> for BearerAuth {
    type Service = BearerAuthService<S>;

    fn layer(&self, service: S) -> Self::Service {
        BearerAuthService::new(service, self.clone())
    }
}

impl fmt::Debug for BearerAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rules { scopes, is_optional, .. } = &*self.rules;
        f.debug_struct("BearerAuth").field("scopes", scopes).field("optional", is_optional).finish_non_exhaustive()
    }
}
