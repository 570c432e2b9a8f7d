//! The core's messages in the words of whoever writes Rust: options have their JavaScript names there.

use crate::error::{Code, Error};

/// What is called otherwise here, and is no option.
const NAMES: [(&str, &str); 5] = [
    ("fetchToken", "the source's callback"),
    ("setToken", "`set_token`"),
    ("beginLogin", "`begin_login`"),
    (": a CryptoKey that may sign", ""),
    ("must be a CryptoKey that is private and may sign", "is no private key that may sign"),
];

/// The same error, in the words of this API: `` `Source::client_secret` `` and not `` `source.clientSecret` ``.
pub(super) fn in_rust(error: Error) -> Error {
    let message = NAMES.iter().fold(snake_cased(error.message()), |text, (name, word)| text.replace(name, word));
    let subject = error.subject().filter(|_| error.code() == Code::Config).map(|subject| snake(subject, ""));
    let code = error.code();
    let error = if message == error.message() { error } else { error.told(code, message) };
    match subject {
        Some(subject) => error.about(subject),
        None => error,
    }
}

/// The words between backticks, in the form of a method's name.
fn snake_cased(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for (index, part) in message.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        let is_name = index % 2 == 1 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte));
        match is_name {
            true => out.push_str(&snake(part, "Source::")),
            false => out.push_str(part),
        }
    }
    out
}

fn snake(name: &str, owner: &str) -> String {
    let mut out = String::new();
    let own = match name.strip_prefix("source.") {
        Some(own) => {
            out.push_str(owner);
            own
        }
        None => name,
    };
    for c in own.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_a_rust_program_wrote() {
        let told = |code, message: &'static str| in_rust(Error::new(code, message)).message().to_owned();
        for (message, expected) in [
            (
                "`source.clientSecret` is missing: give `clientSecret` or `privateKey`",
                "`Source::client_secret` is missing: give `client_secret` or `private_key`",
            ),
            ("fetchToken failed: login_required", "the source's callback failed: login_required"),
            ("fetchToken did not answer in time", "the source's callback did not answer in time"),
            ("hand another one in with setToken", "hand another one in with `set_token`"),
            ("`a b` and `https://Host/x` stay", "`a b` and `https://Host/x` stay"),
        ] {
            assert_eq!(told(Code::Config, message), expected);
        }
        let error = in_rust(Error::new(Code::Config, "x").about("source.tokenEndpoint"));
        assert_eq!(error.subject(), Some("token_endpoint"));
        let kept = in_rust(Error::new(Code::RefreshRejected, "x").about("invalid_grant"));
        assert_eq!((kept.code(), kept.subject()), (Code::RefreshRejected, Some("invalid_grant")));
    }
}
