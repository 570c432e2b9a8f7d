//! A flight's way from one stage to the next.

use std::borrow::Cow;

use super::{
    flight::{Arrived, Errand, Flight, Life, Stage},
    Action, Event, Failure, Fate, FlightId, Input, Manager, Reason, MAX_GONE, MAX_SPENT,
};
use crate::{
    error::{Code, Error},
    jose::jwks_cache::FetchFailure,
    json::{self, Value},
    secret::Secret,
    time::{Span, Time},
    token::{
        grant::{assertion_input, ClientAuth, Form},
        login, metadata,
        response::{self, Answer, Tokens},
        schedule,
        source::Kind,
        stored::{text_of, Stored},
    },
};

/// Endpoints are looked up again after this.
const ENDPOINTS_AGE: Span = Span::from_secs(24 * 3600);

/// What a stage came to.
pub(super) enum Next {
    /// This stage begins.
    Go(Stage),
    /// That was not what the stage waits for.
    Stay,
    /// The flight is over.
    Over,
}

/// Why a flight brought nothing.
struct Trouble {
    code: Code,
    message: Cow<'static, str>,
    subject: Option<String>,
    asked: Option<Span>,
    is_final: bool,
}

impl Trouble {
    /// Nobody knows whether the request was carried out.
    fn unknown(message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: Code::RefreshUnavailable, message: message.into(), subject: None, asked: None, is_final: false }
    }
}

impl Manager {
    /// What the owner of a flight does next; `None` when it is over. `id` is a text that nobody can guess and nobody had before.
    pub fn action(&mut self, flight: FlightId, id: &str, now: Time) -> Option<Action> {
        let now = self.clock.peek(now);
        let place = self.flights.iter().position(|known| known.id == flight)?;
        let (stage, is_delicate) = {
            let flight = self.flights.get(place)?;
            (flight.stage, matches!(flight.errand, Errand::Refresh(_)) && self.source.kind != Kind::ClientCredentials)
        };
        Some(match stage {
            Stage::Load => Action::Load,
            Stage::Lock => Action::Lock,
            Stage::Ask => self.ask_action(self.flights.get(place)?),
            Stage::Callback => match &self.flights.get(place)?.errand {
                Errand::Refresh(reason) => Action::Callback(*reason),
                _ => return None,
            },
            Stage::Discover(is_oauth) => {
                let issuer = self.source.issuer.as_deref()?;
                Action::Get(if is_oauth { metadata::oauth_url(issuer) } else { metadata::openid_url(issuer) })
            }
            Stage::Sign => {
                let ClientAuth::PrivateKeyJwt { algorithm, key_id } = &self.source.auth else { return None };
                // The issuer, if there is one: an assertion for it can't be used at another provider's endpoint.
                let audience = self.source.issuer.as_deref().or(self.source.token_endpoint.as_deref())?;
                let server_now = now.plus(self.server.unwrap_or(Span::ZERO));
                let key_id = key_id.as_deref();
                let input = assertion_input(algorithm, key_id, &self.source.client_id, audience, id, server_now);
                self.flights.get_mut(place)?.assertion = Some(Secret::new(input.as_bytes()));
                Action::Sign(input)
            }
            Stage::Send => {
                if is_delicate {
                    self.flights.get_mut(place)?.sent = self.refresh.clone();
                }
                match self.post(self.flights.get(place)?) {
                    Some(action) => action,
                    None => {
                        let flight = self.flights.remove(place);
                        let message = "the provider has no `revocation_endpoint`: the tokens are forgotten, and end by themselves";
                        self.end(&flight, Err(Error::new(Code::Config, message)));
                        return None;
                    }
                }
            }
            Stage::Verify => {
                let flight = self.flights.get(place)?;
                let keys = self.endpoints().and_then(|endpoints| endpoints.jwks.clone());
                Action::Verify { token: flight.arrived.as_ref()?.tokens.id_token.clone()?, keys }
            }
            Stage::Store => {
                Action::Store(Secret::new(self.storable(self.flights.get(place)?).to_json(&self.source_id)))
            }
            Stage::Delete => Action::Delete,
        })
    }

    /// Takes what came of an action. `random` is a number from 0 up to 1.
    pub fn handle(&mut self, flight: FlightId, input: Input<'_>, now: Time, random: f64) {
        let now = self.clock.read(now);
        let Some(place) = self.flights.iter().position(|known| known.id == flight) else { return };
        let mut flight = self.flights.remove(place);
        let next = match (flight.stage, input) {
            // What was stored when it began is older than what another one has brought since.
            (Stage::Load, Input::Loaded(_) | Input::Failed(_)) if flight.seen != self.settled => Next::Over,
            (Stage::Load, Input::Loaded(text)) => self.loaded(&mut flight, text, now, random),
            (Stage::Load, Input::Failed(_)) => self.loaded(&mut flight, None, now, random),
            (Stage::Lock, Input::Locked(is_free)) => self.locked(&mut flight, is_free, now),
            (Stage::Lock, Input::Failed(_)) => self.locked(&mut flight, false, now),
            (Stage::Ask, Input::Asked(fate)) => self.asked(&mut flight, fate, now, random),
            (Stage::Ask, Input::Failed(_)) => self.asked(&mut flight, Fate::Usable, now, random),
            (Stage::Callback, Input::Called(text)) => self.called(&mut flight, text, now, random),
            (Stage::Discover(is_oauth), Input::Response { status, body, date, retry_after }) => {
                self.learn(date, now);
                self.discovered(&flight, is_oauth, (status, body), retry_after, now, random)
            }
            (Stage::Sign, Input::Signed(signature)) => {
                let mut assertion = flight.assertion.as_ref().and_then(text_of).unwrap_or_default().to_owned();
                assertion.push('.');
                assertion.push_str(signature);
                flight.assertion = Some(Secret::new(assertion));
                Next::Go(Stage::Send)
            }
            (Stage::Send, Input::Response { status, body, date, retry_after }) => {
                self.learn(date, now);
                self.answered(&mut flight, response::parse(status, body), (status, retry_after), now, random)
            }
            (Stage::Verify, Input::Verified(outcome)) => match self.check_id_token(&flight, outcome) {
                Ok(()) => self.checked(&mut flight, now, random),
                Err(error) => {
                    self.end(&flight, Err(error));
                    Next::Over
                }
            },
            (Stage::Store, Input::Stored(_) | Input::Failed(_)) => {
                if !matches!(input, Input::Stored(true)) {
                    self.emit(Event::NotStored);
                }
                self.settle(&mut flight, now, random);
                Next::Over
            }
            (Stage::Delete, Input::Stored(_) | Input::Failed(_)) => Next::Over,
            (stage, Input::Failed(failure)) => self.unanswered(&flight, stage, failure, now, random),
            _ => Next::Stay,
        };
        match next {
            // It was lost for a while, and another one asks, or has asked, the provider.
            Next::Go(stage) if stage.asks() && self.is_overtaken(&flight, now) => return,
            Next::Go(stage) => {
                flight.stage = stage;
                flight.entered = now;
            }
            Next::Stay => {}
            Next::Over => return,
        }
        self.flights.insert(place.min(self.flights.len()), flight);
    }

    /// Whoever performed this flight is gone for certain, as on Workers when its request was cancelled: the caller performs it from
    /// the stage where it stands. `false` when there is nothing to perform: somebody else did, or one after the other has gone,
    /// which counts as a failure, or requests would follow each other as fast as callers give up.
    pub fn take_over(&mut self, id: FlightId, now: Time, random: f64) -> bool {
        let instant = self.clock.read(now);
        let Some(place) = self.flights.iter().position(|known| known.id == id) else { return false };
        if self.flights.get(place).is_some_and(|flight| flight.stage.asks() && self.is_overtaken(flight, instant)) {
            self.flights.remove(place);
            return false;
        }
        let Some(flight) = self.flights.get_mut(place) else { return false };
        flight.gone = flight.gone.saturating_add(1);
        if flight.gone <= MAX_GONE {
            flight.entered = instant;
            return true;
        }
        self.handle(id, Input::Failed(FetchFailure::Abandoned), now, random);
        false
    }

    /// Whether another flight has brought tokens, or is asking for them, since this one was last heard of.
    fn is_overtaken(&self, flight: &Flight, now: Time) -> bool {
        let is_ahead = |other: &Flight| {
            let is_asking = other.id > flight.id || other.stage.asks();
            other.is_unstored() || (is_asking && now < self.lost_at(other))
        };
        matches!(flight.errand, Errand::Refresh(_))
            && (flight.seen != self.settled
                || self.flights.iter().any(|other| other.id != flight.id && is_ahead(other)))
    }

    pub(super) fn first_stage(&self) -> Stage {
        if self.source.kind == Kind::Callback {
            Stage::Callback
        } else if self.source.token_endpoint.is_none() && self.endpoints.is_none() {
            Stage::Discover(false)
        } else {
            self.send_stage()
        }
    }

    pub(super) fn revoke_stage(&self) -> Stage {
        if self.endpoints.is_none() && self.source.issuer.is_some() {
            Stage::Discover(false)
        } else {
            self.send_stage()
        }
    }

    const fn send_stage(&self) -> Stage {
        match self.source.auth {
            ClientAuth::PrivateKeyJwt { .. } => Stage::Sign,
            _ => Stage::Send,
        }
    }

    fn post(&self, flight: &Flight) -> Option<Action> {
        let mut form = Form::default();
        let mut url = self.source.token_endpoint.as_deref().or_else(|| Some(self.endpoints.as_ref()?.0.token.as_str()));
        match &flight.errand {
            Errand::Refresh(_) if self.source.kind == Kind::ClientCredentials => {
                form.push("grant_type", "client_credentials");
                self.source.push_target(&mut form);
                for (name, value) in &self.source.parameters {
                    form.push(name, value);
                }
            }
            Errand::Refresh(_) => {
                form.push("grant_type", "refresh_token");
                form.push_secret("refresh_token", flight.sent.as_ref()?);
                // A login's scope was settled when the person agreed to it.
                if self.source.kind == Kind::RefreshToken {
                    self.source.push_target(&mut form);
                    for (name, value) in &self.source.parameters {
                        form.push(name, value);
                    }
                } else {
                    form.push_some("resource", self.source.resource.as_deref());
                }
            }
            Errand::Code(login) => {
                form.push("grant_type", "authorization_code");
                form.push_secret("code", &login.code);
                form.push_secret("code_verifier", &login.verifier);
                form.push_some("redirect_uri", self.source.redirect_uri.as_deref());
                form.push_some("resource", self.source.resource.as_deref());
            }
            Errand::Revoke(token) => {
                url = self.endpoints.as_ref().and_then(|(endpoints, _)| endpoints.revocation.as_deref());
                form.push_secret("token", token);
            }
            Errand::Discover => return None,
        }
        Some(Action::Post(form.into_request(
            url?,
            &self.source.client_id,
            &self.source.auth,
            flight.assertion.as_ref(),
        )))
    }

    fn loaded(&mut self, flight: &mut Flight, text: Option<&str>, now: Time, random: f64) -> Next {
        self.has_loaded = true;
        let Errand::Refresh(reason) = flight.errand else { return Next::Over };
        let had = self.held.is_some();
        let is_adopted = match text.and_then(|text| Stored::parse(text, &self.source_id)) {
            Some(stored) => self.adopt_stored(stored, now, random),
            None => false,
        };
        // Somebody else was faster. Who wants a fresh token takes it too, if it isn't merely the one that was stored before.
        if is_adopted && (reason != Reason::Forced || had || flight.has_lock) {
            return Next::Over;
        }
        if is_adopted {
            flight.generation = self.generation;
        }
        if flight.is_second && self.is_sent(flight) {
            return self.give_up(flight, now, random);
        }
        if flight.is_second {
            return Next::Go(self.resend(flight));
        }
        self.go_on(flight)
    }

    /// Whether the refresh token that was sent is still the one there is.
    fn is_sent(&self, flight: &Flight) -> bool {
        match (&flight.sent, &self.refresh) {
            (Some(sent), Some(refresh)) => sent.matches(refresh.expose()),
            _ => true,
        }
    }

    fn called(&mut self, flight: &mut Flight, text: &[u8], now: Time, random: f64) -> Next {
        let tokens = match json::parse(text) {
            Ok(Value::String(token)) => response::bare(&token).ok_or("gave no usable token"),
            Ok(Value::Object(answer)) => response::tokens(&answer, false),
            _ => Err("gave neither a token nor an object with one"),
        };
        match tokens {
            Ok(tokens) => self.take(flight, Box::new(tokens), now, random),
            Err(problem) => self.fail(flight, Trouble::unknown(told("fetchToken ", problem)), now, random),
        }
    }

    fn discovered(
        &mut self,
        flight: &Flight,
        is_oauth: bool,
        (status, body): (u16, &[u8]),
        asked: Option<Span>,
        now: Time,
        random: f64,
    ) -> Next {
        let issuer = self.source.issuer.as_deref().unwrap_or_default();
        let problem = match status {
            200 => match metadata::parse(body, issuer) {
                Ok(endpoints) => {
                    self.endpoints = Some((endpoints, now));
                    if matches!(flight.errand, Errand::Discover) {
                        self.end(flight, Ok(()));
                        return Next::Over;
                    }
                    return Next::Go(self.send_stage());
                }
                Err(problem) => told("the provider's metadata document ", problem),
            },
            // No OpenID there; an OAuth server has its document elsewhere.
            400..=499 if !is_oauth && status != 429 => return Next::Go(Stage::Discover(true)),
            _ => "the provider's metadata document can't be had: give `tokenEndpoint` if it has none".to_owned(),
        };
        self.fail(flight, Trouble { asked, ..Trouble::unknown(problem) }, now, random)
    }

    fn answered(
        &mut self,
        flight: &mut Flight,
        answer: Answer,
        (status, asked): (u16, Option<Span>),
        now: Time,
        random: f64,
    ) -> Next {
        if let Errand::Revoke(_) = flight.errand {
            let outcome = match answer {
                // The answer has no body that counts (RFC 7009 §2.2).
                _ if (200..300).contains(&status) => Ok(()),
                Answer::Refused(error) => {
                    let Refusal { message, subject } = refused(error);
                    Err(Error::new(Code::RefreshRejected, message).about(subject))
                }
                _ => Err(Error::new(Code::RefreshUnavailable, "the revocation endpoint did not confirm")),
            };
            if outcome.is_ok() {
                self.emit(Event::Revoked);
            }
            self.end(flight, outcome);
            return Next::Go(Stage::Delete);
        }
        match answer {
            Answer::Tokens(tokens) => {
                if let (Some(sent), Some(new)) = (&flight.sent, &tokens.refresh) {
                    if !new.matches(sent.expose()) {
                        self.spend(sent.clone());
                    }
                }
                self.take(flight, tokens, now, random)
            }
            Answer::Refused(error) if matches!(flight.errand, Errand::Code(_)) => {
                let Refusal { message, subject } = refused(error);
                self.end(flight, Err(Error::new(Code::LoginRejected, message).about(subject)));
                Next::Over
            }
            // Only a grant can be used up. A machine's credentials are not.
            Answer::Refused(error) if error == "invalid_grant" && flight.sent.is_some() => {
                self.doubt(flight, now, random)
            }
            Answer::Refused(error) => {
                let Refusal { message, subject } = refused(error);
                let trouble = Trouble {
                    code: Code::RefreshRejected,
                    message: Cow::Owned(message),
                    subject: Some(subject),
                    asked,
                    is_final: false,
                };
                self.fail(flight, trouble, now, random)
            }
            Answer::Unknown(what) => {
                let message = told("the token endpoint ", what);
                self.fail(flight, Trouble { asked, ..Trouble::unknown(message) }, now, random)
            }
        }
    }

    /// This refresh token has been replaced: sent again, it would count as stolen.
    fn spend(&mut self, sent: Secret) {
        self.source.refresh.take_if(|configured| configured.matches(sent.expose()));
        if self.spent.len() >= MAX_SPENT {
            self.spent.pop_front();
        }
        self.spent.push_back(sent);
    }

    /// The refresh token was refused. That is final, unless another one is known: rotated by another tab or isolate, or handed
    /// in newly while an older one was stored.
    fn doubt(&mut self, flight: &mut Flight, now: Time, random: f64) -> Next {
        if !flight.is_second {
            flight.is_second = true;
            if !self.is_sent(flight) {
                return Next::Go(self.resend(flight));
            }
            if self.terms.has_storage {
                return Next::Go(Stage::Load);
            }
        }
        self.give_up(flight, now, random)
    }

    fn give_up(&mut self, flight: &mut Flight, now: Time, random: f64) -> Next {
        if !self.is_sent(flight) {
            return Next::Over;
        }
        let configured = self.source.refresh.take();
        if let (Some(sent), Some(configured)) = (&flight.sent, configured) {
            if !sent.matches(configured.expose()) {
                self.refresh = Some(configured);
                return Next::Go(self.resend(flight));
            }
        }
        let message = "the provider refused the refresh token for good (invalid_grant): log in again";
        self.lose_refresh(flight, message, now, random)
    }

    /// There is no refresh token that could be used any more.
    pub(super) fn lose_refresh(&mut self, flight: &Flight, message: &'static str, now: Time, random: f64) -> Next {
        let trouble = Trouble {
            code: Code::RefreshRejected,
            message: Cow::Borrowed(message),
            subject: Some("invalid_grant".to_owned()),
            asked: None,
            is_final: true,
        };
        self.refresh = None;
        self.fail(flight, trouble, now, random);
        if self.terms.has_storage {
            return Next::Go(Stage::Delete);
        }
        Next::Over
    }

    fn resend(&mut self, flight: &mut Flight) -> Stage {
        flight.sent = None;
        flight.assertion = None;
        self.first_stage()
    }

    fn unanswered(&mut self, flight: &Flight, stage: Stage, failure: FetchFailure, now: Time, random: f64) -> Next {
        let who = match stage {
            Stage::Callback => return self.fail(flight, Trouble::unknown("fetchToken failed"), now, random),
            Stage::Sign => return self.fail(flight, Trouble::unknown("the client's key can't sign"), now, random),
            Stage::Verify => "the provider's keys, which the ID token is checked with: their server ",
            Stage::Discover(_) => "the provider's metadata document: its server ",
            _ => "the token endpoint ",
        };
        let what = match failure {
            FetchFailure::Timeout => "did not answer in time",
            FetchFailure::TooLarge => "answered with more than is read",
            FetchFailure::Redirect => "answered with a redirect, which is not followed",
            FetchFailure::Abandoned => "was not waited for",
            _ => "can't be reached",
        };
        self.fail(flight, Trouble::unknown(told(who, what)), now, random)
    }

    /// Tokens have come: whose, until when, and where to.
    fn take(&mut self, flight: &mut Flight, tokens: Box<Tokens>, now: Time, random: f64) -> Next {
        let is_callback = flight.stage == Stage::Callback;
        if !is_callback && !self.is_same_person(flight, &tokens) {
            let trouble = Trouble {
                code: Code::RefreshRejected,
                message: Cow::Borrowed("the provider answered with somebody else's tokens: log in again"),
                subject: None,
                asked: None,
                is_final: true,
            };
            return self.fail(flight, trouble, now, random);
        }
        let mut life = self.life_of(&tokens, flight.entered, now, is_callback);
        let is_over = |life: &Option<Life>| {
            life.is_some_and(|life| life.whole <= Span::ZERO || life.expires.minus(schedule::margin(life.whole)) <= now)
        };
        if is_over(&life) && is_callback {
            // By our clock it has ended. Out of a cache, perhaps; but one that was made between two calls shows that our clock
            // is ahead.
            match (tokens.facts.issued, self.issued) {
                (Some(issued), Some(before)) if issued > before => {
                    self.server = Some(issued.since(now));
                    life = self.life_of(&tokens, flight.entered, now, true);
                }
                _ => {}
            }
            self.issued = self.issued.max(tokens.facts.issued);
            self.has_had_token = true;
        }
        if is_over(&life) {
            let trouble = Trouble::unknown(if is_callback {
                "fetchToken gave a token that has expired: bypass the cache when `reason` is not \"initial\""
            } else {
                "the token endpoint answered with a token that has expired"
            });
            // What came with it may be worth something all the same.
            if let (Some(refresh), true) = (tokens.refresh, flight.id.0 > self.settled) {
                self.refresh = Some(refresh);
                self.obtained = Some(now);
                let next = self.fail(flight, trouble, now, random);
                return if self.terms.has_storage { Next::Go(Stage::Store) } else { next };
            }
            return self.fail(flight, trouble, now, random);
        }
        flight.arrived = Some(Arrived { tokens, life });
        match &flight.errand {
            Errand::Code(_) if flight.arrived.as_ref().is_some_and(|arrived| arrived.tokens.id_token.is_some()) => {
                Next::Go(Stage::Verify)
            }
            Errand::Code(_) if self.wants_id_token() => {
                self.end(flight, Err(login::rejected("the provider gave no ID token")));
                Next::Over
            }
            _ => self.checked(flight, now, random),
        }
    }

    pub(super) fn wants_id_token(&self) -> bool {
        self.source.scope.as_deref().unwrap_or_default().split(' ').any(|scope| scope == "openid")
    }

    fn checked(&mut self, flight: &mut Flight, now: Time, random: f64) -> Next {
        if self.terms.has_storage {
            return Next::Go(Stage::Store);
        }
        self.settle(flight, now, random);
        Next::Over
    }

    /// OpenID Connect Core 1.0 §12.2, and the same for access tokens that say whose they are.
    fn is_same_person(&self, flight: &Flight, tokens: &Tokens) -> bool {
        if !matches!(flight.errand, Errand::Refresh(_)) || self.source.kind == Kind::ClientCredentials {
            return true;
        }
        let facts = |token: Option<&Secret>| token.map(|token| response::Facts::of(token.expose())).unwrap_or_default();
        let access = facts(self.held.as_ref().map(|held| &held.token));
        let id = facts(self.id_token.as_ref());
        !access.contradicts(&tokens.facts) && !id.contradicts(&facts(tokens.id_token.as_ref()))
    }

    fn settle(&mut self, flight: &mut Flight, now: Time, random: f64) {
        let Some(arrived) = flight.arrived.take() else { return };
        if flight.id.0 < self.settled {
            // A lost one that was found, and something newer has come.
            return;
        }
        self.settled = flight.id.0;
        if let Errand::Code(_) = flight.errand {
            // Somebody else, perhaps: nothing of the one before stays, and nothing that is under way for them counts.
            self.forget();
        }
        let reason = match &flight.errand {
            Errand::Refresh(reason) => *reason,
            _ => Reason::Initial,
        };
        self.install(arrived, now, random);
        self.obtained = Some(now);
        let expires = self.expires_at();
        self.emit(Event::Refreshed { reason, expires });
        self.end(flight, Ok(()));
    }

    fn storable(&self, flight: &Flight) -> Stored {
        let arrived = flight.arrived.as_ref();
        let goes_on = !matches!(flight.errand, Errand::Code(_));
        let kept = |token: &Option<Secret>| token.clone().filter(|_| goes_on);
        let tokens = arrived.map(|arrived| &arrived.tokens);
        Stored {
            access: tokens.map(|tokens| tokens.access.clone()),
            refresh: tokens.and_then(|tokens| tokens.refresh.clone()).or_else(|| kept(&self.refresh)),
            id_token: tokens.and_then(|tokens| tokens.id_token.clone()).or_else(|| kept(&self.id_token)),
            scope: tokens.and_then(|tokens| tokens.scope.clone()),
            obtained: self.clock.wall(flight.entered),
            expires: arrived.and_then(|arrived| arrived.life).map(|life| self.clock.wall(life.expires)),
        }
    }

    fn fail(&mut self, flight: &Flight, trouble: Trouble, now: Time, random: f64) -> Next {
        if !matches!(flight.errand, Errand::Refresh(_)) {
            self.end(flight, Err(Error::new(trouble.code, trouble.message)));
            return Next::Over;
        }
        if flight.id.0 < self.settled {
            return Next::Over;
        }
        if self.failure.as_ref().is_some_and(|failure| failure.until.is_none()) && !trouble.is_final {
            // Whoever was lost for a while can't make that undone.
            return Next::Over;
        }
        self.failures = self.failures.saturating_add(1);
        let pause = schedule::pause(self.failures, trouble.asked, random);
        // Endpoints may have moved.
        self.endpoints.take_if(|(_, found)| now.since(*found) > ENDPOINTS_AGE);
        let until = (!trouble.is_final).then(|| now.plus(pause));
        let failure = Failure { code: trouble.code, message: trouble.message, subject: trouble.subject, until };
        let error = failure.error(until.map(|until| until.since(now)));
        self.failure = Some(failure);
        let retry_at = until.map(|until| self.clock.wall(until));
        self.emit(Event::Failed { error, retry_at });
        Next::Over
    }

    fn learn(&mut self, date: Option<Time>, now: Time) {
        if let Some(date) = date {
            self.server = Some(date.since(now));
        }
    }

    /// When tokens end. `sent` is when they were asked for; `is_cached` says that they may be older than that.
    pub(super) fn life_of(&mut self, tokens: &Tokens, sent: Time, now: Time, is_cached: bool) -> Option<Life> {
        let own = tokens.facts.life();
        let relative = tokens.expires_in.map(|said| own.map_or(said, |own| own.min(said)));
        let from_now = |whole: Span| Life { whole, expires: sent.plus(whole) };
        let absolute = tokens.expires_at.or(tokens.facts.expires);
        match (relative, own, absolute) {
            (Some(whole), ..) if !is_cached => Some(from_now(whole)),
            // What an endpoint gives was made just now, so no clock is needed to know how long it lives.
            (None, Some(whole), _) if !is_cached && tokens.expires_at.is_none() => Some(from_now(whole)),
            (_, _, Some(expires)) => {
                let mut server_now = now.plus(self.server.unwrap_or(Span::ZERO));
                if let Some(issued) = tokens.facts.issued.filter(|issued| *issued > server_now) {
                    // A token can't come from the future: our clock is behind.
                    server_now = issued;
                    self.server = Some(issued.since(now));
                }
                let left = expires.since(server_now);
                Some(Life { whole: own.unwrap_or(left), expires: now.plus(left) })
            }
            (Some(whole), ..) => Some(from_now(whole)),
            _ => None,
        }
    }
}

fn told(who: &str, what: &str) -> String {
    let mut out = who.to_owned();
    out.push_str(what);
    out
}

/// An endpoint's "no", as the caller hears it.
struct Refusal {
    message: String,
    subject: String,
}

/// What an endpoint's "no" is to the caller. Its description is left out: some repeat the token in it.
fn refused(error: String) -> Refusal {
    let hint = match error.as_str() {
        "invalid_client" => ": are the client's id, its secret or key, and `clientAuth` right?",
        "invalid_scope" => ": may this client ask for that scope?",
        "invalid_target" => ": is `audience` or `resource` one that the provider knows?",
        "invalid_grant" => ": the code is not of this login, was used before, or has expired",
        "unauthorized_client" | "unsupported_grant_type" => ": may this client use this grant?",
        _ => "",
    };
    let mut message = String::from("the provider refused the request: ");
    message.push_str(&error);
    message.push_str(hint);
    Refusal { message, subject: error }
}
