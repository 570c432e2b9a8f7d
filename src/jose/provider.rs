//! A provider: whose tokens are accepted, and under which conditions. Configuration is strict; what is wrong in it is an error that
//! names the key and the fix.

use super::{
    issuer::{is_tenant, Issuer, Tenants, TENANT},
    key_source::Keys,
    url::{self, PlainHosts},
};
use crate::{
    config::{Reader, Required},
    error::{Code, Error},
    json::Value,
    secret::Secret,
    text,
    time::Span,
};

/// The claims that every token has, unless `optionalClaims` takes one away.
const DEFAULT_CLAIMS: [&str; 5] = ["iss", "exp", "iat", "aud", "sub"];

/// The conditions under which a provider's tokens are accepted.
#[derive(Debug)]
pub struct Provider {
    /// The name that the configuration gives it; for logs and messages only.
    pub name: String,
    /// What its tokens have in `iss`.
    pub issuer: Issuer,
    /// The audiences that are ours; `None` when any or none will do.
    pub audiences: Option<Vec<String>>,
    /// What its tokens are verified with.
    pub keys: Keys,
    /// Scopes that every token needs.
    pub required_scopes: Vec<String>,
    /// The claims that hold scopes.
    pub scope_claims: Vec<String>,
    /// Claims that every token needs beyond the default ones.
    pub required_claims: Vec<RequiredClaim>,
    /// The claims that can name the principal: the first that says something does.
    pub principal_claims: Vec<String>,
    /// Labels: name and claim.
    pub label_claims: Vec<(String, String)>,
    /// How long after `iat` a token is accepted at most.
    pub max_token_age: Option<Span>,
    /// How long a token may live by its own account.
    pub max_lifetime: Option<Span>,
    /// The accepted kinds of token without `application/`, whatever their case; an empty one stands for a header without `typ`.
    types: Vec<String>,
    optional_claims: Vec<String>,
}

/// A claim that must be there, and what it may say.
#[derive(Debug)]
pub struct RequiredClaim {
    /// The claim.
    pub name: String,
    /// The values that will do; any if there are none.
    pub values: Vec<Value<'static>>,
}

impl Provider {
    /// Reads the options of one provider. `secret` is kept out of the options, so that it is in no JSON text;
    /// `hosts` may be asked in plain text.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn read(
        name: &str,
        mut reader: Reader<'_, '_>,
        secret: Option<Secret>,
        hosts: &PlainHosts,
    ) -> Result<Self, Error> {
        let issuer = issuer(&mut reader, hosts)?;
        let audiences = audiences(&mut reader)?;
        let keys = Keys::read(&mut reader, &issuer, secret)?;
        let required_scopes = reader.scopes("requiredScopes")?.unwrap_or_default();
        let scope_claims = reader.strings("scopeClaims")?.unwrap_or_else(|| vec!["scope".into(), "scp".into()]);
        let types = reader.strings("typ")?.map_or_else(
            || vec!["at+jwt".into(), "jwt".into(), String::new()],
            |t| t.iter().map(|t| kind(t).to_owned()).collect(),
        );
        let required_claims = required_claims(&mut reader)?;
        let optional_claims = reader.strings("optionalClaims")?.unwrap_or_default();
        let principal_claims = principal_claims(&mut reader)?;
        let label_claims = reader.string_record("labelClaims")?;
        let max_token_age = reader.seconds("maxTokenAgeSec")?;
        let max_lifetime = reader.seconds("maxLifetimeSec")?;
        check_optional(&reader, &optional_claims, &principal_claims, max_token_age)?;
        reader.finish()?;
        Ok(Self {
            name: name.to_owned(),
            issuer,
            audiences,
            keys,
            required_scopes,
            scope_claims,
            required_claims,
            principal_claims,
            label_claims,
            max_token_age,
            max_lifetime,
            types,
            optional_claims,
        })
    }

    /// The default claims that this provider's tokens must have. `aud` is not among them: what it must say, [`Self::audiences`] says.
    pub fn mandatory_claims(&self) -> impl Iterator<Item = &'static str> + '_ {
        DEFAULT_CLAIMS
            .into_iter()
            .filter(|name| *name != "aud" && !self.optional_claims.iter().any(|taken| taken == name))
    }

    /// Whether a token of this `typ` (RFC 8725 §3.11) is accepted.
    ///
    /// # Errors
    /// `ERR_TOKEN_TYPE`.
    pub fn check_type(&self, typ: Option<&str>) -> Result<(), Error> {
        let kind = typ.map(kind);
        // An empty `typ` is a kind of token that nobody knows, not a header without one.
        let name = kind.unwrap_or("");
        let is_known = |known: &String| known == name || known.eq_ignore_ascii_case(name);
        if kind != Some("") && self.types.iter().any(is_known) {
            return Ok(());
        }
        let message = match kind {
            None => "the token's header has no `typ`, and this provider's must have one".to_owned(),
            Some(other) => format!(
                "the token's `typ` is \"{}\": not an access token; if this provider's access tokens have it, name it in `typ`",
                crate::error::shown(other)
            ),
        };
        Err(Error::new(Code::TokenType, message).about("typ"))
    }
}

/// A media type without the prefix that RFC 7515 §4.1.9 lets issuers leave out.
fn kind(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    }
}

fn issuer(reader: &mut Reader<'_, '_>, hosts: &PlainHosts) -> Result<Issuer, Error> {
    let text = reader.string("issuer", Required::Yes)?.unwrap_or_default();
    let tenants = match reader.take("tenants") {
        None => None,
        Some(Value::String(word)) if word == "any" => Some(Tenants::Any),
        Some(Value::Array(names)) if !names.is_empty() => {
            let name = |name: &Value<'_>| name.as_str().filter(|name| is_tenant(name)).map(str::to_owned);
            let names = names.iter().map(name).collect::<Option<Vec<_>>>();
            let wrong = "must list tenants as they stand in the token's `tid`: letters, digits, `-`, `.` and `_`";
            Some(Tenants::Listed(names.ok_or_else(|| reader.wrong("tenants", wrong))?))
        }
        Some(_) => return Err(reader.wrong("tenants", "must be a list of tenants, or \"any\"")),
    };
    let issuer = match (tenants, text::count(text, TENANT)) {
        (None, 0) => Issuer::exactly(text),
        (Some(tenants), 1) => Issuer::of_tenants(text, tenants),
        (None, _) => {
            let fix = "in it; list the tenants whose tokens are accepted, or say \"any\"";
            return Err(reader.missing("tenants", format!("is missing: `issuer` has {TENANT} {fix}")));
        }
        (Some(_), _) => {
            return Err(reader.wrong("tenants", format!("needs {TENANT} in `issuer`, once, where the tenant stands")))
        }
    };
    // Any name will do where the keys are given ("http-gateway"); what is meant as a URL is a good one.
    if text::contains(text, "://") {
        url::check_with(&issuer.base(), hosts).map_err(|problem| reader.wrong("issuer", problem))?;
    }
    Ok(issuer.and_hosts(hosts))
}

fn audiences(reader: &mut Reader<'_, '_>) -> Result<Option<Vec<String>>, Error> {
    match reader.take("audience") {
        Some(Value::Null) => Ok(None),
        Some(Value::String(one)) if !one.is_empty() => Ok(Some(vec![one.as_ref().to_owned()])),
        Some(Value::Array(several)) if !several.is_empty() => several
            .iter()
            .map(|audience| audience.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map(Some)
            .ok_or_else(|| {
                reader.wrong("audience", "must be a string, a list of strings, or null for \"any, or none\"")
            }),
        _ => Err(reader.missing(
            "audience",
            "is missing: give what this API is called in the token's `aud`, or null to accept any audience, or none",
        )),
    }
}

fn principal_claims(reader: &mut Reader<'_, '_>) -> Result<Vec<String>, Error> {
    let names: Option<Vec<_>> = match reader.take("principalClaim") {
        None => Some(vec!["sub".to_owned()]),
        Some(Value::Array(names)) => names.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
        Some(one) => one.as_str().map(|one| vec![one.to_owned()]),
    };
    let is_sound = |names: &Vec<String>| !names.is_empty() && names.iter().all(|name| !name.is_empty());
    names.filter(is_sound).ok_or_else(|| {
        reader.wrong(
            "principalClaim",
            "must be the name of a claim, or a list of them of which the first that is there counts",
        )
    })
}

fn required_claims(reader: &mut Reader<'_, '_>) -> Result<Vec<RequiredClaim>, Error> {
    let wrong = "must be a list of claims, or a record of claims and the values they may have";
    match reader.take("requiredClaims") {
        None => Ok(Vec::new()),
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().map(|name| RequiredClaim { name: name.to_owned(), values: Vec::new() }))
            .collect::<Option<_>>()
            .ok_or_else(|| reader.wrong("requiredClaims", wrong)),
        Some(Value::Object(record)) => Ok(record
            .iter()
            .map(|(name, value)| RequiredClaim {
                name: name.to_owned(),
                values: value
                    .as_array()
                    .map_or_else(|| vec![value.to_static()], |v| v.iter().map(Value::to_static).collect()),
            })
            .collect()),
        Some(_) => Err(reader.wrong("requiredClaims", wrong)),
    }
}

fn check_optional(
    reader: &Reader<'_, '_>,
    optional: &[String],
    principal: &[String],
    age: Option<Span>,
) -> Result<(), Error> {
    for name in optional {
        let problem = match name.as_str() {
            "iat" => continue,
            "sub" if principal.iter().any(|claim| claim != "sub") => continue,
            "sub" => "takes `sub` away: name another claim for the principal in `principalClaim`",
            "exp" if age.is_some() => continue,
            "exp" => "takes `exp` away: set `maxTokenAgeSec`, or such a token would never end",
            "aud" => "can't take `aud` away: say `audience: null` for tokens without one",
            "iss" => "can't take `iss` away: it selects the provider",
            _ => "takes away one of exp, iat and sub; other claims are optional anyway",
        };
        return Err(reader.wrong("optionalClaims", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn provider(options: &str) -> Provider {
        let options = json::parse_object(options.as_bytes()).unwrap();
        Provider::read("p", Reader::new("providers.p", &options), None, &PlainHosts::default()).unwrap()
    }

    #[test]
    fn the_default_kinds_of_token() {
        let provider = provider(r#"{"issuer":"https://issuer.example","audience":null}"#);
        for typ in [None, Some("JWT"), Some("jwt"), Some("at+jwt"), Some("application/at+JWT")] {
            assert!(provider.check_type(typ).is_ok(), "{typ:?}");
        }
        for typ in ["", "application/", "dpop+jwt", "logout+jwt", "jwt "] {
            assert_eq!(provider.check_type(Some(typ)).unwrap_err().code(), Code::TokenType, "{typ:?}");
        }
    }

    #[test]
    fn plain_http_needs_its_host_to_be_named() {
        let hosts = PlainHosts::of(&["keycloak:8080".to_owned()]).unwrap();
        for (options, is_good) in [
            (r#"{"issuer":"http://keycloak:8080/realms/a","audience":null}"#, true),
            (r#"{"issuer":"http://keycloak:8081/realms/a","audience":null}"#, false),
            (r#"{"issuer":"https://a.example","audience":null,"jwksUri":"http://keycloak:8080/certs"}"#, true),
            (r#"{"issuer":"https://a.example","audience":null,"jwksUri":"http://other/certs"}"#, false),
            (r#"{"issuer":"https://a.example","audience":null,"discoveryUrl":"http://keycloak:8080/x"}"#, true),
        ] {
            let options = json::parse_object(options.as_bytes()).unwrap();
            assert_eq!(Provider::read("p", Reader::new("providers.p", &options), None, &hosts).is_ok(), is_good);
            assert!(Provider::read("p", Reader::new("providers.p", &options), None, &PlainHosts::default()).is_err());
        }
    }

    #[test]
    fn a_configured_kind_stands_alone() {
        let provider = provider(r#"{"issuer":"https://issuer.example","audience":null,"typ":["application/at+jwt"]}"#);
        assert!(provider.check_type(Some("at+jwt")).is_ok());
        assert!(provider.check_type(Some("JWT")).is_err());
        assert!(provider.check_type(None).unwrap_err().message().contains("no `typ`"));
    }
}
