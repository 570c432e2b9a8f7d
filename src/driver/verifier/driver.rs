//! The loop that drives the core's verifier. The core decides; this carries.

use std::{sync::Arc, time::Duration};

use super::{
    beside::{spawn, Beside},
    fetches::Running,
    inner::Inner,
    kept::{Carried, Kept},
    keys::{Fetch, Next, Signal},
    verified::VerifiedToken,
};
use crate::{
    driver::Here,
    error::{Code, Error},
    jose::verify::{self, CheckId},
    platform::{duration, Platform},
    time::Span,
};

/// Of a token that names no key: an import and a check for each of four, a fetch, and the same again. What needs more makes no
/// progress.
const MAX_ROUNDS: usize = 24;

/// A caller looks after so long whether its own fetch is still under way, and so many times.
const LOOK: Duration = Duration::from_secs(1);
const LONGEST_FETCH: usize = 60;

/// Who verifies: what its clones share, and where its own work goes on.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) inner: &'a Arc<Inner>,
    pub(super) kept: &'a Kept,
    pub(super) beside: Option<&'a Beside>,
}

/// A check that was begun. The machine forgets it where nobody comes back.
struct Pending<'i> {
    inner: &'i Inner,
    id: Option<CheckId>,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.inner.state().abandon(id);
        }
    }
}

/// Verifies a token, which needs these scopes besides its provider's.
pub(super) async fn verify(caller: Caller<'_>, token: &str, scopes: &[String]) -> Result<VerifiedToken, Error> {
    let inner = caller.inner;
    let sealed = sealed_token(caller, token).await;
    let is_long_lived = sealed.as_ref().is_ok_and(|sealed| sealed.is_long_lived());
    let outcome = match sealed {
        Ok(sealed) => accept(inner, sealed, scopes).await,
        Err(error) => Err(error),
    };
    let outcome = outcome.map_err(|error| inner.words.tell(error));
    inner.user.tell_outcome(&outcome, is_long_lived);
    outcome
}

/// The token is good. What else has a say in that is asked.
async fn accept(inner: &Inner, sealed: Arc<verify::VerifiedToken>, scopes: &[String]) -> Result<VerifiedToken, Error> {
    if !scopes.is_empty() {
        sealed.require_scopes(scopes)?;
    }
    let window = sealed.window();
    let verified = VerifiedToken::new(sealed, &inner.providers);
    if let Some(asked) = inner.user.check(&inner.environment, &verified) {
        asked.await?;
        // They took their time.
        window.check(inner.environment.now())?;
    }
    Ok(verified)
}

async fn sealed_token(caller: Caller<'_>, token: &str) -> Result<Arc<verify::VerifiedToken>, Error> {
    let Caller { inner, beside, .. } = caller;
    let arrived = inner.environment.now();
    let mut now = arrived;
    let mut tried = 0;
    if let Some(tier) = inner.tier.as_ref().filter(|tier| !tier.is_read()) {
        tier.read(inner, beside).await;
        now = inner.environment.now();
    }
    for _ in 0..MAX_ROUNDS {
        let next = inner.state().begin(tried, token, arrived, now);
        match next {
            Next::Verified(verified) => return Ok(verified),
            Next::Refused(error) => return Err(error),
            Next::Fetch(fetch) => {
                // With other keys the tries begin anew.
                tried = 0;
                perform(caller, fetch).await?;
            }
            Next::Wait(fetch, signal, bound) => {
                tried = 0;
                wait(caller, fetch, signal, bound).await;
            }
            Next::Import(id, algorithm, jwk, refresh) => {
                let left = refresh.and_then(|fetch| begin(caller, fetch));
                let key = Here::import(&jwk, algorithm).await;
                if let Some(left) = left {
                    left.await;
                }
                inner.state().imported(id, algorithm, key?);
            }
            Next::Check(check, answer) => {
                let mut pending = Pending { inner, id: Some(check.id) };
                let left = check.refresh.and_then(|fetch| begin(caller, fetch));
                let approved = answer.await;
                if let Some(left) = left {
                    left.await;
                }
                let approved = approved?;
                match check.next {
                    // A token that names no key, and a key without a name that wasn't the one.
                    Some(next) if !approved => tried = next,
                    _ => {
                        pending.id = None;
                        let now = inner.environment.now();
                        return inner.state().finish(check.id, approved, now);
                    }
                }
            }
        }
        now = inner.environment.now();
    }
    let message = "the provider's keys change faster than they can be used";
    Err(Error::new(Code::JwksUnavailable, message).retry_after(Span::from_secs(5)))
}

/// Performs a fetch, and waits for its end.
async fn perform(Caller { inner, kept, beside }: Caller<'_>, fetch: Fetch) -> Result<(), Error> {
    let running = Running::new(Arc::clone(inner), fetch);
    inner.environment.check_fetch()?;
    let signal = inner.state().signal(fetch);
    if let Err(work) = spawn(&inner.environment, beside, running.run()) {
        kept.carry(inner, fetch, work).await;
        return Ok(());
    }
    let Some(signal) = signal else { return Ok(()) };
    for _ in 0..LONGEST_FETCH {
        // Whoever was to perform it may never do so, and somebody else have taken over.
        if inner.environment.wait(&signal, LOOK).await && inner.state().is_under_way(fetch) {
            continue;
        }
        break;
    }
    Ok(())
}

/// Waits for a fetch that is somebody else's, and carries it on where they leave it. However many do, none of them is a round.
async fn wait(Caller { inner, kept, .. }: Caller<'_>, fetch: Fetch, mut signal: Option<Signal>, mut bound: Duration) {
    let until = inner.environment.now().plus(Span::from_millis(i64::try_from(bound.as_millis()).unwrap_or(i64::MAX)));
    loop {
        let hand_overs = inner.state().hand_overs();
        // Where work goes on by itself nothing is ever kept: a promise is of no use in another's request.
        let carried = if Here::SPAWNS { None } else { kept.take(inner, fetch) };
        if let Some(carried) = carried {
            return carried.await;
        }
        let is_alive = match &signal {
            Some(signal) => inner.environment.wait(signal, bound).await,
            None => {
                inner.environment.sleep(bound).await;
                true
            }
        };
        let now = inner.environment.now();
        let mut state = inner.state();
        if !is_alive {
            // Somebody else may take over. Others who wait for it are told the same by the platform.
            return state.lost(fetch, now);
        }
        let left = until.since(now);
        if state.hand_overs() == hand_overs || left <= Span::ZERO {
            return;
        }
        signal = state.signal(fetch);
        bound = duration(left);
    }
}

/// Begins a fetch beside. Where nothing goes on by itself, it is this caller's to perform.
fn begin(Caller { inner, kept, beside }: Caller<'_>, fetch: Fetch) -> Option<Carried<'_>> {
    let running = Running::new(Arc::clone(inner), fetch);
    inner.environment.check_fetch().ok()?;
    spawn(&inner.environment, beside, running.run()).err().map(|work| kept.carry(inner, fetch, work))
}
