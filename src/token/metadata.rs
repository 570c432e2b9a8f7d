//! Where a provider's endpoints are: OpenID Connect Discovery 1.0 §4, and RFC 8414 §3 for those who have no OpenID.

use crate::{
    jose::{discovery, url},
    json::{self, Value},
};

/// What is used of a provider's metadata. Every URL has been found good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// `token_endpoint`
    pub token: String,
    /// `authorization_endpoint`
    pub authorization: Option<String>,
    /// `revocation_endpoint`
    pub revocation: Option<String>,
    /// `end_session_endpoint`
    pub end_session: Option<String>,
    /// `jwks_uri`
    pub jwks: Option<String>,
    /// `authorization_response_iss_parameter_supported` (RFC 9207 §3)
    pub names_issuer: bool,
}

/// Where the issuer's OpenID document is.
pub fn openid_url(issuer: &str) -> String {
    discovery::url_of(issuer)
}

/// Where the issuer's OAuth document is: RFC 8414 §3.1 puts the well-known path before the issuer's own.
pub fn oauth_url(issuer: &str) -> String {
    const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
    let authority = issuer.find("://").map_or(0, |at| at + 3);
    let path = issuer[authority..].find('/').map_or(issuer.len(), |at| authority + at);
    let mut out = issuer[..path].to_owned();
    out.push_str(WELL_KNOWN);
    out.push_str(issuer[path..].strip_suffix('/').unwrap_or(&issuer[path..]));
    out
}

/// Reads a metadata document.
///
/// # Errors
/// What is wrong with it, to stand behind "the metadata document". It must name exactly `issuer` (RFC 8414 §3.3), or whoever
/// serves it could collect another provider's secrets.
pub fn parse(document: &[u8], issuer: &str) -> Result<Endpoints, &'static str> {
    if document.len() > discovery::MAX_BYTES {
        return Err("is longer than is read");
    }
    let Ok(document) = json::parse_object(document) else { return Err("is not a JSON object") };
    let text = |name| document.get(name).and_then(Value::as_str);
    if text("issuer") != Some(issuer) {
        return Err("is of another issuer than the configured one");
    }
    let good = |name| text(name).filter(|uri| url::check(uri).is_ok()).map(str::to_owned);
    let Some(token) = good("token_endpoint") else { return Err("has no usable `token_endpoint`") };
    Ok(Endpoints {
        token,
        authorization: good("authorization_endpoint"),
        revocation: good("revocation_endpoint"),
        end_session: good("end_session_endpoint"),
        jwks: good("jwks_uri"),
        names_issuer: document.get("authorization_response_iss_parameter_supported").and_then(Value::as_bool)
            == Some(true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_path_goes_where_each_standard_says() {
        for (issuer, oauth) in [
            ("https://a.example", "https://a.example/.well-known/oauth-authorization-server"),
            ("https://a.example/", "https://a.example/.well-known/oauth-authorization-server"),
            ("https://a.example/t/1", "https://a.example/.well-known/oauth-authorization-server/t/1"),
            ("https://a.example/t/1/", "https://a.example/.well-known/oauth-authorization-server/t/1"),
            ("http://[::1]:9000/t", "http://[::1]:9000/.well-known/oauth-authorization-server/t"),
        ] {
            assert_eq!(oauth_url(issuer), oauth);
        }
        assert_eq!(openid_url("https://a.example/t"), "https://a.example/t/.well-known/openid-configuration");
    }

    #[test]
    fn attack_24_only_the_issuers_own_document_counts() {
        let issuer = "https://a.example";
        let good = r#"{"issuer":"https://a.example","token_endpoint":"https://t.example/token","revocation_endpoint":"http://evil.example/"}"#;
        let endpoints = parse(good.as_bytes(), issuer).unwrap();
        assert_eq!((endpoints.token.as_str(), endpoints.revocation), ("https://t.example/token", None));
        for odd in [
            "",
            "[]",
            r#"{"issuer":"https://a.example"}"#,
            r#"{"token_endpoint":"https://t.example/token"}"#,
            r#"{"issuer":"https://a.example/","token_endpoint":"https://t.example/token"}"#,
            r#"{"issuer":"https://evil.example","token_endpoint":"https://t.example/token"}"#,
            r#"{"issuer":"https://a.example","token_endpoint":"http://t.example/token"}"#,
            r#"{"issuer":"https://a.example","token_endpoint":"https://u:p@t.example/token"}"#,
        ] {
            assert!(parse(odd.as_bytes(), issuer).is_err(), "{odd}");
        }
    }
}
