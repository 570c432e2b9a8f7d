//! Revocation: three lines, which are a token's payload, a store's answer, and what an operator asks to be revoked.

use arcgate::sans_io::{
    jose::base64url,
    json::{self, Value},
    revocation::{Entry, Facts, Freshness, Replica},
    time::{Span, Time},
};

const ISSUER: &str = "https://idp.example";

pub(crate) fn run(data: &[u8]) -> bool {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let facts_found = facts(line());
    let now = Time::from_millis(1.8e12);
    let changes_taken = std::str::from_utf8(line()).is_ok_and(|changes| replica(changes, now));
    let entry_taken = std::str::from_utf8(line()).is_ok_and(|entry| entry_covers(entry, now));
    facts_found || changes_taken || entry_taken
}

/// A token says what it says, or its principal does; whether it said anything.
fn facts(payload: &[u8]) -> bool {
    let mut token = String::from("e30.");
    base64url::encode(payload, &mut token);
    token.push_str(".c2ln");
    let facts = Facts::of(ISSUER, "id", Some(5.0), Some(&token));
    assert!(!facts.sub.is_empty() && facts.issuer == ISSUER);
    assert!(facts.jti.as_ref().is_none_or(|jti| !jti.is_empty()));
    if let Ok(text) = std::str::from_utf8(payload) {
        // As a token it may be anything.
        let _ = Facts::of(ISSUER, "id", None, Some(text));
    }
    let is_own = facts.jti.is_some() || facts.iat.is_some() || facts.sub != "id";
    let claims = json::provided(payload);
    let says_so = claims.as_ref().ok().and_then(Value::as_object).is_some_and(|claims| claims.get("iss").is_some());
    assert!(!is_own || says_so, "another issuer's token says nothing");
    is_own
}

/// What is no answer leaves the replica as old as it was; what is one can be asked.
fn replica(changes: &str, now: Time) -> bool {
    let mut replica = Replica::new(Span::from_secs(3600));
    let Ok(is_more) = replica.handle_changes(changes, now) else {
        assert_eq!(replica.freshness(now, Span::from_secs(9), false), Freshness::Stale);
        return false;
    };
    let freshness = if is_more { Freshness::Stale } else { Freshness::Fresh };
    assert_eq!(replica.freshness(now, Span::from_secs(9), false), freshness);
    assert!(replica.is_revoked(&of(None, "id"), now).is_ok());
    true
}

/// What an operator asks for is revoked, as soon as the store has said so.
fn entry_covers(text: &str, now: Time) -> bool {
    let Ok(options) = json::object_of(text) else { return false };
    let Ok(entry) = Entry::requested(&options, Span::from_secs(3600), now) else { return false };
    let member = |name: &str| match options.get(name) {
        Some(Value::String(text)) => Some(text.to_string()),
        Some(Value::Number(number)) => number.as_i64().map(|number| number.to_string()),
        _ => None,
    };
    let mut replica = Replica::new(Span::from_secs(3600));
    let changes = format!(r#"{{"epoch":"e","seq":1,"more":false,"entries":[{entry}]}}"#);
    assert!(!replica.handle_changes(&changes, now).expect("what is written is read"));
    let issuer = member("issuer").expect("an entry has an issuer");
    let (jti, sub) = (member("jti"), member("sub"));
    let facts = Facts { issuer: &issuer, ..of(jti.as_deref(), sub.as_deref().unwrap_or("anybody")) };
    assert!(replica.is_revoked(&facts, now).expect("it has no end"), "{entry}");
    let other = Facts { issuer: "https://other.example", ..facts };
    assert!(issuer == "https://other.example" || !replica.is_revoked(&other, now).expect("nor has this one"));
    true
}

fn of(jti: Option<&str>, sub: &str) -> Facts<'static> {
    Facts { issuer: ISSUER, sub: sub.to_owned(), jti: jti.map(str::to_owned), iat: None, exp: None }
}
