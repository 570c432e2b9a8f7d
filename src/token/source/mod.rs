//! Where tokens come from: the first argument of `TokenManager.create`.

mod client_auth;
mod kind;

#[cfg(test)]
mod tests;

use self::client_auth::client_auth;
pub use self::kind::Kind;
use super::{
    grant::{ClientAuth, Form},
    response::{self, Tokens},
};
use crate::{
    config::{Reader, Required},
    error::Error,
    jose::url::{self, PlainHosts},
    json::{write_string, Object},
    secret::Secret,
};

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
const RESERVED: [&str; 21] = [
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
    "request_uri",
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
    /// Whether a login asks who the person is (OpenID Connect), and not only for an access token (OAuth).
    pub fn wants_id_token(&self) -> bool {
        self.scope.as_deref().unwrap_or_default().split(' ').any(|scope| scope == "openid")
    }

    /// A source from its options. A function or a CryptoKey among them is `true` here.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the key and the fix.
    pub fn from_options(options: &Object<'_>, hosts: &PlainHosts) -> Result<Self, Error> {
        let mut reader = Reader::new("source", options);
        let Some(kind) = reader.string("type", Required::Yes)?.and_then(Kind::named) else {
            return Err(reader
                .wrong("type", "must be static, callback, client_credentials, refresh_token or authorization_code"));
        };
        let mut source = Self::without_options(kind, hosts);
        match kind {
            Kind::Static => {
                let token = reader.string("token", Required::Yes)?;
                match token.and_then(response::access_token_only) {
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

    fn without_options(kind: Kind, hosts: &PlainHosts) -> Self {
        Self {
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
        }
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
        let mut out = String::from("[");
        write_string(&mut out, self.kind.as_str());
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
        for (name, value) in self.parameters.iter().filter(|(name, _)| self.kind.tells_tokens_apart(name)) {
            item(Some(name));
            item(Some(value));
        }
        out.push(']');
        out
    }
}

pub(super) fn owned(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    required: Required,
) -> Result<Option<String>, Error> {
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
