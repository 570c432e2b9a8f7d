//! What the user of a verifier has given it to be asked and told.

use std::{
    future::{poll_fn, Future},
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use super::{event::Event, verified::VerifiedToken};
use crate::{
    driver::{boxed, cause::cause, environment::Environment, Shared},
    error::{Cause, Code, Error},
    platform::{
        race::{race, First},
        BoxError, BoxFuture, MaybeSend, MaybeSync,
    },
};

/// So long a function has where nobody has said.
const PATIENCE: Duration = Duration::from_secs(5);

type Asked<'a> = BoxFuture<'a, Result<(), Error>>;
/// What refuses a token, by an error, and has so long for it.
type Check = dyn for<'a> Fn(&'a Environment, Duration, VerifiedToken) -> Asked<'a> + Send + Sync;
type OnEvent = dyn Fn(&Event<'_>) + Send + Sync;

/// The functions of one verifier.
#[derive(Clone, Default)]
pub(super) struct UserFunctions {
    is_revoked: Option<Arc<Check>>,
    check_claims: Option<Arc<Check>>,
    on_event: Option<Arc<OnEvent>>,
    timeout: Option<Duration>,
    /// The providers that were told of, for tokens that live long.
    warned: Arc<Mutex<Vec<String>>>,
}

impl UserFunctions {
    pub(super) fn set_is_revoked<F, A, E>(&mut self, is_revoked: F)
    where
        F: Fn(VerifiedToken) -> A + MaybeSend + MaybeSync + 'static,
        A: Future<Output = Result<bool, E>> + MaybeSend + 'static,
        E: Into<BoxError>,
    {
        let is_revoked = Shared::new(is_revoked);
        self.is_revoked = Some(Arc::new(move |environment, bound, token| {
            let answer = is_revoked(token);
            let asked = boxed(async move { unrevoked(answer.await.map_err(cause)) });
            Box::pin(within(environment, bound, asked, "whether the token is revoked was not found out"))
        }));
    }

    pub(super) fn set_check_claims<F, A>(&mut self, check_claims: F)
    where
        F: Fn(VerifiedToken) -> A + MaybeSend + MaybeSync + 'static,
        A: Future<Output = Result<(), Error>> + MaybeSend + 'static,
    {
        let check_claims = Shared::new(check_claims);
        self.check_claims = Some(Arc::new(move |environment, bound, token| {
            let asked = boxed(check_claims(token));
            Box::pin(within(environment, bound, asked, "the check of the token's claims did not end"))
        }));
    }

    pub(super) fn set_on_event(&mut self, on_event: impl Fn(&Event<'_>) + MaybeSend + MaybeSync + 'static) {
        let on_event = Shared::new(on_event);
        self.on_event = Some(Arc::new(move |event| (*on_event)(event)));
    }

    /// How long each that is asked has.
    pub(super) const fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    /// Tells the listener, if there is one.
    pub(super) fn tell(&self, event: &Event<'_>) {
        if let Some(on_event) = &self.on_event {
            on_event(event);
        }
    }

    /// Tells what became of a token.
    pub(super) fn tell_outcome(&self, outcome: &Result<VerifiedToken, Error>, is_long_lived: bool) {
        if self.on_event.is_none() {
            return;
        }
        match outcome {
            Err(error) => self.tell(&Event::TokenRefused { error }),
            Ok(token) => {
                self.tell(&Event::TokenAccepted { token });
                let provider = token.provider();
                if is_long_lived && self.is_news(provider) {
                    self.tell(&Event::TokenLongLived { provider });
                }
            }
        }
    }

    /// Whether nobody was warned of this provider yet.
    fn is_news(&self, provider: &str) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = !warned.iter().any(|known| known == provider);
        if is_news {
            warned.push(provider.to_owned());
        }
        is_news
    }

    /// Whether anybody but the core has a say in whether a token is good.
    pub(super) const fn has_checks(&self) -> bool {
        self.is_revoked.is_some() || self.check_claims.is_some()
    }

    /// Whether a token that was accepted may be refused later.
    pub(super) const fn asks_revocation(&self) -> bool {
        self.is_revoked.is_some()
    }

    /// Asks whether a verified token is good.
    ///
    /// # Errors
    /// What it is refused with.
    pub(super) async fn check(&self, environment: &Environment, token: &VerifiedToken) -> Result<(), Error> {
        let bound = self.timeout.unwrap_or(PATIENCE);
        for check in [&self.is_revoked, &self.check_claims].into_iter().flatten() {
            check(environment, bound, token.clone()).await?;
        }
        Ok(())
    }
}

/// What a function says, unless it never does.
async fn within(
    environment: &Environment,
    bound: Duration,
    mut asked: Asked<'static>,
    lacking: &'static str,
) -> Result<(), Error> {
    // A timer is set for those alone that have to be waited for.
    if let Poll::Ready(said) = poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await {
        return said;
    }
    match race(asked, environment.sleep(bound)).await {
        First::One(said) => said,
        First::Other(()) => {
            let message = format!("{lacking} within {} ms (`jwksCache.timeoutMs`)", bound.as_millis());
            Err(Error::new(Code::VerifierUnavailable, message))
        }
    }
}

fn unrevoked(answer: Result<bool, Cause>) -> Result<(), Error> {
    match answer {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::new(Code::TokenRevoked, "the token is revoked")),
        Err(cause) => {
            let message = "whether the token is revoked could not be found out";
            Err(Error::new(Code::VerifierUnavailable, message).because(cause))
        }
    }
}
