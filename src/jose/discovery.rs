//! Where a provider's keys are: OpenID Connect Discovery 1.0 §4, RFC 8414 §3.

use super::url;
use crate::{
    error::{shown, Code, Error},
    json::{self, Value},
};

/// A discovery document may be this many bytes long.
pub const MAX_BYTES: usize = 64 * 1024;

/// Where the issuer's discovery document is: §4.1 appends the well-known path after the issuer's own, of which a slash at
/// the end is taken away before.
pub fn url_of(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
}

/// Reads a discovery document and gives its `jwks_uri`.
///
/// # Errors
/// `ERR_JWKS_UNAVAILABLE`. The document must name exactly `issuer` as its own (§4.3), or whoever serves it could speak for
/// somebody else.
pub fn parse(document: &[u8], issuer: &str) -> Result<String, Error> {
    let fail = |message: String| Err(Error::new(Code::JwksUnavailable, message));
    if document.len() > MAX_BYTES {
        return fail(format!("the discovery document is longer than {MAX_BYTES} bytes"));
    }
    let document = match json::parse_object(document) {
        Ok(document) => document,
        Err(problem) => return fail(format!("the discovery document {problem}")),
    };
    match document.get("issuer").and_then(Value::as_str) {
        Some(named) if named == issuer => {}
        Some(named) => {
            return fail(format!(
                "the discovery document is of the issuer \"{}\", but \"{}\" is configured: configure the one that the tokens \
                 have in `iss`, and give `jwksUri` where the provider can't publish a document for it",
                shown(named),
                shown(issuer)
            ))
        }
        None => return fail("the discovery document has no `issuer`".into()),
    }
    let Some(uri) = document.get("jwks_uri").and_then(Value::as_str) else {
        return fail("the discovery document has no `jwks_uri`: give `jwksUri` in the configuration".into());
    };
    match url::check(uri) {
        Ok(()) => Ok(uri.to_owned()),
        Err(problem) => fail(format!("`jwks_uri` in the discovery document {problem}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://issuer.example";

    #[test]
    fn one_slash_is_stripped() {
        assert_eq!(url_of(ISSUER), "https://issuer.example/.well-known/openid-configuration");
        assert_eq!(url_of("https://issuer.example/"), "https://issuer.example/.well-known/openid-configuration");
        assert_eq!(url_of("https://issuer.example/a/"), "https://issuer.example/a/.well-known/openid-configuration");
        assert_eq!(url_of("https://issuer.example//"), "https://issuer.example//.well-known/openid-configuration");
    }

    #[test]
    fn gives_the_jwks_uri() {
        let document = br#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks","x":1}"#;
        assert_eq!(parse(document, ISSUER).unwrap(), "https://keys.example/jwks");
    }

    #[test]
    fn another_issuer_is_refused_and_both_are_named() {
        for named in ["https://issuer.example/", "https://evil.example", "https://ISSUER.example"] {
            let document = format!(r#"{{"issuer":"{named}","jwks_uri":"https://keys.example/jwks"}}"#);
            let error = parse(document.as_bytes(), ISSUER).unwrap_err();
            assert_eq!(error.code(), Code::JwksUnavailable);
            assert!(error.message().contains(&format!("\"{named}\"")), "{error}");
            assert!(error.message().contains("\"https://issuer.example\""), "{error}");
        }
    }

    #[test]
    fn attack_4_odd_documents_lead_nowhere() {
        for document in [
            "",
            "[]",
            "{}",
            r#"{"issuer":"https://issuer.example"}"#,
            r#"{"jwks_uri":"https://keys.example"}"#,
            r#"{"issuer":["https://issuer.example"],"jwks_uri":"https://keys.example"}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":["https://keys.example"]}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":"http://keys.example"}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":"https://u:p@keys.example"}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/#x"}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":"file:///etc/passwd"}"#,
            r#"{"issuer":"https://evil.example","issuer":"https://issuer.example","jwks_uri":"https://keys.example"}"#,
        ] {
            assert!(parse(document.as_bytes(), ISSUER).is_err(), "{document}");
        }
        let long = format!(
            r#"{{"issuer":"https://issuer.example","jwks_uri":"https://keys.example","x":"{}"}}"#,
            "x".repeat(MAX_BYTES)
        );
        assert!(parse(long.as_bytes(), ISSUER).is_err());
    }
}
