//! Errors in the words of whoever reads them. The core names options as JSON has them; who has set them by a builder's methods is told
//! of those.

use crate::{
    error::{Code, Error},
    text::replaced,
};

/// In which words errors are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Words {
    /// Options have the names of the builders' methods.
    #[default]
    Rust,
    /// Options have their names in JSON.
    Json,
}

/// What the builders call it otherwise than JSON does.
const NAMES: [(&str, &str); 21] = [
    ("audience: null", "any_audience"),
    ("clockToleranceSec", "clock_tolerance"),
    ("cooldownSec", "cooldown"),
    ("discoveryUrl", "discovery_at"),
    ("insecureHosts", "insecure_hosts"),
    ("jwksCache", "jwks_cache"),
    ("jwksUri", "jwks_uri"),
    ("labelClaims", "label"),
    ("maxAgeSec", "max_age"),
    ("maxBytes", "max_bytes"),
    ("maxEntries", "max_entries"),
    ("maxLifetimeSec", "max_lifetime"),
    ("maxTokenAgeSec", "max_token_age"),
    ("optionalClaims", "optional_claims"),
    ("principalClaim", "principal_claim"),
    ("requiredClaims", "required_claim_value"),
    ("requiredScopes", "required_scopes"),
    ("scopeClaims", "scope_claims"),
    ("staleIfErrorSec", "stale_if_error"),
    ("timeoutMs", "timeout"),
    ("tokenCache", "token_cache"),
];

/// What is said of values that JSON has and methods don't.
const PHRASES: [(&str, &str); 5] = [
    ("or null to accept", "or say `any_audience` to accept"),
    ("or null for \"any, or none\"", "or `any_audience`"),
    ("or say \"any\"", "or say `any_tenant`"),
    ("must be a list of tenants, or \"any\"", "must list tenants; for all of them there is `any_tenant`"),
    ("give the bytes as `secret` here", "give the bytes by `provider_secret`"),
];

impl Words {
    /// The error in these words.
    pub(crate) fn tell(self, error: Error) -> Error {
        if self == Self::Json {
            return error;
        }
        let code = error.code();
        let mut message = renamed(error.message());
        if code == Code::Config {
            for (json, rust) in PHRASES {
                message = replaced(&message, json, rust);
            }
            let unit = match error.subject() {
                Some(subject) if subject.ends_with("Sec") => "must be, in seconds, from",
                Some(subject) if subject.ends_with("Ms") => "must be, in milliseconds, from",
                _ => "must be a number from",
            };
            message = replaced(&message, "must be a number from", unit);
        }
        // Of a token that is refused the subject is a claim, whatever its name.
        let subject = error.subject().filter(|_| code == Code::Config).map(name_of);
        let told = error.told(code, message);
        match subject {
            Some(subject) => told.about(subject),
            None => told,
        }
    }
}

/// A message with the names that stand in backticks in it, but for those of claims.
fn renamed(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut parts = message.split('`');
    let mut before = parts.next().unwrap_or_default();
    out.push_str(before);
    // Names and what stands between them take turns.
    while let Some(name) = parts.next() {
        out.push('`');
        if before.ends_with("claim ") {
            out.push_str(name);
        } else {
            out.push_str(&name_of(name));
        }
        let Some(after) = parts.next() else { break };
        out.push('`');
        out.push_str(after);
        before = after;
    }
    out
}

/// An option's name, or the path of one.
fn name_of(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for segment in name.split('.') {
        let is_provider = out == "providers";
        if !out.is_empty() {
            out.push('.');
        }
        // A provider has the name that the user gave it.
        let known = NAMES.iter().find(|(json, _)| *json == segment && !is_provider);
        out.push_str(known.map_or(segment, |(_, rust)| rust));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_the_names_of_methods() {
        for (message, expected) in [
            ("`providers.maxBytes.jwksUri` is missing", "`providers.maxBytes.jwks_uri` is missing"),
            ("`jwksCache.maxAgeSec` is wrong", "`jwks_cache.max_age` is wrong"),
            (
                "the token lacks the claim `jwksUri`; name it in `optionalClaims`",
                "the token lacks the claim `jwksUri`; name it in `optional_claims`",
            ),
            ("set `audience: null`", "set `any_audience`"),
            ("one ` alone", "one ` alone"),
            ("`", "`"),
            ("", ""),
        ] {
            assert_eq!(Words::Rust.tell(Error::new(Code::TokenClaim, message)).message(), expected);
            assert_eq!(Words::Json.tell(Error::new(Code::TokenClaim, message)).message(), message);
        }
    }

    #[test]
    fn only_of_the_configuration_the_subject_is_an_option() {
        let error = |code| Error::new(code, "`x.maxAgeSec` must be a number from 0 to 9").about("x.maxAgeSec");
        let told = Words::Rust.tell(error(Code::Config));
        assert_eq!(told.subject(), Some("x.max_age"));
        assert_eq!(told.message(), "`x.max_age` must be, in seconds, from 0 to 9");
        assert_eq!(Words::Rust.tell(error(Code::TokenClaim)).subject(), Some("x.maxAgeSec"));
    }
}
