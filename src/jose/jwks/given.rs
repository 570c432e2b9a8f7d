//! Keys that somebody hands over for one call.

use crate::{
    error::{shown, Code, Error},
    json::Value,
};

/// What a set of keys that somebody hands over must not be (RFC 7517 §4.5, and what Wycheproof calls mixed): one name for two
/// keys, or shared secrets among public keys, where a mistake makes a public key the secret.
pub(super) fn check_given(keys: &[Value<'_>]) -> Result<(), Error> {
    let wrong = |message: String| Err(Error::new(Code::Config, message).about("keys"));
    let member = |key: &Value<'_>, name: &str| Some(key.as_object()?.get(name)?.as_str()?.to_owned());
    let is_secret = |key: &&Value<'_>| member(key, "kty").as_deref() == Some("oct");
    let secrets = keys.iter().filter(is_secret).count();
    if secrets > 0 && secrets < keys.len() {
        return wrong("`keys` mixes shared secrets with public keys: verify with one kind, or the other".into());
    }
    let mut names: Vec<String> = keys.iter().filter_map(|key| member(key, "kid")).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[String]>::first) {
        Some(name) => wrong(format!("`keys` has more than one key of the `kid` \"{}\"", shown(name))),
        None => Ok(()),
    }
}
