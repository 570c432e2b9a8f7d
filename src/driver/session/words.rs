//! The core's messages in the words of whoever writes Rust: options have their JavaScript names there.

use crate::error::{Code, Error};

/// What is called otherwise here.
const NAMES: [(&str, &str); 7] = [
    ("auth.scheme", "Auth::vendor"),
    ("client.name", "name"),
    ("client.version", "version"),
    ("idempotencyKey", "idempotency_key"),
    ("insecureHosts", "insecure_hosts"),
    ("maxResultBytes", "max_result_bytes"),
    ("traceId", "trace_id"),
];

/// The same error, in the words of this API.
pub(super) fn in_rust(error: Error) -> Error {
    let code = error.code();
    let named = |text: &str| {
        NAMES
            .iter()
            .fold(text.to_owned(), |text, (name, word)| text.replace(&format!("`{name}`"), &format!("`{word}`")))
    };
    let message = named(error.message());
    let own = |subject: &str| NAMES.iter().find(|(name, _)| *name == subject).map(|(_, word)| *word);
    let subject = error.subject().filter(|_| code == Code::Config).and_then(own);
    let error = if message == error.message() { error } else { error.told(code, message) };
    match subject {
        Some(subject) => error.about(subject),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_a_rust_program_wrote() {
        let error = in_rust(Error::new(Code::Config, "`auth.scheme` must be bearer").about("auth.scheme"));
        assert_eq!((error.message(), error.subject()), ("`Auth::vendor` must be bearer", Some("Auth::vendor")));
        let error = in_rust(Error::new(Code::Network, "With an `idempotencyKey` it would").about("traceId"));
        assert_eq!((error.message(), error.subject()), ("With an `idempotency_key` it would", Some("traceId")));
        let peers = in_rust(Error::new(Code::Remote, "no traceId was sent"));
        assert_eq!(peers.message(), "no traceId was sent");
    }
}
