//! What the claims must say, and where exactly a bound lies.

use arcgate::sans_io::{error::Error, time::Time};

use super::{claims, of, outcomes::outcome, token, NOW, SECRET};

const HEADER: &str = r#"{"alg":"HS256"}"#;

/// What comes of these claims with a provider that has these members more.
fn said(members: &str, payload: &str) -> Result<(), Error> {
    let mut verifier = of(members, Some(&SECRET)).unwrap();
    outcome(&mut verifier, &token(HEADER, payload)).map(drop)
}

fn refusal(members: &str, payload: &str) -> String {
    let error = said(members, payload).expect_err(payload);
    format!("{}: {}", error.code().as_str(), error.message())
}

#[test]
fn a_lifetime_may_be_as_long_as_the_longest_and_no_longer() {
    for longest in [600, 601, 3600] {
        assert!(said(&format!(r#","maxLifetimeSec":{longest}"#), &claims("")).is_ok(), "{longest}");
    }
    for longest in [1, 599] {
        let refused = refusal(&format!(r#","maxLifetimeSec":{longest}"#), &claims(""));
        assert!(refused.starts_with("ERR_TOKEN_CLAIM: the token lives for longer than `maxLifetimeSec`"), "{refused}");
    }
}

#[test]
fn a_token_of_more_than_an_hour_is_long_lived() {
    for (lifetime, is_long) in [(600, false), (3600, false), (3601, true)] {
        let mut verifier = of("", Some(&SECRET)).unwrap();
        let payload = claims("").replace("1800000600", &(1_800_000_000 + lifetime).to_string());
        let accepted = outcome(&mut verifier, &token(HEADER, &payload)).unwrap();
        assert_eq!(accepted.is_long_lived(), is_long, "{lifetime} s");
    }
}

#[test]
fn a_token_is_good_from_its_first_instant_to_its_last_with_the_tolerance() {
    let mut verifier = of("", Some(&SECRET)).unwrap();
    let accepted = outcome(&mut verifier, &token(HEADER, &claims(""))).unwrap();
    let (opens, closes) = (NOW - 30_000.0, NOW + 600_000.0 + 30_000.0);
    let code =
        |millis: f64| accepted.window().check(Time::from_millis(millis)).err().map(|error| error.code().as_str());
    assert_eq!(code(opens), None);
    assert_eq!(code(opens - 1.0), Some("ERR_TOKEN_NOT_YET_VALID"));
    assert_eq!(code(closes - 1.0), None);
    assert_eq!(code(closes), Some("ERR_TOKEN_EXPIRED"));
}

#[test]
fn the_issuers_own_number_of_a_user_is_a_subject_where_another_claim_is_the_principal() {
    let numbered = claims(r#","login":"alice""#).replace(r#""alice","iat""#, r#"7,"iat""#);
    assert!(said(r#","principalClaim":"login""#, &numbered).is_ok());
    let refused = refusal("", &numbered);
    assert!(refused.contains("where the issuer numbers its users"), "{refused}");
    let half = numbered.replace(r#""sub":7"#, r#""sub":7.5"#);
    assert!(refusal(r#","principalClaim":"login""#, &half).contains("where the issuer numbers its users"));
}

#[test]
fn a_required_claim_says_something_and_one_of_the_values_if_there_are_some() {
    let named = r#","requiredClaims":["tenant"]"#;
    assert!(said(named, &claims(r#","tenant":"acme""#)).is_ok());
    for missing in ["", r#","tenant":"""#, r#","tenant":null"#, r#","tenant":[]"#] {
        assert!(refusal(named, &claims(missing)).starts_with("ERR_TOKEN_CLAIM"), "{missing}");
    }
    let valued = r#","requiredClaims":{"tenant":["acme",7,""]}"#;
    for good in [r#""acme""#, "7", "7.0", r#""""#, r#"["other","acme"]"#, "[7e0]"] {
        assert!(said(valued, &claims(&format!(r#","tenant":{good}"#))).is_ok(), "{good}");
    }
    for other in [r#""ACME""#, "8", r#""7""#, "[8]", r#"["other"]"#, "true", r#"{"acme":1}"#] {
        let refused = refusal(valued, &claims(&format!(r#","tenant":{other}"#)));
        assert!(refused.contains("none of the values that `requiredClaims` allows"), "{other}: {refused}");
    }
    for silent in ["null", "[]"] {
        assert!(refusal(valued, &claims(&format!(r#","tenant":{silent}"#))).contains("`tenant`"), "{silent}");
    }
}

#[test]
fn a_claim_of_another_type_is_named() {
    for (good, other) in [
        (r#""exp":1800000600"#, r#""exp":"1800000600""#),
        (r#""iat":1800000000"#, r#""iat":true"#),
        (r#""sub":"alice""#, r#""sub":["alice"]"#),
    ] {
        let name = good.split(':').next().unwrap().replace('"', "`");
        let refused = refusal("", &claims("").replace(good, other));
        assert!(refused.starts_with("ERR_TOKEN_CLAIM") && refused.contains(&name), "{other}: {refused}");
    }
}
