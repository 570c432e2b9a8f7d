use super::*;

/// The Ed25519 key number `n`, which need not be a point: that is WebCrypto's to say.
fn key(n: u8, members: &str) -> String {
    use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};
    let x = URL_SAFE_NO_PAD.encode([n; 32]);
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"{members}}}"#)
}

fn named(n: u8, kid: &str) -> String {
    key(n, &format!(r#","kid":"{kid}""#))
}

fn p256(members: &str) -> String {
    let x = "gaQqM9Sq4WvpdxJlXt77fRaYtUwoIlYLYbo_dsKy5OA";
    format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{x}"{members}}}"#)
}

fn try_set(keys: &[String]) -> Result<Jwks, Error> {
    Jwks::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes(), &mut KeyIds::default())
}

fn set(keys: &[String]) -> Jwks {
    try_set(keys).unwrap()
}

const ED: Algorithm = Algorithm::Ed25519;

#[test]
fn a_kid_means_the_key_of_exactly_that_name() {
    let set = set(&[named(1, "a"), named(2, "b"), p256(r#","kid":"c""#)]);
    assert_eq!(set.select(Some("a"), ED), Selection::Key(KeyId(1)));
    assert_eq!(set.select(Some("b"), ED), Selection::Key(KeyId(2)));
    for kid in ["", "A", "a ", "c", "__proto__", "constructor", "../a", "a' OR 1=1"] {
        assert_eq!(set.select(Some(kid), ED), Selection::None, "{kid}");
    }
    assert_eq!(set.select(Some("c"), Algorithm::ES256), Selection::Key(KeyId(3)));
    assert_eq!(set.select(Some("a"), Algorithm::HS256), Selection::None);
}

#[test]
fn attack_18_two_keys_of_one_name_are_ambiguous() {
    let two = set(&[named(1, "a"), named(2, "a"), named(3, "b"), p256(r#","kid":"a""#)]);
    assert_eq!(two.select(Some("a"), ED), Selection::Ambiguous);
    assert_eq!(two.select(Some("b"), ED), Selection::Key(KeyId(3)));
    // The other kind of key has the name for itself.
    assert_eq!(two.select(Some("a"), Algorithm::ES256), Selection::Key(KeyId(4)));
}

#[test]
fn the_same_key_twice_is_one() {
    let set = set(&[named(1, "a"), named(1, "a"), key(1, r#","kid":"a","alg":"EdDSA""#), named(1, "b")]);
    assert_eq!(set.iter().count(), 2);
    assert_eq!(set.select(Some("a"), ED), Selection::Key(KeyId(1)));
    assert_eq!(set.select(None, ED), Selection::Key(KeyId(1)));
}

#[test]
fn without_a_kid_there_must_be_one_key() {
    assert_eq!(set(&[named(1, "a"), p256("")]).select(None, ED), Selection::Key(KeyId(1)));
    assert_eq!(set(&[named(1, "a"), named(2, "b")]).select(None, ED), Selection::Ambiguous);
    assert_eq!(set(&[p256("")]).select(None, ED), Selection::None);
}

#[test]
fn a_key_without_a_name_is_no_answer_to_a_kid() {
    assert_eq!(set(&[key(1, "")]).select(Some("a"), ED), Selection::None);
    assert_eq!(set(&[key(1, "")]).select(None, ED), Selection::Key(KeyId(1)));
}

#[test]
fn attack_18_a_bad_key_does_not_fail_the_rest() {
    let bad = [
        r#"{"kty":"oct","k":"AAAA"}"#,
        r#"{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}"#,
        "null",
        r#"{"kty":"RSA","use":"enc"}"#,
        r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
    ];
    let mut keys: Vec<_> = bad.map(str::to_owned).to_vec();
    keys.push(named(1, "a"));
    let set = set(&keys);
    assert_eq!(set.iter().count(), 1);
    assert_eq!(set.select(Some("a"), ED), Selection::Key(KeyId(1)));
    let dropped: Vec<_> = set.dropped().iter().map(|dropped| (dropped.index, dropped.problem)).collect();
    assert_eq!(
        dropped,
        [
            (0, KeyProblem::Published),
            (1, KeyProblem::Type),
            (2, KeyProblem::NotAnObject),
            (3, KeyProblem::Use),
            (4, KeyProblem::Length("x")),
        ]
    );
    assert!(set.dropped()[3].to_string().starts_with("keys[3]: "));
}

#[test]
fn a_set_without_a_usable_key_is_none() {
    for text in [
        "",
        "[]",
        "{}",
        "null",
        r#"{"keys":{}}"#,
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#,
        r#"{"keys":[],"keys":[]}"#,
        "<html>",
    ] {
        let error = Jwks::parse(text.as_bytes(), &mut KeyIds::default()).unwrap_err();
        assert_eq!(error.code(), Code::JwksUnavailable, "{text}");
    }
    let error = try_set(&[p256(r#","use":"enc""#)]).unwrap_err();
    assert!(error.message().contains("keys[0]: `use` is not \"sig\""), "{error}");
}

#[test]
fn attack_12_large_sets_are_bounded() {
    let many: Vec<_> = (0..100).map(|n| named(n, &n.to_string())).collect();
    let many = set(&many);
    assert_eq!(many.iter().count(), MAX_KEYS);
    assert_eq!(many.select(Some("63"), ED), Selection::Key(KeyId(64)));
    assert_eq!(many.select(Some("64"), ED), Selection::None);
    assert_eq!(many.dropped()[0], Dropped { index: 64, problem: KeyProblem::TooMany });
    let junk = set(&[vec!["{}".to_owned(); 10_000], vec![named(1, "a")]].concat());
    assert_eq!((junk.iter().count(), junk.dropped().len()), (1, MAX_KEYS));
    let long = format!(r#"{{"keys":[{}],"x":"{}"}}"#, named(1, "a"), "x".repeat(MAX_BYTES));
    assert!(Jwks::parse(long.as_bytes(), &mut KeyIds::default()).unwrap_err().message().contains("longer"));
}

#[test]
fn given_keys_may_be_secrets_and_alone() {
    let given = |text: &str| Jwks::from_given(&json::parse(text.as_bytes()).unwrap(), &mut KeyIds::default());
    let oct = format!(r#"{{"kty":"oct","kid":"a","k":"{}"}}"#, "A".repeat(43));
    let alone = given(&oct).unwrap();
    assert_eq!(alone.select(Some("b"), Algorithm::HS256), Selection::Key(KeyId(1)));
    assert_eq!(alone.select(None, Algorithm::HS256), Selection::Key(KeyId(1)));
    assert_eq!(alone.select(None, Algorithm::HS512), Selection::None);
    let set = given(&format!(r#"{{"keys":[{oct},{}]}}"#, named(1, "b"))).unwrap();
    assert_eq!(set.select(Some("b"), Algorithm::HS256), Selection::None);
    assert_eq!(set.select(Some("b"), ED), Selection::Key(KeyId(2)));
    for wrong in ["{}", "[]", r#"{"keys":7}"#, r#"{"keys":[]}"#, r#"{"kty":"RSA","d":"AA"}"#] {
        assert_eq!(given(wrong).unwrap_err().code(), Code::Config, "{wrong}");
    }
}

#[test]
fn a_secret_answers_to_every_kid_but_for_hmac_alone() {
    let set = Jwks::from_secret(Secret::new(vec![1; 48]), &mut KeyIds::default());
    assert_eq!(set.select(Some("x"), Algorithm::HS384), Selection::Key(KeyId(1)));
    assert_eq!(set.select(None, Algorithm::HS256), Selection::Key(KeyId(1)));
    assert_eq!(set.select(None, Algorithm::HS512), Selection::None);
    assert_eq!(set.select(None, Algorithm::RS256), Selection::None);
    assert_eq!(Jwks::from_secret(Secret::new("short"), &mut KeyIds::default()).iter().count(), 0);
}

#[test]
fn a_key_that_webcrypto_refused_is_not_used_again() {
    let mut ids = KeyIds::default();
    let text = format!(r#"{{"keys":[{},{}]}}"#, named(1, "a"), named(2, "b"));
    let mut old = Jwks::parse(text.as_bytes(), &mut ids).unwrap();
    old.refuse(KeyId(1), ED);
    assert_eq!(old.select(Some("a"), ED), Selection::None);
    assert_eq!(old.select(None, ED), Selection::Key(KeyId(2)));
    let mut new = Jwks::parse(text.as_bytes(), &mut ids).unwrap();
    assert_eq!(new.select(Some("a"), ED), Selection::Key(KeyId(3)));
    new.inherit(&old);
    assert_eq!(new.select(Some("a"), ED), Selection::None);
    assert_eq!(new.select(Some("b"), ED), Selection::Key(KeyId(2)));
}
