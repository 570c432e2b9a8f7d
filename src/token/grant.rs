//! Requests to a token endpoint: RFC 6749 §4.1.3, §4.4 and §6, with the ways in which a client shows who it is (§2.3.1,
//! RFC 7523 §2.2), resources (RFC 8707) and revocation (RFC 7009).

use super::persisted_state::text_of;
use crate::{
    jose::base64url,
    json::Members,
    secret::Secret,
    time::{Span, Time},
};

/// A client's assertion is good for so long.
const ASSERTION_LIFE: Span = Span::from_secs(60);

/// A request with a body of type `application/x-www-form-urlencoded`. All of it is secret.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where it goes.
    pub url: String,
    /// The header field `Authorization`.
    pub authorization: Option<Secret>,
    /// The body.
    pub body: Secret,
}

/// How a client shows who it is.
#[derive(Clone, Debug)]
pub enum ClientAuth {
    /// Not at all: a public client.
    None,
    /// By its secret, in `Authorization`.
    Basic(Secret),
    /// By its secret, in the body.
    Post(Secret),
    /// By a JWT that it signs.
    PrivateKeyJwt(Box<Assertion>),
}

/// What a client's assertion says beside who it is and when.
#[derive(Clone, Debug, Default)]
pub struct Assertion {
    /// `alg`
    pub algorithm: String,
    /// `kid`
    pub key_id: Option<String>,
    /// `aud`, where it is neither the token endpoint nor the issuer.
    pub audience: Option<String>,
    /// `x5t` and `x5t#S256`: how Entra finds a client's certificate.
    pub thumbprints: Vec<(&'static str, String)>,
}

/// A form under construction.
#[derive(Debug, Default)]
pub struct Form(String);

impl Form {
    /// Adds a pair.
    pub fn push(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        encode(&mut self.0, name);
        self.0.push('=');
        encode(&mut self.0, value);
    }

    /// Adds a pair, if there is a value.
    pub fn push_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.push(name, value);
        }
    }

    /// Adds a secret.
    pub fn push_secret(&mut self, name: &str, value: &Secret) {
        self.push_some(name, text_of(value));
    }

    /// The form as a query string.
    pub fn into_query(self) -> String {
        self.0
    }

    /// The request, with what shows who the client is. `assertion` is [`assertion_input`] with its signature.
    pub fn into_request(
        mut self,
        url: &str,
        client_id: &str,
        auth: &ClientAuth,
        assertion: Option<&Secret>,
    ) -> Request {
        let mut authorization = None;
        match auth {
            ClientAuth::None => self.push("client_id", client_id),
            ClientAuth::Basic(secret) => authorization = Some(basic(client_id, secret)),
            ClientAuth::Post(secret) => {
                self.push("client_id", client_id);
                self.push_secret("client_secret", secret);
            }
            ClientAuth::PrivateKeyJwt(_) => {
                self.push("client_id", client_id);
                self.push("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                if let Some(assertion) = assertion {
                    self.push_secret("client_assertion", assertion);
                }
            }
        }
        Request { url: url.to_owned(), authorization, body: Secret::new(self.0) }
    }
}

/// RFC 6749 §2.3.1: both are form-encoded before they are put together.
fn basic(client_id: &str, secret: &Secret) -> Secret {
    let mut pair = String::new();
    encode(&mut pair, client_id);
    pair.push(':');
    encode(&mut pair, text_of(secret).unwrap_or_default());
    let mut encoded = String::new();
    base64url::encode(pair.as_bytes(), &mut encoded);
    // The other alphabet, and padding.
    let mut header = String::from("Basic ");
    header.extend(encoded.chars().map(|c| match c {
        '-' => '+',
        '_' => '/',
        other => other,
    }));
    header.extend(std::iter::repeat_n('=', (4 - encoded.len() % 4) % 4));
    Secret::new(header)
}

/// What a client signs: header and claims, each in base64url, with a dot between them.
pub fn assertion_input(assertion: &Assertion, client_id: &str, audience: &str, id: &str, now: Time) -> String {
    let seconds = |time: Time| time.as_millis() / 1000;
    let header = Members::new()
        .text("typ", "JWT")
        .text("alg", &assertion.algorithm)
        .some_text("kid", assertion.key_id.as_deref());
    let header = assertion.thumbprints.iter().fold(header, |header, (name, value)| header.text(name, value)).end();
    let claims = Members::new()
        .text("iss", client_id)
        .text("sub", client_id)
        .text("aud", audience)
        .text("jti", id)
        .integer("iat", seconds(now))
        .integer("exp", seconds(now.plus(ASSERTION_LIFE)))
        .end();
    let mut out = String::new();
    base64url::encode(header.as_bytes(), &mut out);
    out.push('.');
    base64url::encode(claims.as_bytes(), &mut out);
    out
}

/// Appends text as `application/x-www-form-urlencoded` (RFC 6749, appendix B).
#[expect(clippy::indexing_slicing, reason = "four bits of sixteen digits")]
pub fn encode(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::{
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
        Engine as _,
    };

    use super::*;

    fn shown(secret: &Secret) -> &str {
        text_of(secret).unwrap()
    }

    #[test]
    fn forms_are_encoded_as_urlsearchparams_does() {
        let mut form = Form::default();
        form.push("a b", "é&=+/~*-._\u{1F600}");
        form.push("c", "");
        assert_eq!(form.into_query(), "a+b=%C3%A9%26%3D%2B%2F%7E*-._%F0%9F%98%80&c=");
    }

    #[test]
    fn basic_encodes_before_it_joins() {
        let auth = ClientAuth::Basic(Secret::new("p:w %\u{7fff}~?"));
        let request = Form::default().into_request("https://x", "c:i", &auth, None);
        let header = STANDARD.encode("c%3Ai:p%3Aw+%25%E7%BF%BF%7E%3F");
        assert_eq!(shown(&request.authorization.unwrap()), format!("Basic {header}"));
        assert_eq!(shown(&request.body), "");
    }

    #[test]
    fn each_way_to_show_who_the_client_is() {
        let body = |auth: ClientAuth| {
            shown(&Form::default().into_request("https://x", "c", &auth, Some(&Secret::new("j"))).body).to_owned()
        };
        assert_eq!(body(ClientAuth::None), "client_id=c");
        assert_eq!(body(ClientAuth::Post(Secret::new("s&"))), "client_id=c&client_secret=s%26");
        let jwt = ClientAuth::PrivateKeyJwt(Box::default());
        assert_eq!(
            body(jwt),
            "client_id=c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=j"
        );
    }

    #[test]
    fn an_assertion_says_who_for_whom_and_how_long() {
        let assertion = Assertion {
            algorithm: "ES256".into(),
            key_id: Some("k".into()),
            thumbprints: vec![("x5t", "a".into()), ("x5t#S256", "b".into())],
            ..Assertion::default()
        };
        let input = assertion_input(&assertion, "c\"", "https://x", "id", Time::from_millis(5999.0));
        let parts: Vec<_> = input.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        assert_eq!(parts[0], br#"{"typ":"JWT","alg":"ES256","kid":"k","x5t":"a","x5t#S256":"b"}"#);
        assert_eq!(parts[1], br#"{"iss":"c\"","sub":"c\"","aud":"https://x","jti":"id","iat":5,"exp":65}"#);
    }

    #[test]
    fn basic_is_padded() {
        for secret in ["s", "ss", "sss", "ssss"] {
            let request = Form::default().into_request("https://x", "c", &ClientAuth::Basic(Secret::new(secret)), None);
            let header = STANDARD.encode(format!("c:{secret}"));
            assert_eq!(shown(&request.authorization.unwrap()), format!("Basic {header}"));
        }
    }
}
