//! A session's faults as errors. What a peer says is bounded, and cleaned of our tokens: it may send them back.

use std::collections::VecDeque;

use super::words::in_rust;
use crate::{
    arcp::client::{Fact, Fault},
    error::{self, Error},
    json::{self, Members, Value},
};

/// Tokens that a peer may quote in an error.
const KEPT: usize = 4;
/// A shorter token is no secret, and a part of too many words.
const SHORTEST: usize = 6;
/// How much of what a peer says about an error is kept, in bytes of JSON.
const LONGEST: usize = 64 * 1024;

/// Makes errors of faults, without the tokens that it knows.
#[derive(Default)]
pub(super) struct Faults {
    secrets: VecDeque<String>,
}

impl Faults {
    /// A token is in use from now on.
    pub(super) fn know(&mut self, token: &str) {
        if token.len() >= SHORTEST && !self.secrets.iter().any(|known| known == token) {
            self.secrets.push_front(token.to_owned());
            self.secrets.truncate(KEPT);
        }
    }

    /// A text from the peer without our tokens in it.
    pub(super) fn clean(&self, text: String) -> String {
        self.secrets.iter().fold(text, |text, secret| match text.contains(secret.as_str()) {
            true => text.replace(secret.as_str(), "[token]"),
            false => text,
        })
    }

    /// The error of a fault. Its facts are `code` and `peer`, the peer's own (as JSON), and those that the fault has.
    pub(super) fn error(&self, fault: &Fault) -> Error {
        let mut error =
            Error::new(fault.code, self.clean(fault.message.clone())).judged(fault.blame(), fault.retryable);
        if let Some(code) = &fault.peer_code {
            error = error.with("code", error::Fact::Text(self.clean(code.clone())));
        }
        if let Some(peer) = &fault.peer_details {
            error = error.with("peer", error::Fact::Text(self.clean_json(peer)));
        }
        for (name, fact) in &fault.facts {
            error = match fact {
                Fact::Text(text) if *name == "subject" => error.about(self.clean(text.clone())),
                Fact::Text(text) => error.with(name, error::Fact::Text(self.clean(text.clone()))),
                Fact::Number(number) => error.with(name, error::Fact::Number(u64::try_from(*number).unwrap_or(0))),
            };
        }
        in_rust(error)
    }

    /// The same for JSON, whose strings may write a token in another way. What is too long is cut to its plain members.
    fn clean_json(&self, text: &str) -> String {
        let text = self.secrets.iter().fold(text.to_owned(), |text, secret| {
            let written = json::string(secret);
            let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
            if inner.is_empty() || !text.contains(inner) {
                return text;
            }
            text.replace(inner, "[token]")
        });
        if text.len() <= LONGEST {
            return text;
        }
        json::parse(text.as_bytes()).ok().and_then(|value| shortened(&value, 2)).unwrap_or_else(|| "null".to_owned())
    }
}

fn shortened(value: &Value<'_>, depth: u32) -> Option<String> {
    let cut = |text: &str| json::string(&text.chars().take(256).collect::<String>());
    match value {
        Value::String(text) => Some(cut(text)),
        Value::Object(object) if depth > 0 => {
            let members = object.iter().take(16).filter_map(|(name, member)| {
                let name: String = name.chars().take(256).collect();
                shortened(member, depth - 1).map(|member| (name, member))
            });
            Some(members.fold(Members::new(), |written, (name, member)| written.raw(&name, &member)).end())
        }
        Value::Object(_) | Value::Array(_) => None,
        plain => {
            let mut out = String::new();
            plain.write(&mut out);
            Some(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Fault as Who};

    #[test]
    fn a_peer_may_send_our_token_back_and_nobody_sees_it() {
        let mut faults = Faults::default();
        faults.know("tok/alice");
        let payload = r#"{"code":"PERMISSION_DENIED","message":"no tok/alice","details":{"is":"a tok\/alice","n":1}}"#;
        let fault = Fault::of(Some(&json::parse_object(payload.as_bytes()).unwrap()));
        let error = faults.error(&fault);
        let shown = format!("{error} {:?} {:?}", error.facts(), error.subject());
        assert!(!shown.contains("alice") && shown.contains("no [token]") && shown.contains("a [token]"), "{shown}");
        assert_eq!((error.code(), error.fault(), error.is_retryable()), (Code::Remote, Who::Caller, false));
    }

    #[test]
    fn what_a_peer_says_at_length_is_cut_to_its_plain_members() {
        let long = "x".repeat(70_000);
        let payload = format!(r#"{{"code":"X","details":{{"a":"{long}","b":[1],"c":{{"d":{{}},"e":true}}}}}}"#);
        let error = Faults::default().error(&Fault::of(Some(&json::parse_object(payload.as_bytes()).unwrap())));
        let Some((_, error::Fact::Text(peer))) = error.facts().iter().find(|(name, _)| *name == "peer") else {
            panic!()
        };
        assert_eq!(*peer, format!(r#"{{"a":"{}","c":{{"e":true}}}}"#, "x".repeat(256)));
    }
}
