//! A verifier on the bench: the test hands in tokens, plays the provider and plays WebCrypto, and counts what it is asked for.

use std::collections::VecDeque;

use arcgate::sans_io::{
    error::{Code, Error},
    jose::{
        jwks_cache::{FetchFailure, FetchId, Request, Response},
        options,
        verify::{Action, Step, VerifiedToken, Verifier},
    },
    json::{self, Value},
    machine::Machine,
    secret::Secret,
    time::{Span, Time},
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};

/// The instant at which the tests begin, in seconds.
pub(crate) const NOW: i64 = 1_800_000_000;
/// A secret, for the providers that have one.
pub(crate) const SECRET: [u8; 64] = *b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const ISSUER: &str = "https://one.example";

/// What WebCrypto answers.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Crypto {
    Approves,
    Refuses,
    /// It must not be asked.
    Unasked,
}

pub(crate) struct Bench {
    pub(crate) verifier: Verifier,
    pub(crate) crypto: Crypto,
    pub(crate) now: Time,
    /// What was asked for: URLs, imports of keys, checks of signatures.
    pub(crate) fetched: Vec<String>,
    pub(crate) imports: usize,
    pub(crate) checks: usize,
    /// What the provider answers to each request: the last one over and over. None: it can't be reached.
    pub(crate) answers: VecDeque<Option<(u16, String)>>,
}

impl Bench {
    /// A verifier of these options, as JSON. A provider of the name "secret" has [`SECRET`].
    pub(crate) fn new(options: &str) -> Self {
        Self::try_new(options).unwrap()
    }

    pub(crate) fn try_new(options: &str) -> Result<Self, Error> {
        let options = json::parse_object(options.as_bytes()).unwrap();
        let secret_of = |name: &str| (name == "secret").then(|| Secret::new(SECRET));
        Ok(Self {
            verifier: options::verifier(&options, secret_of)?,
            crypto: Crypto::Approves,
            now: Time::EPOCH.plus(Span::from_secs(NOW)),
            fetched: Vec::new(),
            imports: 0,
            checks: 0,
            answers: VecDeque::from([Some((200, jwks("one")))]),
        })
    }

    /// One provider whose keys are to be fetched.
    pub(crate) fn remote() -> Self {
        Self::new(&provider(&format!(r#""audience":"api","jwksUri":"{ISSUER}/keys""#)))
    }

    /// One provider whose keys are there.
    pub(crate) fn local() -> Self {
        Self::new(&provider(&format!(r#""audience":"api","jwks":{}"#, jwks("one"))))
    }

    /// One provider with a shared secret.
    pub(crate) fn shared() -> Self {
        Self::new(&format!(r#"{{"providers":{{"secret":{{"issuer":"{ISSUER}","audience":"api"}}}}}}"#))
    }

    pub(crate) fn answering(mut self, crypto: Crypto) -> Self {
        self.crypto = crypto;
        self
    }

    pub(crate) fn later(&mut self, secs: i64) {
        self.now = self.now.plus(Span::from_secs(secs));
    }

    /// Drives the machine until it accepts the token, giving what JavaScript is told with the principal's key before it, or refuses it.
    pub(crate) fn verify(&mut self, token: impl AsRef<[u8]>) -> Result<String, Error> {
        for _ in 0..12 {
            match self.verifier.begin(token.as_ref(), self.now, self.now) {
                Step::Verified(token) => return Ok(self.told(&token)),
                Step::Refused(error) => return Err(error),
                Step::Import { key, algorithm, refresh } => {
                    self.imports += 1;
                    self.verifier.handle_imported(key, algorithm, true);
                    if let Some((provider, fetch)) = refresh {
                        self.fetch(provider, fetch);
                    }
                }
                Step::Check(check) => {
                    assert!(self.crypto != Crypto::Unasked, "WebCrypto must not be asked");
                    self.checks += 1;
                    assert!(check.signing_input_len < token.as_ref().len());
                    if let Some((provider, fetch)) = check.refresh {
                        self.fetch(provider, fetch);
                    }
                    let approved = self.crypto == Crypto::Approves;
                    return self.verifier.finish(check.id, approved, self.now).map(|token| self.told(&token));
                }
                Step::Fetch(provider, fetch) => self.fetch(provider, fetch),
                Step::Wait(..) => panic!("nobody else fetches"),
            }
        }
        panic!("the machine makes no progress");
    }

    /// The principal's key and the token's text, as the package puts them together.
    fn told(&self, token: &VerifiedToken) -> String {
        let (text, parts) = (token.text(), token.parts());
        let id = parts.claims + parts.header;
        let key = match parts.key {
            0 => self.verifier.principal_prefix(token.provider()).unwrap() + &text[id..id + parts.id],
            length => text[text.len() - length..].to_owned(),
        };
        format!("{key} {text}")
    }

    fn fetch(&mut self, provider: usize, fetch: FetchId) {
        while let Some(request) = self.request(provider, fetch) {
            self.fetched.push(request.url);
            let answer =
                if self.answers.len() > 1 { self.answers.pop_front().unwrap() } else { self.answers[0].clone() };
            match &answer {
                Some((status, body)) => {
                    let body = body.as_bytes();
                    let response =
                        Response { status: *status, cache_control: None, age: None, retry_after: None, body };
                    self.verifier.handle_response(provider, fetch, &response, self.now);
                }
                None => self.verifier.handle_failure(provider, fetch, FetchFailure::Network, self.now),
            }
        }
    }

    /// The request that a fetch waits for; `None` when the fetch is over.
    pub(crate) fn request(&mut self, provider: usize, fetch: FetchId) -> Option<Request> {
        let mut wanted = None;
        for action in self.verifier.drain_actions() {
            match action {
                Action::Fetch { provider: of, request } if (of, request.fetch) == (provider, fetch) => {
                    wanted = Some(request);
                }
                Action::Fetch { request, .. } => panic!("nobody performs {request:?}"),
                Action::Forget(_) => {}
            }
        }
        assert_eq!(wanted.is_some(), self.verifier.is_fetching(provider, fetch));
        wanted
    }

    /// The code with which a token is refused, having looked that nothing of the token is in the error.
    pub(crate) fn code(&mut self, token: impl AsRef<[u8]>) -> Code {
        match self.verify(token.as_ref()) {
            Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(token.as_ref())),
            Err(error) => {
                leaks_nothing(&error, token.as_ref());
                error.code()
            }
        }
    }

    /// As [`Self::code`], for what must be refused before anything is asked for: no request, no key, no WebCrypto.
    pub(crate) fn code_at_once(&mut self, token: impl AsRef<[u8]>) -> Code {
        let before = (self.fetched.len(), self.imports, self.checks);
        let code = self.code(token);
        assert_eq!((self.fetched.len(), self.imports, self.checks), before, "asked for something first");
        code
    }

    pub(crate) fn accepts(&mut self, token: impl AsRef<[u8]>) -> String {
        self.verify(token.as_ref())
            .unwrap_or_else(|error| panic!("{error:?}: {}", String::from_utf8_lossy(token.as_ref())))
    }
}

/// Attack 25: nothing that leaves may hold a token or a part of one.
pub(crate) fn leaks_nothing(error: &Error, token: &[u8]) {
    const PART: usize = 16;
    let shown = format!("{error:?} {error} {} {:?}", error.message(), error.subject());
    assert!(!shown.contains("eyJ"), "{shown}");
    // Repeated characters (a kid of 300 k's, a token of dots) are nobody's secret.
    for part in token[..token.len().min(20_000)].windows(PART).filter(|part| part.iter().any(|byte| *byte != part[0])) {
        if let Ok(part) = std::str::from_utf8(part) {
            assert!(!shown.contains(part), "{part} is in: {shown}");
        }
    }
}

/// Options with one provider of these members beside its issuer.
pub(crate) fn provider(members: &str) -> String {
    format!(r#"{{"providers":{{"one":{{"issuer":"{ISSUER}",{members}}}}}}}"#)
}

/// A set of keys of keys.json, as JSON.
pub(crate) fn jwks(name: &str) -> String {
    let keys = json::parse_object(include_bytes!("keys.json")).unwrap();
    let mut out = String::new();
    keys.get(name).unwrap().write(&mut out);
    out
}

/// One key of a set, as JSON.
pub(crate) fn jwk(set: &str, kid: &str) -> String {
    let set = jwks(set);
    let set = json::parse_object(set.as_bytes()).unwrap();
    let keys = set.get("keys").and_then(Value::as_array).unwrap();
    let is_it = |key: &&Value<'_>| key.as_object().and_then(|key| key.get("kid")).and_then(Value::as_str) == Some(kid);
    let mut out = String::new();
    keys.iter().find(is_it).unwrap().write(&mut out);
    out
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A compact JWS of these parts.
pub(crate) fn jws(header: &str, payload: &str, signature: &[u8]) -> String {
    format!("{}.{}.{}", base64url(header), base64url(payload), base64url(signature))
}

/// The claims that every provider of these tests accepts.
pub(crate) fn claims() -> String {
    claims_with("")
}

/// The same, with more members.
pub(crate) fn claims_with(more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!(r#"{{"iss":"{ISSUER}","aud":"api","sub":"alice","iat":{NOW},"exp":{}{comma}{more}}}"#, NOW + 600)
}

/// The same, with one member's value replaced (or the member taken away, if there is none).
pub(crate) fn claims_but(name: &str, value: Option<&str>) -> String {
    let exp = (NOW + 600).to_string();
    let now = NOW.to_string();
    let issuer = format!("\"{ISSUER}\"");
    let defaults = [("iss", issuer.as_str()), ("aud", "\"api\""), ("sub", "\"alice\""), ("iat", &now), ("exp", &exp)];
    let mut members: Vec<(&str, &str)> = defaults.into_iter().filter(|(member, _)| *member != name).collect();
    members.extend(value.map(|value| (name, value)));
    let members: Vec<_> = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// A signature of the right length, of which only the stand-in for WebCrypto knows whether it is good.
pub(crate) fn signature(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 37 + 11) as u8).collect()
}

/// A token under the RSA key, its header with more members.
pub(crate) fn rsa_token_with(header: &str, payload: &str) -> String {
    let comma = if header.is_empty() { "" } else { "," };
    jws(&format!(r#"{{"alg":"RS256","kid":"rsa"{comma}{header}}}"#), payload, &signature(256))
}

pub(crate) fn rsa_token(payload: &str) -> String {
    rsa_token_with("", payload)
}
