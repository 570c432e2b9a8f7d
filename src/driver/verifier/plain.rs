//! The options of a verifier that are data.

use std::time::Duration;

use super::{Builder, JwksCache, Provider, TokenCache};
use crate::secret::Secret;

impl Builder {
    /// Adds a provider, by a name for logs and messages. (Identity uses the issuer.)
    pub fn provider(mut self, name: impl AsRef<str>, provider: Provider) -> Self {
        self.options.provider(name.as_ref(), provider);
        self
    }

    /// The shared secret of a provider that stands in JSON, where no secret stands: of 32 bytes at least.
    ///
    /// ```
    /// # fn secret_of_the_environment() -> Vec<u8> { vec![7; 32] }
    /// # fn main() -> Result<(), arcgate::Error> {
    /// use arcgate::verifier::Builder;
    ///
    /// let options = r#"{ "providers": { "legacy": { "issuer": "http-gateway", "audience": "api" } } }"#;
    /// let verifier = Builder::from_json(options).provider_secret("legacy", secret_of_the_environment()).build()?;
    /// # let _ = verifier;
    /// # Ok(())
    /// # }
    /// ```
    pub fn provider_secret(mut self, provider: impl AsRef<str>, secret: impl Into<Vec<u8>>) -> Self {
        self.options.secret(provider.as_ref(), Secret::new(secret.into()));
        self
    }

    /// How far clocks may be apart: so long before `nbf` and `iat`, and after `exp`, a token is accepted. 30 seconds; 10 minutes at most.
    pub fn clock_tolerance(mut self, tolerance: Duration) -> Self {
        self.options.clock_tolerance(tolerance);
        self
    }

    /// The bounds of the cache of verified tokens.
    pub fn token_cache(mut self, cache: TokenCache) -> Self {
        self.options.token_cache(Some(cache));
        self
    }

    /// No cache of verified tokens: each use of one costs a signature.
    pub fn no_token_cache(mut self) -> Self {
        self.options.token_cache(None);
        self
    }

    /// How the providers' keys are kept and fetched.
    pub fn jwks_cache(mut self, cache: JwksCache) -> Self {
        self.options.jwks_cache(cache);
        self
    }

    /// Hosts in a network of your own that may be asked over plain http: exactly these, with exactly these ports, such as
    /// `keycloak:8080`. Whoever is on that network can read and change what goes there, the keys included. (This machine's own,
    /// `localhost`, `127.0.0.1` and `[::1]`, may be asked anyway.)
    pub fn insecure_hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.insecure_hosts(hosts);
        self
    }
}
