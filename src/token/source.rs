//! Where tokens come from: the first argument of `TokenManager.create`.

use super::{
    grant::{Assertion, ClientAuth, Form},
    response::{self, Tokens},
};
use crate::{
    config::{Reader, Required},
    error::Error,
    jose::url::{self, PlainHosts},
    json::{write_string, Object, Value},
    secret::Secret,
};

/// The kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A token that somebody hands in.
    Static,
    /// A function of the user's.
    Callback,
    /// A machine's own credentials (RFC 6749 §4.4).
    ClientCredentials,
    /// A refresh token that somebody hands in (§6).
    RefreshToken,
    /// A person who logs in (§4.1, RFC 7636).
    AuthorizationCode,
}

/// A source of tokens, as it was configured.
#[derive(Debug)]
pub struct Source {
    /// What kind it is.
    pub kind: Kind,
    /// The provider.
    pub issuer: Option<String>,
    /// Where tokens are asked for, if that is not left to the provider's metadata.
    pub token_endpoint: Option<String>,
    /// `client_id`
    pub client_id: String,
    /// How the client shows who it is.
    pub auth: ClientAuth,
    /// `scope`
    pub scope: Option<String>,
    /// `audience`, which is not in the standards but wanted by Auth0 and others.
    pub audience: Option<String>,
    /// `resource` (RFC 8707)
    pub resource: Option<String>,
    /// Further parameters: of the token request, or of the authorization request for [`Kind::AuthorizationCode`].
    pub parameters: Vec<(String, String)>,
    /// `redirect_uri`
    pub redirect_uri: Option<String>,
    /// `post_logout_redirect_uri`
    pub post_logout_redirect_uri: Option<String>,
    /// The refresh token to begin with.
    pub refresh: Option<Secret>,
    /// The tokens of [`Kind::Static`].
    pub tokens: Option<Box<Tokens>>,
    /// What may be asked in plain text.
    pub hosts: PlainHosts,
}

/// What `parameters` may not hold: it has an option of its own, or is not for users to set.
const RESERVED: [&str; 20] = [
    "audience",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "nonce",
    "redirect_uri",
    "refresh_token",
    "request",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "token",
];

/// The options of all kinds of sources.
const OPTIONS: [&str; 20] = [
    "authorizationParams",
    "token",
    "fetchToken",
    "issuer",
    "tokenEndpoint",
    "clientId",
    "clientSecret",
    "clientAuth",
    "privateKey",
    "algorithm",
    "keyId",
    "assertionAudience",
    "assertionHeader",
    "scope",
    "audience",
    "resource",
    "parameters",
    "refreshToken",
    "redirectUri",
    "postLogoutRedirectUri",
];

impl Source {
    /// A source from its options. A function or a CryptoKey among them is `true` here.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the key and the fix.
    pub fn from_options(options: &Object<'_>, hosts: &PlainHosts) -> Result<Self, Error> {
        let mut reader = Reader::new("source", options);
        let kind = match reader.string("type", Required::Yes)? {
            Some("static") => Kind::Static,
            Some("callback") => Kind::Callback,
            Some("client_credentials") => Kind::ClientCredentials,
            Some("refresh_token") => Kind::RefreshToken,
            Some("authorization_code") => Kind::AuthorizationCode,
            _ => {
                return Err(reader.wrong(
                    "type",
                    "must be static, callback, client_credentials, refresh_token or authorization_code",
                ))
            }
        };
        let mut source = Self {
            kind,
            issuer: None,
            token_endpoint: None,
            client_id: String::new(),
            auth: ClientAuth::None,
            scope: None,
            audience: None,
            resource: None,
            parameters: Vec::new(),
            redirect_uri: None,
            post_logout_redirect_uri: None,
            refresh: None,
            tokens: None,
            hosts: hosts.clone(),
        };
        match kind {
            Kind::Static => {
                let token = reader.string("token", Required::Yes)?;
                match token.and_then(response::bare) {
                    Some(tokens) => source.tokens = Some(Box::new(tokens)),
                    None => return Err(reader.wrong("token", "holds a character that no token may hold")),
                }
            }
            Kind::Callback => {
                if reader.take("fetchToken").is_none() {
                    return Err(reader.wrong("fetchToken", "must be a function that gives a token"));
                }
            }
            Kind::ClientCredentials | Kind::RefreshToken => source.take_client(&mut reader)?,
            Kind::AuthorizationCode => source.take_login(&mut reader)?,
        }
        reader.forgive(&OPTIONS);
        // Where others have it.
        for name in ["x5t", "x5t#S256"] {
            if options.get(name).is_some() {
                return Err(reader.wrong(name, "is not an option; did you mean `assertionHeader`, which holds it?"));
            }
        }
        reader.finish()?;
        Ok(source)
    }

    fn take_client(&mut self, reader: &mut Reader<'_, '_>) -> Result<(), Error> {
        self.issuer = checked_url(reader, "issuer", Required::No, &self.hosts)?;
        self.token_endpoint = checked_url(reader, "tokenEndpoint", Required::No, &self.hosts)?;
        if self.issuer.is_none() && self.token_endpoint.is_none() {
            return Err(reader.missing("issuer", "is missing: give `issuer` or `tokenEndpoint`"));
        }
        self.client_id = owned(reader, "clientId", Required::Yes)?.unwrap_or_default();
        self.auth = client_auth(reader)?;
        self.take_scope(reader)?;
        self.parameters = parameters(reader, "parameters")?;
        if self.kind == Kind::RefreshToken {
            self.refresh = owned(reader, "refreshToken", Required::Yes)?.map(Secret::new);
        } else if matches!(self.auth, ClientAuth::None) {
            return Err(reader.missing("clientSecret", "is missing: give `clientSecret` or `privateKey`"));
        }
        Ok(())
    }

    fn take_login(&mut self, reader: &mut Reader<'_, '_>) -> Result<(), Error> {
        self.issuer = checked_url(reader, "issuer", Required::Yes, &self.hosts)?;
        self.client_id = owned(reader, "clientId", Required::Yes)?.unwrap_or_default();
        // A page's own address, so its scheme may be an app's; it is the provider that compares it.
        self.redirect_uri = owned(reader, "redirectUri", Required::Yes)?;
        self.post_logout_redirect_uri = owned(reader, "postLogoutRedirectUri", Required::No)?;
        self.take_scope(reader)?;
        self.parameters = parameters(reader, "authorizationParams")?;
        if self.scope.is_none() {
            self.scope = Some("openid".to_owned());
        }
        Ok(())
    }

    fn take_scope(&mut self, reader: &mut Reader<'_, '_>) -> Result<(), Error> {
        self.scope = owned(reader, "scope", Required::No)?;
        self.audience = owned(reader, "audience", Required::No)?;
        self.resource = owned(reader, "resource", Required::No)?;
        Ok(())
    }

    /// Whether tokens can be had without anybody's help.
    pub const fn obtains(&self) -> bool {
        matches!(self.kind, Kind::Callback | Kind::ClientCredentials)
    }

    /// Whether it is a token endpoint that gives the tokens.
    pub const fn has_endpoint(&self) -> bool {
        !matches!(self.kind, Kind::Static | Kind::Callback)
    }

    /// Adds `scope`, `audience` and `resource`.
    pub fn push_target(&self, form: &mut Form) {
        form.push_some("scope", self.scope.as_deref());
        form.push_some("audience", self.audience.as_deref());
        form.push_some("resource", self.resource.as_deref());
    }

    /// Adds the further parameters.
    pub fn push_parameters(&self, form: &mut Form) {
        for (name, value) in &self.parameters {
            form.push(name, value);
        }
    }

    /// Tells this source's tokens from those of another in the same storage. Holds no secret.
    pub fn id(&self) -> String {
        let mut out = String::from(match self.kind {
            Kind::Static => "[\"static\"",
            Kind::Callback => "[\"callback\"",
            Kind::ClientCredentials => "[\"client_credentials\"",
            Kind::RefreshToken => "[\"refresh_token\"",
            Kind::AuthorizationCode => "[\"authorization_code\"",
        });
        let mut item = |text: Option<&str>| {
            out.push(',');
            match text {
                Some(text) => write_string(&mut out, text),
                None => out.push_str("null"),
            }
        };
        item(self.issuer.as_deref());
        item(self.token_endpoint.as_deref());
        item(Some(&self.client_id));
        item(self.scope.as_deref());
        item(self.audience.as_deref());
        item(self.resource.as_deref());
        for (name, value) in &self.parameters {
            item(Some(name));
            item(Some(value));
        }
        out.push(']');
        out
    }
}

fn client_auth(reader: &mut Reader<'_, '_>) -> Result<ClientAuth, Error> {
    let secret = owned(reader, "clientSecret", Required::No)?.map(Secret::new);
    let has_key = reader.take("privateKey").is_some();
    let algorithm = owned(reader, "algorithm", Required::No)?;
    let key_id = owned(reader, "keyId", Required::No)?;
    let audience = owned(reader, "assertionAudience", Required::No)?;
    let thumbprints = thumbprints(reader)?;
    for (name, is_there) in [("assertionAudience", audience.is_some()), ("assertionHeader", !thumbprints.is_empty())] {
        if is_there && !has_key {
            return Err(reader.wrong(name, "belongs to `privateKey`, which is missing"));
        }
    }
    let method = reader.string("clientAuth", Required::No)?;
    let default = match (has_key, secret.is_some()) {
        (true, true) => {
            return Err(reader.wrong("clientSecret", "and `privateKey` are two ways to do one thing: give one"))
        }
        (true, false) => "private_key_jwt",
        (false, true) => "client_secret_basic",
        (false, false) => "none",
    };
    match (method.unwrap_or(default), secret) {
        ("client_secret_basic", Some(secret)) => Ok(ClientAuth::Basic(secret)),
        ("client_secret_post", Some(secret)) => Ok(ClientAuth::Post(secret)),
        ("client_secret_basic" | "client_secret_post", None) => Err(reader.missing("clientSecret", "is missing")),
        ("private_key_jwt", None) if has_key => match algorithm {
            Some(algorithm) => {
                Ok(ClientAuth::PrivateKeyJwt(Box::new(Assertion { algorithm, key_id, audience, thumbprints })))
            }
            None => Err(reader.missing("algorithm", "is missing")),
        },
        ("private_key_jwt", _) => Err(reader.missing("privateKey", "is missing: a CryptoKey that may sign")),
        ("none", None) if !has_key => Ok(ClientAuth::None),
        _ => Err(reader.wrong("clientAuth", "must be client_secret_basic, client_secret_post or private_key_jwt")),
    }
}

/// `assertionHeader`: what Entra knows a certificate by, its hash in base64url.
fn thumbprints(reader: &mut Reader<'_, '_>) -> Result<Vec<(&'static str, String)>, Error> {
    let options = match reader.take("assertionHeader") {
        None => return Ok(Vec::new()),
        Some(Value::Object(options)) => options,
        Some(_) => return Err(reader.wrong("assertionHeader", "must be an object: { x5t, \"x5t#S256\" }")),
    };
    let mut inner = Reader::new("source.assertionHeader", options);
    let mut found = Vec::new();
    for name in ["x5t", "x5t#S256"] {
        let Some(text) = inner.string(name, Required::No)? else { continue };
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err(inner.wrong(name, "must be the certificate's hash in base64url, without padding"));
        }
        found.push((name, text.to_owned()));
    }
    inner.finish()?;
    Ok(found)
}

fn owned(reader: &mut Reader<'_, '_>, key: &'static str, required: Required) -> Result<Option<String>, Error> {
    Ok(reader.string(key, required)?.map(str::to_owned))
}

fn checked_url(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    required: Required,
    hosts: &PlainHosts,
) -> Result<Option<String>, Error> {
    let Some(text) = owned(reader, key, required)? else { return Ok(None) };
    match url::check_with(&text, hosts) {
        Ok(()) => Ok(Some(text)),
        Err(problem) => Err(reader.wrong(key, problem)),
    }
}

/// Parameters that go into a request as they are.
///
/// # Errors
/// `ERR_CONFIG`, also for one that has an option of its own or is the manager's to set.
pub fn parameters(reader: &mut Reader<'_, '_>, key: &'static str) -> Result<Vec<(String, String)>, Error> {
    let parameters = reader.string_record(key)?;
    match parameters.iter().find(|(name, _)| RESERVED.contains(&name.as_str())) {
        Some((name, _)) => {
            let problem = format!("must not hold `{name}`: it has its own option, or is set by the manager");
            Err(reader.wrong(key, problem))
        }
        None => Ok(parameters),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Code, json};

    fn source(text: &str) -> Result<Source, String> {
        Source::from_options(&json::parse_object(text.as_bytes()).unwrap(), &PlainHosts::default()).map_err(|error| {
            assert_eq!(error.code(), Code::Config);
            error.message().to_owned()
        })
    }

    #[test]
    fn reads_each_kind() {
        assert_eq!(source(r#"{"type":"static","token":"t"}"#).unwrap().kind, Kind::Static);
        assert!(source(r#"{"type":"callback","fetchToken":true}"#).unwrap().obtains());
        let machine = source(
            r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c","clientSecret":"s","parameters":{"a":"b"}}"#,
        )
        .unwrap();
        assert!(matches!(machine.auth, ClientAuth::Basic(_)));
        let refresh =
            r#"{"type":"refresh_token","tokenEndpoint":"https://i.example/t","clientId":"c","refreshToken":"r"}"#;
        assert!(matches!(source(refresh).unwrap().auth, ClientAuth::None));
        let login = r#"{"type":"authorization_code","issuer":"https://i.example","clientId":"c","redirectUri":"https://p.example/"}"#;
        assert_eq!(source(login).unwrap().scope.as_deref(), Some("openid"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_fix() {
        let machine = |rest: &str| {
            let text =
                r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c""#.to_owned() + rest + "}";
            source(&text).unwrap_err()
        };
        assert!(source(r#"{"type":"password"}"#).unwrap_err().contains("authorization_code"));
        assert!(source(r#"{"type":"static","token":"a b"}"#).unwrap_err().contains("character"));
        assert!(machine("").contains("clientSecret"));
        assert!(machine(r#","clientSecret":"s","privateKey":true"#).contains("give one"));
        assert!(machine(r#","clientSecret":"s","clientAuth":"none""#).contains("clientAuth"));
        assert!(machine(r#","clientSecret":"s","clientAuth":"private_key_jwt""#).contains("privateKey"));
        assert!(machine(r#","clientSecret":"s","client_secret":"s""#).contains("did you mean"));
        // Of another kind, but undefined: as good as not there. With a value it would be without effect.
        let undefined = r#"{"type":"static","token":"t","issuer":"\u0000","scope":"\u0000"}"#;
        assert!(source(undefined).is_ok());
        assert!(source(&undefined.replace("\\u0000", "x")).unwrap_err().contains("`source.issuer`"));
        assert!(source(&undefined.replace("issuer", "isuer")).unwrap_err().contains("`source.isuer`"));
        assert!(machine(r#","clientSecret":"s","assertionAudience":"x""#).contains("`privateKey`"));
        let keyed = |rest: &str| machine(&(r#","privateKey":true,"algorithm":"RS256""#.to_owned() + rest));
        assert!(keyed(r#","x5t#S256":"x""#).contains("`assertionHeader`"));
        assert!(keyed(r#","assertionHeader":"x""#).contains("object"));
        assert!(keyed(r#","assertionHeader":{"x5t":"AAA="}"#).contains("base64url"));
        assert!(keyed(r#","assertionHeader":{"x5tS256":"x"}"#).contains("did you mean `x5t#S256`"));
        assert!(machine(r#","clientSecret":"s","parameters":{"grant_type":"x"}"#).contains("grant_type"));
        assert!(machine(r#","clientSecret":"s","tokenEndpoint":"http://i.example""#).contains("https://"));
        assert!(source(r#"{"type":"client_credentials","clientId":"c"}"#).unwrap_err().contains("tokenEndpoint"));
    }

    #[test]
    fn ids_differ_where_the_tokens_do_and_hold_no_secret() {
        let of = |rest: &str| {
            let text =
                r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c","clientSecret":"hunter2""#
                    .to_owned()
                    + rest
                    + "}";
            source(&text).unwrap().id()
        };
        let ids = [
            of(""),
            of(r#","scope":"a""#),
            of(r#","audience":"a""#),
            of(r#","resource":"a""#),
            of(r#","parameters":{"a":"b"}"#),
        ];
        for (index, id) in ids.iter().enumerate() {
            assert!(!id.contains("hunter2"));
            assert!(!ids[..index].contains(id));
        }
    }
}
