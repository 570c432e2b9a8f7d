//! A verifier's options without its functions, from a builder or from JSON: one reader checks both, the core's.

// proptest is not there for wasm32.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

use std::{sync::Arc, time::Duration};

use super::{
    caches::{JwksCache, TokenCache},
    provider::Provider,
    verified::ProviderFacts,
};
use crate::{
    config::Reader,
    driver::{draft::Draft, words::Words, Here},
    error::{shown, Code, Error},
    jose::{
        options::{self, ReadSettings},
        verify::Verifier,
    },
    json::{self, Object, Value},
    platform::Platform,
    secret::Secret,
};

/// Options of the package's that are functions, and the builder's methods for them.
const FUNCTIONS: [(&str, &str); 5] = [
    ("checkClaims", "check_claims"),
    ("fetch", "fetch"),
    ("isRevoked", "is_revoked"),
    ("now", "clock"),
    ("onEvent", "on_event"),
];

/// The options as far as they are data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    draft: Draft,
    /// Secrets stand beside, and in no text.
    secrets: Vec<(String, Secret)>,
    words: Words,
    problem: Option<Error>,
    /// How long a request for keys may take, where that is said: so long have the verifier's functions, which the core knows nothing of.
    timeout: Option<Duration>,
    reading: Reading,
}

/// What reads the options: of what nobody calls, nothing is in the program.
#[derive(Clone, Copy)]
struct Reading {
    /// Stricter where they are not a builder's alone.
    reader: for<'o, 't> fn(&str, &'o Object<'t>) -> Reader<'o, 't>,
    settings: ReadSettings,
}

impl Default for Reading {
    fn default() -> Self {
        Self { reader: |path, options| Reader::sound(path, options), settings: options::default_settings }
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reading")
    }
}

impl Options {
    /// Options that a JSON text holds, secrets aside: those of the package's `JwtVerifier.create`.
    pub(crate) fn from_json(text: &str) -> Self {
        let reading = Reading { reader: |path, options| Reader::new(path, options), settings: options::settings };
        let mut options = Self { words: Words::Json, reading, ..Self::default() };
        if let Err(error) = options.read(text) {
            options.problem = Some(error);
        }
        options
    }

    fn read(&mut self, text: &str) -> Result<(), Error> {
        let object = json::object_of(text).map_err(|problem| {
            let (path, problem) = json::blame(text).unwrap_or((String::new(), problem));
            let path = if path.is_empty() { "options".to_owned() } else { path };
            config(&path, &problem.to_string())
        })?;
        for (name, value) in object.iter() {
            // The core takes their names for what JavaScript has kept. Here they would be gone without a word.
            if let Some((_, method)) = FUNCTIONS.iter().find(|(function, _)| *function == name) {
                return Err(config(name, &format!("is no data, and stands in no JSON: give it by `{method}`")));
            }
            if let (Some(cache), "jwksCache") = (value.as_object(), name) {
                if cache.get("store").is_some() {
                    return Err(config(
                        "jwksCache.store",
                        "is no data, and stands in no JSON: give it by `jwks_store`",
                    ));
                }
                let timeout = cache.get("timeoutMs").and_then(Value::as_number);
                self.timeout = timeout.map(|millis| Duration::from_millis(millis.as_f64() as u64));
            }
            match value {
                Value::Object(providers) if name == "providers" => {
                    for (name, provider) in providers.iter() {
                        if provider.as_object().is_some_and(|provider| provider.get("secret").is_some()) {
                            let fix = "stands in no JSON: give its bytes by `provider_secret`";
                            return Err(config(&format!("providers.{}.secret", shown(name)), fix));
                        }
                        self.draft.add_member("providers", name, text_of(provider));
                    }
                }
                value => self.draft.set(name, text_of(value)),
            }
        }
        Ok(())
    }

    /// Notes what is wrong with the whole, to be said when it is built.
    #[cfg(all(feature = "serde-wasm-bindgen", target_arch = "wasm32", target_os = "unknown"))]
    pub(crate) fn refuse(&mut self, problem: Error) {
        self.problem.get_or_insert(problem);
    }

    /// Adds a provider.
    pub(crate) fn provider(&mut self, name: &str, provider: Provider) {
        let (draft, secret) = provider.into_parts();
        if let (None, Some((option, what))) = (&self.problem, draft.problem()) {
            let path = format!("providers.{}.{option}", shown(name));
            self.problem = Some(self.words.tell(config(&path, what)));
        }
        self.draft.add_member("providers", name, draft.to_json());
        if let Some(secret) = secret {
            self.secret(name, secret);
        }
    }

    /// Gives a provider its secret.
    pub(crate) fn secret(&mut self, provider: &str, secret: Secret) {
        self.secrets.retain(|(name, _)| name != provider);
        self.secrets.push((provider.to_owned(), secret));
    }

    /// How far clocks may be apart.
    pub(crate) fn clock_tolerance(&mut self, tolerance: Duration) {
        self.reading.settings = options::settings;
        self.draft.set_seconds("clockToleranceSec", tolerance);
    }

    /// The cache of verified tokens; `None` for none.
    pub(crate) fn token_cache(&mut self, cache: Option<TokenCache>) {
        self.reading.settings = options::settings;
        self.draft.set("tokenCache", cache.map_or_else(|| "false".to_owned(), |cache| cache.draft.to_json()));
    }

    /// The cache of keys.
    pub(crate) fn jwks_cache(&mut self, cache: JwksCache) {
        self.reading.settings = options::settings;
        self.timeout = cache.timeout;
        self.draft.set("jwksCache", cache.draft.to_json());
    }

    /// How long a request for keys may take, where that is said.
    pub(crate) const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Hosts that may be asked in plain text.
    pub(crate) fn insecure_hosts(&mut self, hosts: impl IntoIterator<Item = impl Into<String>>) {
        self.draft.add_texts("insecureHosts", hosts);
    }

    /// In which words errors are to be told, those of tokens included.
    pub(crate) const fn words(&self) -> Words {
        self.words
    }

    /// The machine, and what it calls its providers.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the option and the fix.
    pub(crate) fn into_machine(self) -> Result<(Verifier, Arc<[ProviderFacts]>), Error> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let told = |error| self.words.tell(error);
        if let Some((option, what)) = self.draft.problem() {
            return Err(told(config(option, what)));
        }
        let text = self.draft.to_json();
        let object = json::object_of(&text).map_err(|problem| config("options", &problem.to_string()))?;
        let names = object.get("providers").and_then(Value::as_object);
        if let Some((name, _)) = self.secrets.iter().find(|(name, _)| names.is_none_or(|all| all.get(name).is_none())) {
            let what = format!("names \"{}\", and there is no such provider", shown(name));
            return Err(config("provider_secret", &what));
        }
        let secret_of = |name: &str| self.secrets.iter().find(|(own, _)| own == name).map(|(_, secret)| secret.clone());
        let machine =
            options::verifier_of((self.reading.reader)("", &object), self.reading.settings, secret_of).map_err(told)?;
        check_algorithms(&machine)?;
        let fact = |(at, (name, _)): (usize, (&str, _))| ProviderFacts {
            name: name.to_owned(),
            issuer: machine.provider(at).map_or(String::new(), |provider| provider.issuer.text().to_owned()),
        };
        let facts = names.into_iter().flat_map(|all| all.iter().enumerate()).map(fact).collect();
        Ok((machine, facts))
    }
}

/// Refuses a provider none of whose signatures could be checked here.
fn check_algorithms(machine: &Verifier) -> Result<(), Error> {
    if Here::SUPPORTS_ALL {
        return Ok(());
    }
    for provider in (0..).map_while(|at| machine.provider(at)) {
        if !provider.keys.algorithms.iter().any(Here::supports) {
            let path = format!("providers.{}.algorithms", shown(&provider.name));
            return Err(config(
                &path,
                "has none that can be checked here: without WebCrypto (the feature `web` on wasm32-unknown-unknown) there are HS256, \
                 HS384, HS512, ES256 and EdDSA, by the feature `jwt-compact`",
            ));
        }
    }
    Ok(())
}

fn config(path: &str, what: &str) -> Error {
    Error::new(Code::Config, format!("`{path}` {what}")).about(path.to_owned())
}

fn text_of(value: &Value<'_>) -> String {
    let mut text = String::new();
    value.write(&mut text);
    text
}
