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
/// Asks all that are there.
type AskAll = for<'a> fn(&'a UserFunctions, &'a Environment, &'a VerifiedToken) -> Asked<'a>;
type OnEvent = dyn Fn(&Event<'_>) + Send + Sync;
/// Tells what became of a token, and whether it lives long.
type OnOutcome = dyn Fn(&Result<VerifiedToken, Error>, bool) + Send + Sync;

/// The functions of one verifier. What is done with one is reached by way of its setter only, so that the module of a program that
/// sets none has nothing of it.
#[derive(Clone, Default)]
pub(super) struct UserFunctions {
    is_revoked: Option<Arc<Check>>,
    check_claims: Option<Arc<Check>>,
    ask_all: Option<AskAll>,
    on_event: Option<Arc<OnEvent>>,
    on_outcome: Option<Arc<OnOutcome>>,
    timeout: Option<Duration>,
}

impl UserFunctions {
    pub(super) fn set_is_revoked<F, A, E>(&mut self, is_revoked: F)
    where
        F: Fn(VerifiedToken) -> A + MaybeSend + MaybeSync + 'static,
        A: Future<Output = Result<bool, E>> + MaybeSend + 'static,
        E: Into<BoxError>,
    {
        let is_revoked = Shared::new(is_revoked);
        self.ask_all = Some(ask_all);
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
        self.ask_all = Some(ask_all);
        self.check_claims = Some(Arc::new(move |environment, bound, token| {
            let asked = boxed(check_claims(token));
            Box::pin(within(environment, bound, asked, "the check of the token's claims did not end"))
        }));
    }

    pub(super) fn set_on_event(&mut self, on_event: impl Fn(&Event<'_>) + MaybeSend + MaybeSync + 'static) {
        let on_event = Shared::new(on_event);
        let on_event: Arc<OnEvent> = Arc::new(move |event| (*on_event)(event));
        // The providers that were told of, for tokens that live long.
        let warned = Mutex::new(Vec::new());
        let tell = Arc::clone(&on_event);
        self.on_outcome =
            Some(Arc::new(move |outcome, is_long_lived| tell_outcome(&*tell, &warned, outcome, is_long_lived)));
        self.on_event = Some(on_event);
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
        if let Some(on_outcome) = &self.on_outcome {
            on_outcome(outcome, is_long_lived);
        }
    }

    /// Whether a token that was accepted may be refused later.
    pub(super) const fn asks_revocation(&self) -> bool {
        self.is_revoked.is_some()
    }

    /// Asks whether a verified token is good, where anybody but the core has a say in that: the error is what it is refused with.
    pub(super) fn check<'a>(&'a self, environment: &'a Environment, token: &'a VerifiedToken) -> Option<Asked<'a>> {
        self.ask_all.map(|ask_all| ask_all(self, environment, token))
    }
}

fn ask_all<'a>(user: &'a UserFunctions, environment: &'a Environment, token: &'a VerifiedToken) -> Asked<'a> {
    let bound = user.timeout.unwrap_or(PATIENCE);
    Box::pin(async move {
        for check in [&user.is_revoked, &user.check_claims].into_iter().flatten() {
            check(environment, bound, token.clone()).await?;
        }
        Ok(())
    })
}

fn tell_outcome(
    tell: &OnEvent,
    warned: &Mutex<Vec<String>>,
    outcome: &Result<VerifiedToken, Error>,
    is_long_lived: bool,
) {
    match outcome {
        Err(error) => tell(&Event::TokenRefused { error }),
        Ok(token) => {
            tell(&Event::TokenAccepted { token });
            let provider = token.provider();
            if is_long_lived && is_news(warned, provider) {
                tell(&Event::TokenLongLived { provider });
            }
        }
    }
}

/// Whether nobody was warned of this provider yet.
fn is_news(warned: &Mutex<Vec<String>>, provider: &str) -> bool {
    let mut warned = warned.lock().unwrap_or_else(PoisonError::into_inner);
    let is_news = !warned.iter().any(|known| known == provider);
    if is_news {
        warned.push(provider.to_owned());
    }
    is_news
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
