//! An ID token that is kept: who has logged in, once somebody has verified that.

use super::response::Facts;
use crate::{
    jose::base64url,
    json::{self, Object, Value},
    secret::Secret,
};

/// The ID token of a login, or what a refresh has put in its place.
#[derive(Clone, Debug)]
pub struct IdToken {
    /// The token.
    pub token: Secret,
    /// Whether its login was verified. What a refresh brings comes from the token endpoint itself, which vouches for it as a signature
    /// would (OpenID Connect Core 1.0 §3.1.3.7 and §12.2); what somebody hands in, nobody does.
    pub is_verified: bool,
}

impl IdToken {
    /// One that nobody has verified.
    pub const fn unverified(token: Secret) -> Self {
        Self { token, is_verified: false }
    }

    /// Its claims as JSON, if they were verified.
    pub fn claims(&self) -> Option<String> {
        let payload = payload(&self.token).filter(|_| self.is_verified)?;
        String::from_utf8(payload).ok()
    }

    /// Whether this one may take its place: one that names nobody does not, or the next answer could be anybody's; nor does one for
    /// other clients than the first (§12.2).
    pub fn gives_way_to(&self, new: &Secret) -> bool {
        Facts::of(new.expose()).names_somebody() && (!self.is_verified || is_for_all_of(&self.token, new))
    }
}

/// The payload of a JWT. Nobody has verified it here.
fn payload(token: &Secret) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(token.expose()).ok()?;
    base64url::decode(text.split('.').nth(1)?)
}

/// Whether the audience of the old one is among that of the new.
fn is_for_all_of(old: &Secret, new: &Secret) -> bool {
    let [old, new] = [old, new].map(|token| payload(token).unwrap_or_default());
    let (Ok(old), Ok(new)) = (json::parse_object(&old), json::parse_object(&new)) else { return true };
    let new = audience(&new);
    audience(&old).iter().all(|party| new.contains(party))
}

fn audience<'c, 'a>(claims: &'c Object<'a>) -> &'c [Value<'a>] {
    match claims.get("aud") {
        Some(Value::Array(parties)) => parties,
        Some(party) => std::slice::from_ref(party),
        None => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> Secret {
        let mut text = String::from("e30.");
        base64url::encode(claims.as_bytes(), &mut text);
        Secret::new(text + ".c2ln")
    }

    #[test]
    fn claims_are_those_of_a_token_that_was_verified() {
        let token = token(r#"{"sub":"ü"}"#);
        assert_eq!(IdToken::unverified(token.clone()).claims(), None);
        assert_eq!(IdToken { token, is_verified: true }.claims().as_deref(), Some(r#"{"sub":"ü"}"#));
        assert_eq!(IdToken { token: Secret::new("i1"), is_verified: true }.claims(), None);
    }

    #[test]
    fn another_one_is_for_the_same_clients_at_least() {
        let of = |audience: &str| token(&format!(r#"{{"iss":"i","sub":"u","aud":{audience}}}"#));
        for (old, new, gives_way) in [
            (r#""c""#, r#""c""#, true),
            (r#""c""#, r#"["d","c"]"#, true),
            (r#"["c"]"#, r#""c""#, true),
            (r#"["c","d"]"#, r#""c""#, false),
            (r#""c""#, r#""d""#, false),
            (r#""c""#, "7", false),
        ] {
            let id_token = IdToken { token: of(old), is_verified: true };
            assert_eq!(id_token.gives_way_to(&of(new)), gives_way, "{old} {new}");
            assert!(IdToken::unverified(of(old)).gives_way_to(&of(new)), "nobody knows what it was for");
            assert!(!id_token.gives_way_to(&token(r#"{"sub":"u","aud":"c"}"#)), "it names nobody");
        }
    }
}
