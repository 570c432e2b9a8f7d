//! What an accepted token says: the parts of its text, its scopes, its principal.

use std::sync::Arc;

use arcgate::sans_io::{
    error::Error,
    jose::verify::{Step, VerifiedToken, Verifier},
    time::Time,
};

use super::{claims, made, of, refusal, token, ISSUER, NOW, SECRET};

const HEADER: &str = r#"{"alg":"HS256"}"#;

/// The outcome, where WebCrypto takes each key and approves of each signature.
pub(crate) fn outcome(verifier: &mut Verifier, token: &str) -> Result<Arc<VerifiedToken>, Error> {
    let now = Time::from_millis(NOW);
    for _ in 0..3 {
        match verifier.begin(token.as_bytes(), now, now) {
            Step::Verified(token) => return Ok(token),
            Step::Refused(error) => return Err(error),
            Step::Import { key, algorithm, .. } => verifier.handle_imported(key, algorithm, true),
            Step::Check(check) => return verifier.finish(check.id, true, now),
            other => panic!("{other:?}"),
        }
    }
    panic!("no progress");
}

/// The parts of an accepted token's text, in their order: claims, header, id, scopes, the list of scopes, labels, key, issuer.
fn parts(token: &VerifiedToken) -> Vec<&str> {
    let parts = token.parts();
    let lengths =
        [parts.claims, parts.header, parts.id, parts.scopes, parts.scope_list, parts.labels, parts.key, parts.issuer];
    let mut rest = token.text();
    let mut found = Vec::new();
    for length in lengths {
        let (part, after) = rest.split_at(length);
        found.push(part);
        rest = after;
    }
    assert_eq!(rest, "", "nothing stands behind the last part");
    found
}

#[test]
fn the_parts_of_a_plain_token() {
    let mut plain = of("", Some(&SECRET)).unwrap();
    let payload = claims(r#","scope":"read  write read""#);
    let accepted = outcome(&mut plain, &token(HEADER, &payload)).unwrap();
    assert_eq!(parts(&accepted), [&payload, HEADER, "alice", "read\nwrite", "", "", "", ""]);
}

#[test]
fn the_parts_of_a_token_with_labels_and_a_scope_that_holds_the_separator() {
    let mut labelled =
        of(r#","scopeClaims":["roles"],"labelClaims":{"team":"team","floor":"floor"}"#, Some(&SECRET)).unwrap();
    let payload = claims(r#","roles":["read all","a\nb"],"team":"blue","floor":7"#);
    let accepted = outcome(&mut labelled, &token(HEADER, &payload)).unwrap();
    let expected =
        [&payload, HEADER, "alice", "read all", r#"["read all","a\nb"]"#, r#"{"team":"blue","floor":"7"}"#, "", ""];
    assert_eq!(parts(&accepted), expected);
}

#[test]
fn the_parts_of_a_tenants_token_have_its_own_issuer() {
    let options =
        r#"{"providers":{"one":{"issuer":"https://one.example/{tenantid}","audience":"api","tenants":"any"}}}"#;
    let mut tenants = made(options, Some(&SECRET)).unwrap();
    let payload = claims(r#","tid":"t1""#).replace(ISSUER, "https://one.example/t1");
    let accepted = outcome(&mut tenants, &token(HEADER, &payload)).unwrap();
    let key = parts(&accepted)[6].to_owned();
    assert!(key.contains("https://one.example/t1") && key.ends_with("alice"), "{key}");
    assert_eq!(parts(&accepted)[7], "https://one.example/t1");
}

#[test]
fn an_id_that_is_not_plain_has_its_key_written_out() {
    let mut plain = of("", Some(&SECRET)).unwrap();
    let payload = claims("").replace("alice", "al|ice");
    let accepted = outcome(&mut plain, &token(HEADER, &payload)).unwrap();
    let parts = parts(&accepted);
    assert_eq!(parts[2], "al|ice");
    assert!(!parts[6].is_empty() && !parts[6].ends_with("al|ice"), "{}", parts[6]);
    assert_eq!(parts[7], "");
}

#[test]
fn scopes_are_asked_for_one_by_one() {
    let mut plain = of("", Some(&SECRET)).unwrap();
    let accepted = outcome(&mut plain, &token(HEADER, &claims(r#","scope":"read write","scp":["admin"]"#))).unwrap();
    let all: [&[&str]; 4] = [&[], &["read"], &["write", "read"], &["admin", "read", "write"]];
    for granted in all {
        assert!(accepted.require_scopes(granted).is_ok(), "{granted:?}");
    }
    let some: [&[&str]; 7] =
        [&["rea"], &["readwrite"], &["read write"], &["read", "root"], &["alice"], &[""], &["write\nread"]];
    for missing in some {
        assert_eq!(accepted.require_scopes(missing).unwrap_err().code().as_str(), "ERR_TOKEN_SCOPE", "{missing:?}");
    }
}

#[test]
fn a_principals_id_has_1024_bytes_at_most() {
    let mut plain = of("", Some(&SECRET)).unwrap();
    let mut named =
        |length: usize| outcome(&mut plain, &token(HEADER, &claims("").replace("alice", &"a".repeat(length))));
    assert_eq!(named(1024).unwrap().parts().id, 1024);
    let error = named(1025).unwrap_err();
    assert_eq!(error.code().as_str(), "ERR_TOKEN_CLAIM");
    assert!(error.message().contains("`sub` is over 1 kB"), "{}", error.message());
}

#[test]
fn another_algorithm_is_refused_with_the_way_to_it() {
    let said = |members: &str, secret: Option<&[u8]>, alg: &str| {
        let mut one = of(members, secret).unwrap();
        refusal(&mut one, &token(&format!(r#"{{"alg":"{alg}"}}"#), &claims(""))).unwrap().message().to_owned()
    };
    let shared = said("", Some(&SECRET), "ES256");
    assert!(shared.contains("where its tokens move to public keys, list both kinds"), "{shared}");
    let public = said("", None, "HS256");
    assert!(public.contains("needs that as `secret`"), "{public}");
    let both = said(r#","algorithms":["HS256","ES256"],"jwksUri":"https://one.example/keys""#, Some(&SECRET), "ES384");
    assert!(both.ends_with("is not among the algorithms of the provider \"one\""), "{both}");
}
