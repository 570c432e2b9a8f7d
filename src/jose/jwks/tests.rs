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
fn attack_18_given_sets_mix_nothing_and_name_each_key_once() {
    let oct = |kid: &str, byte: char| format!(r#"{{"kty":"oct","kid":"{kid}","k":"{}"}}"#, byte.to_string().repeat(43));
    let given = |keys: &[String]| {
        let text = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
        Jwks::from_given(&json::parse(text.as_bytes()).unwrap(), &mut KeyIds::default())
    };
    let short = r#"{"kty":"oct","kid":"c","k":"AAAA"}"#.to_owned();
    for (keys, told) in [
        (vec![oct("a", 'A'), named(1, "b")], "mixes"),
        (vec![named(1, "b"), short], "mixes"),
        (vec![oct("a", 'A'), oct("a", 'E')], "more than one key of the `kid` \"a\""),
        (vec![named(1, "a"), named(2, "b"), named(3, "a")], "more than one key of the `kid` \"a\""),
        (vec![named(1, "a"), named(1, "a")], "more than one key of the `kid` \"a\""),
        (vec![named(1, "a"), p256(r#","kid":"a""#)], "more than one key of the `kid` \"a\""),
    ] {
        let error = given(&keys).unwrap_err();
        assert_eq!((error.code(), error.subject()), (Code::Config, Some("keys")), "{keys:?}");
        assert!(error.message().contains(told), "{error}");
    }
    assert!(given(&[oct("a", 'A'), oct("b", 'E')]).is_ok());
    assert!(given(&[key(1, ""), key(2, ""), p256("")]).is_ok(), "keys without a name have none twice");
}

#[test]
fn without_a_kid_anywhere_a_few_keys_are_tried_in_turn() {
    let find = |set: &Jwks, tried| set.find(&Hint { tried, ..Hint::new(None, ED) });
    let turns = |set: &Jwks| (0..6).map(|tried| find(set, tried)).collect::<Vec<_>>();
    let [one, two, three, four] = [1, 2, 3, 4].map(KeyId);
    let none = Selection::None;
    let nameless = |count: u8| set(&(1..=count).map(|n| key(n, "")).collect::<Vec<_>>());
    assert_eq!(turns(&nameless(1)), [Selection::Key(one), none, none, none, none, none]);
    assert_eq!(turns(&nameless(2)), [Selection::OneOf(one), Selection::Key(two), none, none, none, none]);
    let tries =
        [Selection::OneOf(one), Selection::OneOf(two), Selection::OneOf(three), Selection::Key(four), none, none];
    assert_eq!(turns(&nameless(4)), tries);
    assert_eq!(turns(&nameless(5)), [Selection::Ambiguous; 6]);
    // Other kinds of keys count for nothing, nor does a key that stands there twice.
    let mut keys: Vec<_> = (1..=4).map(|n| key(n, "")).collect();
    keys.extend([key(4, r#","alg":"EdDSA""#), p256(""), p256(r#","kid":"p""#)]);
    assert_eq!(turns(&set(&keys)), tries);
    // Where one of them has a name, a token without one is not to be guessed at; and a name is never tried against those without.
    assert_eq!(turns(&set(&[key(1, ""), named(2, "b")])), [Selection::Ambiguous; 6]);
    assert_eq!(turns(&set(&[named(1, "a"), key(2, "")])), [Selection::Ambiguous; 6]);
    assert_eq!(nameless(2).select(Some("a"), ED), Selection::None);
    // What WebCrypto refused is out.
    let mut two_left = nameless(3);
    two_left.refuse(two, ED);
    assert_eq!(turns(&two_left)[..3], [Selection::OneOf(one), Selection::Key(three), none]);
}

#[test]
fn a_key_of_another_issuer_is_none() {
    let of = |n: u8, issuer: &str| key(n, &format!(r#","kid":"k{n}","issuer":"{issuer}""#));
    let set = set(&[of(1, "https://l.example/{tenantid}/v2.0"), of(2, "https://l.example/t2/v2.0"), named(3, "k3")]);
    let find = |kid, issuer| set.find(&Hint { issuer: Some(issuer), ..Hint::new(Some(kid), ED) });
    let (t1, t2) = ("https://l.example/t1/v2.0", "https://l.example/t2/v2.0");
    assert_eq!(find("k1", t1), Selection::Key(KeyId(1)));
    assert_eq!(find("k1", "https://other.example/t1/v2.0"), Selection::None);
    assert_eq!((find("k2", t2), find("k2", t1)), (Selection::Key(KeyId(2)), Selection::None));
    assert_eq!(find("k3", t1), Selection::Key(KeyId(3)));
    // The only issuer of its provider has the keys for any tenant, and still not another's.
    let own = |kid, issuer| set.find(&Hint { issuer: Some(issuer), is_own: true, ..Hint::new(Some(kid), ED) });
    assert_eq!(own("k1", "https://other.example/t1/v2.0"), Selection::Key(KeyId(1)));
    assert_eq!(own("k2", t1), Selection::None);
    let hint = Hint { issuer: Some(t1), ..Hint::new(Some("k2"), ED) };
    assert_eq!((set.kept_for(&hint), set.kept_for(&Hint { kid: Some("k1"), ..hint })), (Some(t2), None));
    for nothing in [r#","issuer":"""#, r#","issuer":null"#] {
        let set = try_set(&[key(1, nothing)]).unwrap();
        let hint = Hint { issuer: Some(t1), ..Hint::new(None, ED) };
        assert_eq!(set.find(&hint), Selection::Key(set.iter().next().unwrap().0), "{nothing}");
    }
    let error = try_set(&[key(1, r#","issuer":7"#)]).unwrap_err();
    assert!(error.message().contains("`issuer`"), "{error}");
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
    let many: Vec<_> = (0..100).map(|n| named(n + 1, &n.to_string())).collect();
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
    let set = given(&format!(r#"{{"keys":[{oct},{}]}}"#, oct.replace("\"a\"", "\"b\"").replace("AAA", "BAA"))).unwrap();
    assert_eq!(set.select(Some("b"), Algorithm::HS256), Selection::Key(KeyId(2)));
    assert_eq!(set.select(Some("c"), Algorithm::HS256), Selection::None);
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
