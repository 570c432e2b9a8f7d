//! The service that [`BearerAuth`] puts before another.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use super::{BearerAuth, Rules};
use crate::{Presented, Principal, Refusal, VerifiedToken};

/// Asks for a token before each request of another service's; [`BearerAuth`] makes it.
#[derive(Clone)]
pub struct BearerAuthService<S> {
    service: S,
    layer: BearerAuth,
}

impl<S> BearerAuthService<S> {
    pub(super) const fn new(service: S, layer: BearerAuth) -> Self {
        Self { service, layer }
    }
}

impl<S> fmt::Debug for BearerAuthService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.layer.fmt(f)
    }
}

impl<S, Asked, Answered> Service<Request<Asked>> for BearerAuthService<S>
where
    S: Service<Request<Asked>, Response = Response<Answered>> + Clone,
    Answered: From<String>,
{
    type Response = Response<Answered>;
    type Error = S::Error;
    type Future = BearerAuthFuture<S, Asked>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<Asked>) -> Self::Future {
        // The one that said it is ready is the one to be called (tower's contract).
        let next = self.service.clone();
        let service = mem::replace(&mut self.service, next);
        let layer = self.layer.clone();
        let presented = Presented::from(&request).scopes(&layer.rules.scopes).into_owned();
        let verifier = layer.verifier.clone();
        let ask: Ask = Box::pin(async move { verifier.authenticate_request(presented).await });
        BearerAuthFuture { asking: Some(Asking { ask, request, service, layer }), answer: None }
    }
}

type Ask = Pin<Box<dyn Future<Output = Result<VerifiedToken, Refusal>> + Send>>;

/// What a request waits for: the verifier, then the service behind.
pub struct BearerAuthFuture<S: Service<Request<Asked>>, Asked> {
    asking: Option<Asking<S, Asked>>,
    // Boxed, so that nothing here has to stay where it is.
    answer: Option<Pin<Box<S::Future>>>,
}

struct Asking<S, Asked> {
    ask: Ask,
    request: Request<Asked>,
    service: S,
    layer: BearerAuth,
}

impl<S: Service<Request<Asked>>, Asked> Unpin for BearerAuthFuture<S, Asked> {}

impl<S: Service<Request<Asked>>, Asked> fmt::Debug for BearerAuthFuture<S, Asked> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerAuthFuture").finish_non_exhaustive()
    }
}

impl<S, Asked, Answered> Future for BearerAuthFuture<S, Asked>
where
    S: Service<Request<Asked>, Response = Response<Answered>>,
    Answered: From<String>,
{
    type Output = Result<Response<Answered>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(asking) = &mut self.asking {
            let Poll::Ready(outcome) = asking.ask.as_mut().poll(context) else { return Poll::Pending };
            let Some(Asking { mut request, mut service, layer, .. }) = self.asking.take() else { return Poll::Pending };
            if let Err(refusal) = layer.rules.admit(outcome, &mut request) {
                if let Some(told) = &layer.rules.on_refused {
                    told(&refusal, &request.into_parts().0);
                }
                return Poll::Ready(Ok(refusal.into()));
            }
            self.answer = Some(Box::pin(service.call(request)));
        }
        // Without one it is polled after its end, which nobody may do: there is nothing that it could say.
        self.answer.as_mut().map_or(Poll::Pending, |answer| answer.as_mut().poll(context))
    }
}

impl Rules {
    /// Lets a request in, which has then what its service is to know of it.
    fn admit<B>(&self, outcome: Result<VerifiedToken, Refusal>, request: &mut Request<B>) -> Result<(), Refusal> {
        // Another layer's principal is nobody whom this one has let in.
        request.extensions_mut().remove::<Principal>();
        request.extensions_mut().remove::<VerifiedToken>();
        match outcome {
            Ok(token) => {
                request.extensions_mut().insert(token.principal().clone());
                request.extensions_mut().insert(token);
                Ok(())
            }
            Err(refusal) if self.is_optional && refusal.is_missing_credentials() => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }
}
