//! Tokens: taken apart by the parser, and judged by the verifier, with WebCrypto for and against them.
//!
//! Three lines are a header, a payload and the length of a signature, which are encoded here: a fuzzer that had to find base64url
//! by itself would never get into the claims. Anything else is a token as it is.

use arcgate::sans_io::{
    jose::{
        base64url,
        jws::{Scratch, UntrustedJws},
        options,
        verify::{Step, Verifier},
    },
    json::{self, Value},
    secret::Secret,
    time::{Span, Time},
};

/// Some instant, in seconds: the tokens of the seeds are good then.
const NOW: i64 = 1_800_000_000;

pub(crate) fn run(data: &[u8]) -> bool {
    let lines: Vec<&[u8]> = data.splitn(3, |byte| *byte == b'\n').collect();
    let token = match lines[..] {
        [header, payload, length] => encoded(header, payload, std::str::from_utf8(length).unwrap_or_default()),
        _ => data.to_vec(),
    };
    let mut scratch = Scratch::default();
    if let Ok(jws) = UntrustedJws::parse(&token, &mut scratch) {
        assert!(jws.signing_input_len() < token.len());
        assert!(jws.payload().len() + jws.signature().len() < token.len(), "base64url is longer than what it means");
        json::parse_object(jws.header().text()).expect("a header that was accepted is JSON");
        let _ = (jws.header().kid(), jws.header().typ(), jws.header().algorithm());
    }
    let refused = judge(&token, false);
    assert!(!refused, "accepted, although the signature is wrong");
    judge(&token, true)
}

fn encoded(header: &[u8], payload: &[u8], length: &str) -> Vec<u8> {
    let length = length.trim().parse().unwrap_or(64_usize).min(1024);
    let signature: Vec<u8> = (0..length).map(|index| (index * 37 + 11) as u8).collect();
    let mut token = String::new();
    for (place, part) in [header, payload, &signature].into_iter().enumerate() {
        if place > 0 {
            token.push('.');
        }
        base64url::encode(part, &mut token);
    }
    token.into_bytes()
}

/// A verifier whose options look at as much of the claims as there is to look at.
fn verifier() -> Verifier {
    let keys = json::parse_object(include_bytes!("../../tests/attacks/keys.json")).expect("the keys are JSON");
    let mut jwks = String::new();
    keys.get("one").expect("a set of keys").write(&mut jwks);
    let providers = format!(
        r#"{{"providers":{{
            "one":{{"issuer":"https://one.example","audience":"api","jwks":{jwks}}},
            "two":{{"issuer":"https://two.example","audience":["api","b"],"jwks":{jwks},"requiredScopes":["a","c"],
                "scopeClaims":["scope","scp","/r/s"],"requiredClaims":{{"client_id":["me",7,null],"/r/s":"a"}},
                "labelClaims":{{"team":"/r/team","sub":"sub"}},"principalClaim":"client_id","optionalClaims":["iat"],
                "maxTokenAgeSec":3600,"maxLifetimeSec":7200}},
            "far":{{"issuer":"https://far.example","audience":"api","jwksUri":"https://far.example/keys"}}}}}}"#
    );
    let options = json::parse_object(providers.as_bytes()).expect("the options are JSON");
    options::verifier(&options, |_: &str| None::<Secret>).expect("the options are good")
}

/// Whether the token is accepted, WebCrypto's answer being this.
fn judge(token: &[u8], approves: bool) -> bool {
    let mut verifier = verifier();
    let now = Time::EPOCH.plus(Span::from_secs(NOW));
    for _ in 0..8 {
        match verifier.begin(token, now, now) {
            Step::Verified(_) => panic!("accepted without WebCrypto"),
            Step::Import { key, algorithm, .. } => {
                assert!(verifier.key(key).is_some(), "a key that is asked for is there");
                verifier.handle_imported(key, algorithm, true);
            }
            Step::Check(check) => {
                assert!(check.signing_input_len < token.len());
                assert!(check.signature_len <= verifier.signature().len());
                return match verifier.finish(check.id, approves, now) {
                    Ok(verified) => {
                        let parts = verified.parts();
                        let claims = verified.text().get(..parts.claims).expect("the claims are in the text");
                        let claims = json::parse_object(claims.as_bytes()).expect("claims are JSON");
                        assert!(claims.get("iss").and_then(Value::as_str).is_some(), "the issuer is known");
                        assert!(matches!(verifier.begin(token, now, now), Step::Verified(_)), "not remembered");
                        true
                    }
                    Err(_) => false,
                };
            }
            // Nobody answers; and who asks again does not fetch again.
            Step::Fetch(..) | Step::Wait(..) | Step::Refused(_) => return false,
        }
    }
    panic!("no progress");
}
