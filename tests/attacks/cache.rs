//! Attacks on the cache of verified tokens: 16.

use arcgate::sans_io::{error::Code, jose::verify::Step, json};

use crate::bench::*;

#[test]
fn attack_16_the_second_use_of_a_token_needs_no_signature_check() {
    let mut bench = Bench::local();
    let token = rsa_token(&claims());
    let first = bench.accepts(&token);
    bench.crypto = Crypto::Unasked;
    assert_eq!(bench.accepts(&token), first);
    assert_eq!(bench.checks, 1);
}

#[test]
fn attack_16_only_the_very_same_bytes_are_the_same_token() {
    let mut bench = Bench::local();
    let token = rsa_token(&claims());
    bench.accepts(&token);
    bench.crypto = Crypto::Refuses;
    // Another payload under the same signature, another signature over the same payload, and the same claims in other words.
    let root = token.replace(&base64url(claims()), &base64url(claims_but("sub", Some("\"root\""))));
    let mut bytes = signature(256);
    bytes[0] ^= 1;
    let resigned = jws(r#"{"alg":"RS256","kid":"rsa"}"#, &claims(), &bytes);
    bytes[0] ^= 1;
    bytes[255] ^= 1;
    let at_the_end = jws(r#"{"alg":"RS256","kid":"rsa"}"#, &claims(), &bytes);
    let spaced = rsa_token(&format!("{} ", claims()));
    for other in [root, resigned, at_the_end, spaced] {
        assert_eq!(bench.code(other), Code::TokenSignature);
    }
    assert_eq!(bench.checks, 5);
    for other in [format!("{token}="), format!("{token}."), token[..token.len() - 1].to_owned(), format!("{token} ")] {
        assert_eq!(bench.code_at_once(other), Code::TokenMalformed);
    }
}

#[test]
fn attack_16_refusals_are_not_remembered() {
    let mut bench = Bench::local().answering(Crypto::Refuses);
    let token = rsa_token(&claims());
    assert_eq!(bench.code(&token), Code::TokenSignature);
    bench.crypto = Crypto::Approves;
    bench.accepts(&token);
    // Nor are claims that fail.
    let early = rsa_token(&claims_but("nbf", Some(&(NOW + 100).to_string())));
    assert_eq!(bench.code(&early), Code::TokenNotYetValid);
    bench.later(100);
    bench.accepts(&early);
}

#[test]
fn attack_16_a_remembered_token_ends_when_it_expires() {
    let mut bench = Bench::local();
    let token = rsa_token(&claims_but("exp", Some(&(NOW + 60).to_string())));
    bench.accepts(&token);
    bench.crypto = Crypto::Unasked;
    bench.later(89);
    bench.accepts(&token);
    bench.later(1);
    bench.crypto = Crypto::Approves;
    assert_eq!(bench.code(&token), Code::TokenExpired);
    bench.later(1_000_000);
    assert_eq!(bench.code(&token), Code::TokenExpired);
}

#[test]
fn attack_16_a_remembered_token_ends_with_its_age() {
    let mut bench = Bench::local();
    let token = rsa_token(&claims());
    bench.accepts(&token);
    bench.later(299);
    bench.accepts(&token);
    assert_eq!(bench.checks, 1);
    bench.later(1);
    bench.accepts(&token);
    assert_eq!(bench.checks, 2);
}

#[test]
fn attack_16_a_removed_key_ends_what_it_signed() {
    let mut bench = Bench::remote();
    let token = rsa_token(&claims_but("exp", Some(&(NOW + 7200).to_string())));
    bench.accepts(&token);
    bench.accepts(&token);
    assert_eq!(bench.checks, 1);
    // The provider takes the key away. At the latest when the set's age is over, the token is worth nothing.
    bench.answers = [Some((200, format!(r#"{{"keys":[{}]}}"#, jwk("one", "p256"))))].into();
    bench.later(601);
    assert_eq!(bench.code(&token), Code::KeyNotFound);
    assert_eq!(bench.checks, 1);
}

#[test]
fn attack_16_a_replaced_key_ends_what_the_old_one_signed() {
    let mut bench = Bench::remote();
    let token = rsa_token(&claims_but("exp", Some(&(NOW + 7200).to_string())));
    bench.accepts(&token);
    // The same kid, another key. An unknown kid makes the verifier look, well before the set's age is over.
    bench.answers = [Some((200, jwks("other")))].into();
    bench.later(10);
    let unknown = jws(r#"{"alg":"RS256","kid":"new"}"#, &claims(), &signature(256));
    assert_eq!(bench.code(unknown), Code::KeyNotFound);
    bench.crypto = Crypto::Refuses;
    assert_eq!(bench.code(&token), Code::TokenSignature);
    assert_eq!((bench.checks, bench.imports), (2, 2), "checked again, with the new key");
}

#[test]
fn attack_16_an_outage_does_not_stretch_a_remembered_token() {
    let mut bench = Bench::remote();
    let token = rsa_token(&claims_but("exp", Some(&(NOW + 90_000).to_string())));
    bench.accepts(&token);
    bench.answers = [None].into();
    // Known keys survive an outage for an hour beyond their ten minutes; then it is the provider's fault, not the token's.
    let mut refused_at = None;
    for minute in 1..=120 {
        bench.later(60);
        match bench.verify(&token) {
            Ok(_) => assert_eq!(refused_at, None),
            Err(error) => {
                assert_eq!(error.code(), Code::JwksUnavailable, "minute {minute}");
                assert!(error.retry_delay().is_some());
                refused_at.get_or_insert(minute);
            }
        }
    }
    assert_eq!(refused_at, Some(70));
}

#[test]
fn attack_16_tokens_that_are_refused_do_not_keep_keys_from_being_refreshed() {
    let mut bench = Bench::remote();
    bench.accepts(rsa_token(&claims()));
    assert_eq!(bench.fetched.len(), 1);
    // The set is old enough to be refreshed beside, and the first to come are tokens that can't be good: a length that
    // another RSA key would have, a wrong signature, a key not imported yet.
    for (index, (alg, kid, length)) in
        [("RS256", "rsa", 384), ("RS256", "rsa", 256), ("ES256", "p256", 64)].into_iter().enumerate()
    {
        bench.later(500);
        bench.crypto = Crypto::Refuses;
        let claims = claims_but("exp", Some(&(NOW + 7200).to_string()));
        let token = jws(&format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#), &claims, &signature(length));
        assert_eq!(bench.code(token), Code::TokenSignature, "{alg} {length}");
        assert_eq!(bench.fetched.len(), index + 2, "{alg} {length}");
    }
}

#[test]
fn attack_16_verifiers_and_options_share_nothing() {
    // One accepts the token; another with other terms has never seen it.
    let token = rsa_token(&claims());
    Bench::local().accepts(&token);
    let strict = provider(&format!(r#""audience":"api","requiredScopes":["admin"],"jwks":{}"#, jwks("one")));
    assert_eq!(Bench::new(&strict).code(&token), Code::TokenScope);
    let other = provider(&format!(r#""audience":"other","jwks":{}"#, jwks("one")));
    assert_eq!(Bench::new(&other).code(&token), Code::TokenAudience);
}

#[test]
fn attack_16_switched_off_it_remembers_nothing() {
    let options = provider(&format!(r#""audience":"api","jwks":{}"#, jwks("one")));
    let mut bench = Bench::new(&options.replacen('{', r#"{"tokenCache":false,"#, 1));
    let token = rsa_token(&claims());
    for round in 1..=3 {
        bench.accepts(&token);
        assert_eq!(bench.checks, round);
    }
}

#[test]
fn attack_16_keys_that_change_during_a_check_leave_nothing_behind() {
    let mut bench = Bench::remote();
    bench.accepts(rsa_token(&claims_with(r#""jti":"warm""#)));
    let token = rsa_token(&claims());
    let Step::Check(check) = bench.verifier.begin(token.as_bytes(), bench.now, bench.now) else { panic!("no check") };
    // While WebCrypto works, the provider's set is replaced by one in which the same kid is another key.
    let snapshot = format!(
        r#"[{{"issuer":"{ISSUER}","jwks":{},"fetchedAt":{},"expiresAt":{}}}]"#,
        jwks("other"),
        NOW + 5,
        NOW + 500
    );
    bench.later(10);
    bench.verifier.handle_snapshots(&json::parse(snapshot.as_bytes()).unwrap(), bench.now).unwrap();
    let _ = bench.verifier.finish(check.id, true, bench.now);
    bench.crypto = Crypto::Refuses;
    assert_eq!(bench.code(&token), Code::TokenSignature);
}

#[test]
fn attack_16_a_check_is_finished_once_and_by_its_own_answer() {
    let mut bench = Bench::local();
    bench.accepts(rsa_token(&claims_with(r#""jti":"warm""#)));
    let mut begin = |jti: &str| {
        let token = rsa_token(&claims_with(&format!(r#""jti":"{jti}""#)));
        match bench.verifier.begin(token.as_bytes(), bench.now, bench.now) {
            Step::Check(check) => check.id,
            other => panic!("{other:?}"),
        }
    };
    let (one, two) = (begin("one"), begin("two"));
    assert_ne!(one, two);
    // An answer that comes twice, or for a check that was given up, approves nothing, whoever has the place by then.
    assert!(bench.verifier.finish(one, false, bench.now).is_err());
    assert_eq!(bench.verifier.finish(one, true, bench.now).unwrap_err().code(), Code::Internal);
    let three = match bench.verifier.begin(rsa_token(&claims_with(r#""jti":"three""#)).as_bytes(), bench.now, bench.now)
    {
        Step::Check(check) => check.id,
        other => panic!("{other:?}"),
    };
    assert_eq!(bench.verifier.finish(one, true, bench.now).unwrap_err().code(), Code::Internal);
    assert!(bench.verifier.finish(three, true, bench.now).unwrap().text().contains("three"));
    assert!(bench.verifier.finish(two, true, bench.now).unwrap().text().contains("two"));
    bench.verifier.abandon(two);
}
