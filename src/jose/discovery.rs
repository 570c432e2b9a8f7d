//! What a provider publishes about itself, as the verifier and the token manager both read it: OpenID Connect Discovery 1.0
//! §4, and RFC 8414 §3 for those who have no OpenID.

use super::{
    issuer::{Issuer, TENANT},
    url::{self, PlainHosts},
};
use crate::{
    error::shown,
    json::{self, Object, Problem, Value},
    text,
};

/// A document may be this many bytes long.
pub const MAX_BYTES: usize = 64 * 1024;

/// Where the issuer's documents can be, in the order in which they are asked for. At one place there may be nothing, or a page
/// for people; the next one is then asked.
pub fn places(issuer: &str) -> [String; 2] {
    [openid_url(issuer), oauth_url(issuer)]
}

/// Where the issuer's OpenID document is: §4.1 appends the well-known path after the issuer's own, of which a slash at
/// the end is taken away before.
fn openid_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
}

/// Where the issuer's OAuth document is: RFC 8414 §3.1 puts the well-known path before the issuer's own.
fn oauth_url(issuer: &str) -> String {
    const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
    let authority = text::find(issuer, "://").map_or(0, |at| at + 3);
    let host = text::before(issuer.get(authority..).unwrap_or_default(), b"/");
    let (origin, path) = issuer.split_at_checked(authority + host.len()).unwrap_or((issuer, ""));
    format!("{origin}{WELL_KNOWN}{}", path.strip_suffix('/').unwrap_or(path))
}

/// How much the status of one place says of why there is no document: of two, the weightier is the one to tell. A server that is
/// ill, or gives no answer, counts more than one that has something else there, and that more than one that has nothing.
pub const fn weight(status: Option<u16>) -> u8 {
    match status {
        None | Some(408 | 425 | 429 | 500..) => 2,
        Some(200..=299) => 1,
        Some(_) => 0,
    }
}

/// The options by which a user mends what a document says, for messages.
#[derive(Clone, Copy, Debug)]
pub struct Remedy {
    /// What takes the place of the document.
    pub instead: &'static str,
}

/// Why a document is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// To stand behind the name of the document, or its URL and a colon.
    pub why: String,
    /// Whether it was a provider's document at all, and not the page of some server in its place.
    pub is_document: bool,
}

/// A document that names the issuer that was asked for.
#[derive(Debug)]
pub struct Document<'t>(Object<'t>, PlainHosts);

impl<'t> Document<'t> {
    /// Reads a document. It must name exactly `issuer` as its own (Discovery §4.3, RFC 8414 §3.3), or whoever serves it could
    /// speak for somebody else, or collect another provider's secrets.
    ///
    /// # Errors
    /// [`Unusable`]; of a document of another issuer it says both, and what to do.
    pub fn read(text: &'t [u8], issuer: &Issuer, remedy: Remedy) -> Result<Self, Unusable> {
        let none = |why: String| Unusable { why, is_document: false };
        if text.len() > MAX_BYTES {
            return Err(none(format!("the metadata document is longer than {MAX_BYTES} bytes")));
        }
        let document = match json::provided(text) {
            Ok(Value::Object(document)) => Ok(document),
            Ok(_) => Err(Problem::NotAnObject),
            Err(problem) => Err(problem),
        };
        let document = document.map_err(|problem| none(format!("the metadata document {problem}")))?;
        if document.is_ambiguous("issuer") {
            return Err(refused("the metadata document has two different `issuer`s".into()));
        }
        match document.get("issuer").and_then(Value::as_str) {
            Some(named) if issuer.is_described_by(named) => Ok(Self(document, issuer.hosts().clone())),
            Some(named) => Err(refused(other_issuer(named, issuer, remedy))),
            None => Err(none("the metadata document has no `issuer`".into())),
        }
    }

    /// A URL, if the document has it and it may be used.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn url(&self, name: &str) -> Result<Option<&str>, Unusable> {
        if self.0.is_ambiguous(name) {
            return Err(refused(format!("the metadata document has two different `{name}`s")));
        }
        let uri = self.0.get(name).and_then(Value::as_str).filter(|uri| !uri.is_empty());
        let Some(uri) = uri else { return Ok(None) };
        match url::check_with(uri, &self.1) {
            Ok(()) => Ok(Some(uri)),
            Err(problem) => Err(refused(format!("`{name}` in the metadata document {problem}"))),
        }
    }

    /// Whether a flag is set.
    pub fn flag(&self, name: &str) -> bool {
        self.0.iter().any(|(key, value)| key == name && value.as_bool() == Some(true))
    }
}

/// The place of the keys, by a document of the provider's.
///
/// # Errors
/// [`Unusable`].
pub fn jwks_uri(text: &[u8], issuer: &Issuer) -> Result<String, Unusable> {
    let remedy = Remedy { instead: "give `jwksUri`, or `discoveryUrl` where the right document has another address" };
    let document = Document::read(text, issuer, remedy)?;
    let uri = document.url("jwks_uri")?;
    uri.map(str::to_owned).ok_or_else(|| {
        refused("the metadata document has no `jwks_uri`: give `jwksUri` in the configuration".to_owned())
    })
}

const fn refused(why: String) -> Unusable {
    Unusable { why, is_document: true }
}

/// Both issuers, and the option that mends it.
#[cold]
#[inline(never)]
fn other_issuer(named: &str, issuer: &Issuer, remedy: Remedy) -> String {
    let configured = issuer.text();
    let mut out = format!(
        "the metadata document is of the issuer \"{}\", but \"{}\" is configured as `issuer`: ",
        shown(named),
        shown(configured)
    );
    if text::contains(named, TENANT) {
        out.push_str(
            "it is for all tenants, so configure one tenant's own issuer, or for a verifier this one with `tenants`",
        );
    } else if named.trim_end_matches('/') == configured.trim_end_matches('/') {
        out.push_str("the slash at the end counts, so set `issuer` to what the document and the tokens say");
    } else {
        out.push_str("set `issuer` to the one that the tokens have in `iss`");
    }
    out.push_str("; where that is another one than the document's, ");
    out.push_str(remedy.instead);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://issuer.example";

    fn parse(document: &str) -> Result<String, Unusable> {
        jwks_uri(document.as_bytes(), &Issuer::exactly(ISSUER))
    }

    #[test]
    fn the_well_known_path_goes_where_each_standard_says() {
        for (issuer, openid, oauth) in [
            ("https://a.example", "https://a.example", "https://a.example/.well-known/oauth-authorization-server"),
            ("https://a.example/", "https://a.example", "https://a.example/.well-known/oauth-authorization-server"),
            ("https://a.b/t", "https://a.b/t", "https://a.b/.well-known/oauth-authorization-server/t"),
            ("https://a.example//", "https://a.example/", "https://a.example/.well-known/oauth-authorization-server/"),
            (
                "https://a.example/t/1",
                "https://a.example/t/1",
                "https://a.example/.well-known/oauth-authorization-server/t/1",
            ),
            (
                "https://a.example/t/1/",
                "https://a.example/t/1",
                "https://a.example/.well-known/oauth-authorization-server/t/1",
            ),
            (
                "http://[::1]:9000/t",
                "http://[::1]:9000/t",
                "http://[::1]:9000/.well-known/oauth-authorization-server/t",
            ),
        ] {
            assert_eq!(places(issuer), [format!("{openid}/.well-known/openid-configuration"), oauth.to_owned()]);
        }
    }

    #[test]
    fn a_document_leads_to_plain_http_only_where_that_is_allowed() {
        let hosts = PlainHosts::of(&["idp:8080".to_owned()]).unwrap();
        let issuer = Issuer::exactly("http://idp:8080").and_hosts(&hosts);
        let of = |uri: &str| {
            let document = format!(r#"{{"issuer":"http://idp:8080","jwks_uri":"{uri}"}}"#);
            jwks_uri(document.as_bytes(), &issuer)
        };
        assert!(of("http://idp:8080/certs").is_ok() && of("https://keys.example/").is_ok());
        assert!(of("http://idp:8081/certs").is_err() && of("http://evil/").is_err());
    }

    #[test]
    fn gives_the_jwks_uri() {
        for clumsy in [
            r#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks","x":1}"#,
            "\u{feff}{\"issuer\":\"https://issuer.example\",\"jwks_uri\":\"https://keys.example/jwks\"}",
            r#"{"x":1,"issuer":"https://issuer.example","x":2,"jwks_uri":"https://keys.example/jwks"}"#,
            r#"{"issuer":"https://issuer.example","issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks"}"#,
            r#"{"op_name":"\ud83d","issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks"}"#,
        ] {
            assert_eq!(parse(clumsy).unwrap(), "https://keys.example/jwks", "{clumsy}");
        }
    }

    #[test]
    fn another_issuer_is_refused_and_both_are_named_with_the_option() {
        for (named, hint) in [
            ("https://issuer.example/", "slash"),
            ("https://evil.example", "`jwksUri`"),
            ("https://ISSUER.example", "`iss`"),
            ("https://login.example/{tenantid}/v2.0", "`tenants`"),
        ] {
            let unusable =
                parse(&format!(r#"{{"issuer":"{named}","jwks_uri":"https://keys.example/jwks"}}"#)).unwrap_err();
            assert!(unusable.is_document);
            for part in [&format!("\"{named}\"")[..], "\"https://issuer.example\"", "`issuer`", hint] {
                assert!(unusable.why.contains(part), "{}", unusable.why);
            }
        }
    }

    #[test]
    fn attack_4_odd_documents_lead_nowhere() {
        for document in [
            "",
            "[]",
            "{}",
            "<!doctype html>",
            r#"{"issuer":"https://issuer.example"}"#,
            r#"{"jwks_uri":"https://keys.example"}"#,
            r#"{"issuer":["https://issuer.example"],"jwks_uri":"https://keys.example"}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":["https://keys.example"]}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":"http://keys.example"}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":"https://u:p@keys.example"}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/#x"}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":"file:///etc/passwd"}"#,
            r#"{"issuer":"https://evil.example","issuer":"https://issuer.example","jwks_uri":"https://keys.example"}"#,
            r#"{"issuer":"https://issuer.example","issuer":"https://evil.example","jwks_uri":"https://keys.example"}"#,
            r#"{"issuer":"https://issuer.example","jwks_uri":"https://a.example","jwks_uri":"https://b.example"}"#,
        ] {
            assert!(parse(document).is_err(), "{document}");
        }
        let long = format!(
            r#"{{"issuer":"https://issuer.example","jwks_uri":"https://keys.example","x":"{}"}}"#,
            "x".repeat(MAX_BYTES)
        );
        assert!(parse(&long).is_err());
    }
}
