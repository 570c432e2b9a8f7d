//! Where a provider's endpoints are, by its metadata. How that is found and read is `jose::discovery`'s, as for the verifier.

use crate::jose::{
    discovery::{Document, Remedy, Unusable},
    issuer::Issuer,
    url::PlainHosts,
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

/// Reads a metadata document.
///
/// # Errors
/// [`Unusable`].
pub fn parse(text: &[u8], issuer: &str, hosts: &PlainHosts) -> Result<Endpoints, Unusable> {
    let remedy = Remedy { instead: "give `tokenEndpoint`, and leave `issuer` out" };
    let document = Document::read(text, &Issuer::exactly(issuer).and_hosts(hosts), remedy)?;
    let optional = |name| document.url(name).ok().flatten().map(str::to_owned);
    let Some(token) = document.url("token_endpoint")? else {
        let why = "the metadata document has no `token_endpoint`: give `tokenEndpoint`".to_owned();
        return Err(Unusable { why, is_document: true });
    };
    Ok(Endpoints {
        token: token.to_owned(),
        authorization: optional("authorization_endpoint"),
        revocation: optional("revocation_endpoint"),
        end_session: optional("end_session_endpoint"),
        jwks: optional("jwks_uri"),
        names_issuer: document.flag("authorization_response_iss_parameter_supported"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_24_only_the_issuers_own_document_counts() {
        let issuer = "https://a.example";
        let good = r#"{"issuer":"https://a.example","token_endpoint":"https://t.example/token","revocation_endpoint":"http://evil.example/"}"#;
        let endpoints = parse(good.as_bytes(), issuer, &PlainHosts::default()).unwrap();
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
            r#"{"issuer":"https://a.example","issuer":"https://b.example","token_endpoint":"https://t.example/token"}"#,
            r#"{"issuer":"https://a.example","token_endpoint":"https://t.example/a","token_endpoint":"https://t.example/b"}"#,
        ] {
            assert!(parse(odd.as_bytes(), issuer, &PlainHosts::default()).is_err(), "{odd}");
        }
        let clumsy =
            "\u{feff}{\"issuer\":\"https://a.example\",\"x\":1,\"x\":2,\"token_endpoint\":\"https://t.example/token\"}";
        assert_eq!(parse(clumsy.as_bytes(), issuer, &PlainHosts::default()).unwrap().token, "https://t.example/token");
    }
}
