//! The principal: who a verified credential says the caller is.

use crate::{json::Members, time::Time};

/// What a principal's identity rests on. Principals of different kinds are never the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A verified JWT; the issuer is part of the identity.
    Jwt,
    /// An entry of a static table.
    Static,
    /// A development verifier, which proves nothing.
    Dev,
    /// Nobody in particular.
    Anonymous,
    /// The user's own verifier.
    Custom,
}

impl Kind {
    /// The name that JavaScript sees.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Static => "static",
            Self::Dev => "dev",
            Self::Anonymous => "anonymous",
            Self::Custom => "custom",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Jwt, Self::Static, Self::Dev, Self::Anonymous, Self::Custom]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// A caller whose credentials were accepted.
///
/// Two are the same caller if their [`key`](Self::key)s are the same: that is what belongs into a database. The [`id`](Self::id) alone is a
/// name that its issuer gives, and another issuer may give it to somebody else.
///
/// ```
/// use arcgate::Principal;
///
/// fn may_read(caller: &Principal) -> bool {
///     let is_of_acme = caller.labels().iter().any(|(name, value)| name == "tenant" && value == "acme");
///     is_of_acme && caller.has_scopes(&["tickets:read"])
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    kind: Kind,
    issuer: Option<String>,
    id: String,
    labels: Vec<(String, String)>,
    scopes: Option<Vec<String>>,
    expires_at: Option<Time>,
}

impl Principal {
    /// A principal without labels, scopes or expiry.
    pub fn new(kind: Kind, issuer: Option<&str>, id: &str) -> Self {
        Self {
            kind,
            issuer: issuer.map(str::to_owned),
            id: id.to_owned(),
            labels: Vec::new(),
            scopes: None,
            expires_at: None,
        }
    }

    /// With labels: name and value.
    #[must_use]
    pub fn with_labels(mut self, labels: Vec<(String, String)>) -> Self {
        self.labels = labels;
        self
    }

    /// With the scopes that its credential grants.
    #[must_use]
    pub fn with_scopes(mut self, scopes: Vec<String>) -> Self {
        self.scopes = Some(scopes);
        self
    }

    /// With the instant at which its credential ends.
    #[must_use]
    pub const fn with_expiry(mut self, expires_at: Time) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// What the identity rests on.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The issuer, for principals that have one.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The name that the issuer, table or verifier gives it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Labels: name and value.
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// The scopes that its credential grants; `None` when scopes do not apply to it.
    pub fn scopes(&self) -> Option<&[String]> {
        self.scopes.as_deref()
    }

    /// Whether its credential grants all of these; one to which scopes do not apply grants none.
    pub fn has_scopes(&self, required: &[impl AsRef<str>]) -> bool {
        let granted = self.scopes().unwrap_or_default();
        required.iter().all(|scope| granted.iter().any(|granted| granted == scope.as_ref()))
    }

    /// The instant at which its credential ends.
    pub const fn expires_at(&self) -> Option<Time> {
        self.expires_at
    }

    /// An injective encoding of kind, issuer and id: two principals have the same key only if they are the same.
    pub fn key(&self) -> String {
        key(self.kind, self.issuer.as_deref(), &self.id)
    }

    /// Appends the principal to `out` as the JSON object that JavaScript sees.
    pub fn write_json(&self, out: &mut String) {
        let labels = self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut written = Members::new()
            .text("key", &self.key())
            .text("kind", self.kind.as_str())
            .some_text("issuer", self.issuer.as_deref())
            .text("id", &self.id)
            .raw("labels", &Members::new().all(labels).end());
        if let Some(scopes) = &self.scopes {
            written = written.texts("scopes", scopes.iter().map(String::as_str));
        }
        if let Some(expires_at) = self.expires_at {
            let mut seconds = String::new();
            expires_at.write_seconds(&mut seconds);
            written = written.raw("expiresAt", &seconds);
        }
        out.push_str(&written.end());
    }
}

/// The key of a principal ([`Principal::key`]) from its parts.
pub fn key(kind: Kind, issuer: Option<&str>, id: &str) -> String {
    let mut key = String::with_capacity(16 + issuer.map_or(0, str::len) + id.len());
    key.push_str(kind.as_str());
    key.push('|');
    push_escaped(&mut key, issuer.unwrap_or(""));
    key.push('|');
    push_escaped(&mut key, id);
    key
}

/// Whether a part stands in a key as it is.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%' && byte != b'|')
}

/// The separator and the escape character are the only ones that need escaping for the encoding to be injective;
/// control characters go too, so that a key can stand in a log line.
fn push_escaped(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    for character in text.chars() {
        if character == '%' || character == '|' || character.is_control() {
            let mut buffer = [0; 4];
            for byte in character.encode_utf8(&mut buffer).bytes() {
                out.push('%');
                for digit in [byte >> 4, byte & 0xf] {
                    out.push(char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        } else {
            out.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_wherever_principals_do() {
        let principals = [
            Principal::new(Kind::Jwt, Some("https://a"), "42"),
            Principal::new(Kind::Jwt, Some("https://b"), "42"),
            Principal::new(Kind::Jwt, Some("https://a|42"), ""),
            Principal::new(Kind::Jwt, Some("https://a"), "|42"),
            Principal::new(Kind::Jwt, Some("https://a%7C"), "42"),
            Principal::new(Kind::Static, None, "42"),
            Principal::new(Kind::Custom, None, "42"),
        ];
        for (index, one) in principals.iter().enumerate() {
            for other in &principals[index + 1..] {
                assert_ne!(one.key(), other.key());
            }
        }
        assert_eq!(principals[0].key(), "jwt|https://a|42");
    }

    #[test]
    fn scopes_are_granted_all_or_not() {
        let some = Principal::new(Kind::Jwt, None, "a").with_scopes(vec!["a".into(), "b".into()]);
        let none = Principal::new(Kind::Static, None, "a");
        for (required, of_some, of_none) in
            [(&[][..], true, true), (&["b"], true, false), (&["b", "a"], true, false), (&["a", "c"], false, false)]
        {
            assert_eq!((some.has_scopes(required), none.has_scopes(required)), (of_some, of_none), "{required:?}");
        }
    }

    #[test]
    fn json_has_what_is_known() {
        let mut out = String::new();
        Principal::new(Kind::Static, None, "al\"ice").with_scopes(vec!["a".into()]).write_json(&mut out);
        assert_eq!(out, r#"{"key":"static||al\"ice","kind":"static","id":"al\"ice","labels":{},"scopes":["a"]}"#);
    }
}
