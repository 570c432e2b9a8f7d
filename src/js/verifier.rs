//! The verifier's surface. See `npm/verify/jwt-verifier.ts` for the loop that drives it.

use std::{borrow::Cow, ops::Range, sync::Arc};

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::{
    error::{thrown, to_json},
    registers::{from_handle, Registers},
};
use crate::{
    auth::{
        credentials,
        custom::{require_scopes, required_scopes},
    },
    config,
    error::{Code, Error},
    http::retry_after,
    jose::{
        jwks_cache::{FetchFailure, FetchId, Request, Response},
        options,
        verify::{Action, CheckId, Step, VerifiedToken, Verifier},
    },
    json::{self, Value},
    machine::Machine,
    seam::verify as numbers,
    secret::Secret,
    time::Time,
};

/// A verifier, and the memory through which tokens and results go.
#[wasm_bindgen]
#[derive(Debug)]
pub struct VerifierCore {
    verifier: Verifier,
    input: Box<[u8]>,
    registers: Registers,
    verified: Option<Arc<VerifiedToken>>,
    error: Option<Error>,
    /// What [`Self::admit`] asks for.
    required: Vec<String>,
    /// Requests of fetches whose callers have not come for them, with their providers.
    requests: Vec<(usize, Request)>,
    retired: Vec<u32>,
}

#[wasm_bindgen]
impl VerifierCore {
    /// A verifier from its options as JSON, without functions and secrets. The secrets stand one after the other in
    /// `secrets`; `lengths` has the length of each provider's in the providers' order, and `NO_SECRET` for none.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, secrets: &[u8], lengths: &[u32]) -> Result<VerifierCore, JsValue> {
        let options = config::object(options, "").map_err(|error| thrown(&error))?;
        let names = options.get("providers").and_then(Value::as_object);
        let secret_of = |provider: &str| {
            let index = names?.iter().position(|(name, _)| name == provider)?;
            let length = |index: usize| {
                lengths.get(index).filter(|length| **length != numbers::NO_SECRET).map(|length| *length as usize)
            };
            let start = (0..index).filter_map(length).sum::<usize>();
            secrets.get(start..start + length(index)?).map(Secret::new)
        };
        let verifier = options::verifier(&options, secret_of).map_err(|error| thrown(&error))?;
        Ok(Self {
            verifier,
            input: vec![0; numbers::MAX_INPUT].into_boxed_slice(),
            registers: Registers::new(),
            verified: None,
            error: None,
            required: Vec::new(),
            requests: Vec::new(),
            retired: Vec::new(),
        })
    }

    /// Where a token goes, or a request's field and query: its address in memory. It has room for `MAX_INPUT` bytes.
    #[wasm_bindgen(js_name = inputPtr)]
    pub fn input_ptr(&mut self) -> u32 {
        self.input.as_mut_ptr() as u32
    }

    /// Where the signature to check is.
    #[wasm_bindgen(js_name = signaturePtr)]
    pub fn signature_ptr(&self) -> u32 {
        self.verifier.signature().as_ptr() as u32
    }

    /// Where the fourteen numbers are that go with a step.
    #[wasm_bindgen(js_name = registersPtr)]
    pub fn registers_ptr(&self) -> u32 {
        self.registers.address()
    }

    /// Begins with the token of `len` bytes in the input, at `now`; `arrived` is when it came in first. Both in milliseconds.
    /// `tried` is 0, or what a check gave for the case that the signature is not its key's.
    pub fn begin(&mut self, len: u32, tried: u32, arrived: f64, now: f64) -> u32 {
        // Of one that is too long as much as shows it.
        self.begin_at(0..(len as usize).min(numbers::MAX_TOKEN + 1), tried, arrived, now)
    }

    /// The same of a request: its Authorization field is the first `field` bytes, its URL's query what follows up to `len`.
    #[wasm_bindgen(js_name = beginRequest)]
    pub fn begin_request(&mut self, field: u32, len: u32, tried: u32, arrived: f64, now: f64) -> u32 {
        let (field, len) = (field as usize, len as usize);
        let presented = self.input.get(..field).zip(self.input.get(field..len));
        let Some(token) = presented.and_then(|(field, query)| credentials::bearer_token(field, query)) else {
            return numbers::NO_BEARER;
        };
        let token = field - token.len()..field;
        match self.begin_at(token.clone(), tried, arrived, now) {
            // What was read as a JWT is of the form that a bearer token has.
            numbers::REFUSED if !self.input.get(token).is_some_and(credentials::is_b64token) => numbers::NO_BEARER,
            step => step,
        }
    }

    /// Ends a check with WebCrypto's answer.
    pub fn finish(&mut self, check: u32, approved: bool, now: f64) -> u32 {
        match self.verifier.finish(CheckId(check), approved, Time::from_millis(now)) {
            Ok(verified) => self.verified(verified),
            Err(error) => self.refused(error),
        }
    }

    /// Forgets a check that will not be finished.
    pub fn abandon(&mut self, check: u32) {
        self.verifier.abandon(CheckId(check));
    }

    /// Whether the token verified last has all of these scopes, a list as JSON.
    #[wasm_bindgen(js_name = requireScopes)]
    pub fn require_scopes(&mut self, wanted: &str) -> u32 {
        let verified = self.verified.clone();
        match required_scopes(wanted).and_then(|all| verified.map_or(Ok(()), |token| token.require_scopes(&all))) {
            Ok(()) => numbers::VERIFIED,
            Err(error) => self.refused(error),
        }
    }

    /// Says what [`Self::admit`] asks for: a list as JSON.
    #[wasm_bindgen(js_name = setRequired)]
    pub fn set_required(&mut self, scopes: &str) -> Result<(), JsValue> {
        required_scopes(scopes).map(|all| self.required = all).map_err(|error| thrown(&error))
    }

    /// Whether the token verified last has all scopes that a request needs.
    pub fn admit(&mut self) -> u32 {
        let granted = self.verified.as_ref().map(|verified| verified.scopes()).unwrap_or_default();
        let granted: Vec<_> = granted.iter().map(Cow::as_ref).collect();
        let required: Vec<_> = self.required.iter().map(String::as_str).collect();
        match require_scopes(&granted, &required) {
            Ok(()) => numbers::VERIFIED,
            Err(error) => self.refused(error),
        }
    }

    /// Whether the token verified last lives for more than an hour.
    #[wasm_bindgen(js_name = isLongLived)]
    pub fn is_long_lived(&self) -> bool {
        self.verified.as_ref().is_some_and(|verified| verified.is_long_lived())
    }

    /// Why the last step refused, as JSON.
    pub fn error(&mut self) -> String {
        let error = self.error.take().unwrap_or_else(|| Error::new(Code::Internal, "no error is known"));
        to_json(&error)
    }

    /// The key of a handle, as JWK; `undefined` for a secret ([`Self::secret`]) and for one that has gone.
    pub fn jwk(&self, handle: u32) -> Option<String> {
        let (key, _) = from_handle(handle)?;
        self.verifier.key(key)?.to_import_jwk()
    }

    /// The bytes of a secret key.
    pub fn secret(&self, handle: u32) -> Option<Uint8Array> {
        let (key, _) = from_handle(handle)?;
        self.verifier.key(key)?.secret().map(|secret| Uint8Array::from(secret.expose()))
    }

    /// Says that WebCrypto took a key, or didn't.
    #[wasm_bindgen(js_name = handleImported)]
    pub fn handle_imported(&mut self, handle: u32, accepted: bool) {
        if let Some((key, algorithm)) = from_handle(handle) {
            self.verifier.handle_imported(key, algorithm, accepted);
        }
    }

    /// Keys that are no longer used; a handle's key is `handle >>> 4`.
    pub fn retired(&mut self) -> Vec<u32> {
        self.drain();
        std::mem::take(&mut self.retired)
    }

    /// The name of a provider.
    #[wasm_bindgen(js_name = providerName)]
    pub fn provider_name(&self, provider: u32) -> Option<String> {
        self.verifier.provider_name(provider as usize).map(str::to_owned)
    }

    /// What the keys of a provider's principals begin with.
    #[wasm_bindgen(js_name = principalPrefix)]
    pub fn principal_prefix(&self, provider: u32) -> Option<String> {
        self.verifier.principal_prefix(provider as usize)
    }

    /// What to GET next for a fetch; `undefined` when it is not wanted any more, or somebody does it already.
    pub fn request(&mut self, provider: u32, fetch: u32) -> Option<String> {
        self.drain();
        let wanted = (provider as usize, FetchId(fetch));
        let at = self.requests.iter().position(|(provider, request)| (*provider, request.fetch) == wanted)?;
        Some(self.requests.swap_remove(at).1.url)
    }

    /// Hands in an answer. Whether another request follows it.
    #[wasm_bindgen(js_name = handleResponse)]
    #[allow(clippy::too_many_arguments, reason = "an object would cost more than it explains; there is one caller")]
    pub fn handle_response(
        &mut self,
        provider: u32,
        fetch: u32,
        status: u16,
        cache_control: Option<String>,
        age: Option<String>,
        retry_after: Option<String>,
        date: Option<String>,
        body: &[u8],
        now: f64,
    ) -> bool {
        let now = Time::from_millis(now);
        let retry_after = retry_after::read(retry_after.as_deref(), date.as_deref(), now);
        let (cache_control, age) = (cache_control.as_deref(), age.as_deref());
        let response = Response { status, cache_control, age, retry_after, body };
        let (provider, fetch) = (provider as usize, FetchId(fetch));
        self.verifier.handle_response(provider, fetch, &response, now);
        self.verifier.is_fetching(provider, fetch)
    }

    /// Says that there was no answer: `timeout`, `too_large`, `redirect`, `abandoned`, or anything else for the network. Whether another
    /// request follows all the same: keys are fetched from where they were when discovery fails.
    #[wasm_bindgen(js_name = handleFailure)]
    pub fn handle_failure(&mut self, provider: u32, fetch: u32, why: &str, now: f64) -> bool {
        let (provider, fetch) = (provider as usize, FetchId(fetch));
        self.verifier.handle_failure(provider, fetch, FetchFailure::from_name(why), Time::from_millis(now));
        self.verifier.is_fetching(provider, fetch)
    }

    /// The keys of all providers, as JSON.
    pub fn snapshots(&self) -> String {
        self.verifier.snapshots()
    }

    /// Takes keys over that were exported.
    #[wasm_bindgen(js_name = handleSnapshots)]
    pub fn handle_snapshots(&mut self, snapshots: &str, now: f64) -> Result<(), JsValue> {
        let wrong = |_| thrown(&Error::new(Code::Config, "importKeys takes what exportKeys gave").about("snapshots"));
        let snapshots = json::parse(snapshots.as_bytes()).map_err(wrong)?;
        self.verifier.handle_snapshots(&snapshots, Time::from_millis(now)).map_err(|error| thrown(&error))
    }

    fn begin_at(&mut self, token: Range<usize>, tried: u32, arrived: f64, now: f64) -> u32 {
        let signed_at = self.input.as_ptr() as u32 + token.start as u32;
        let Some(token) = self.input.get(token) else { return numbers::REFUSED };
        let now = Time::from_millis(now);
        match self.verifier.begin_with(tried as usize, token, Time::from_millis(arrived), now) {
            Step::Verified(verified) => self.verified(verified),
            Step::Refused(error) => self.refused(error),
            Step::Fetch(provider, fetch) => self.registers.fetch(provider, fetch),
            Step::Wait(provider, fetch, until) => {
                self.registers.wait(provider, fetch, until.since(now).as_millis().clamp(1, 60_000) as u32)
            }
            Step::Import { key, algorithm, refresh } => self.registers.import(key, algorithm, refresh),
            Step::Check(check) => self.registers.check(&check, signed_at),
        }
    }

    fn verified(&mut self, verified: Arc<VerifiedToken>) -> u32 {
        let step = self.registers.verified(&verified);
        self.verified = Some(verified);
        step
    }

    /// Takes over what the machine wants to have done, for those who come for it. Of fetches that are over nobody does.
    fn drain(&mut self) {
        while let Some(action) = self.verifier.poll_action() {
            match action {
                Action::Fetch { provider, request } => self.requests.push((provider, request)),
                Action::Forget(key) => self.retired.push(key.0),
            }
        }
        let Self { requests, verifier, .. } = self;
        requests.retain(|(provider, request)| verifier.is_fetching(*provider, request.fetch));
    }

    fn refused(&mut self, error: Error) -> u32 {
        self.error = Some(error);
        numbers::REFUSED
    }
}
