#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a failed one here is a failed test")]

use std::time::Duration;

use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use proptest::prelude::*;

use super::Options;
use crate::{
    driver::{
        verifier::{JwksCache, Provider, TokenCache, VerifiedToken},
        words::Words,
    },
    error::Code,
    jose::{alg::Algorithm, verify::Step},
    time::Time,
};

const ISSUER: &str = "https://issuer.example";
const JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

/// What one call of the builder's is, and what JSON has for it.
type Move = (fn(Provider) -> Provider, &'static str);

/// What begins a provider, by where its keys come from; what JSON has for it; and whether it has a secret.
type Place = (fn(&str) -> Provider, &'static str, bool);

const PLACES: [Place; 5] = [
    (|issuer| Provider::jwks(issuer, format!("{{\"keys\":[{JWK}]}}")), "\"jwks\":{\"keys\":[JWK]}", false),
    (|issuer| Provider::discovery(issuer), "", false),
    (
        |issuer| Provider::discovery_at(issuer, "https://other.example/d"),
        "\"discoveryUrl\":\"https://other.example/d\"",
        false,
    ),
    (
        |issuer| Provider::jwks_uri(issuer, "https://issuer.example/k"),
        "\"jwksUri\":\"https://issuer.example/k\"",
        false,
    ),
    (|issuer| Provider::secret(issuer, [7; 32]), "", true),
];

const AUDIENCES: [Move; 5] = [
    (|provider| provider.audience("api"), r#""audience":"api""#),
    (|provider| provider.audiences(["other", "api"]), r#""audience":["other","api"]"#),
    (|provider| provider.audience("other").audience("third"), r#""audience":["other","third"]"#),
    (Provider::any_audience, r#""audience":null"#),
    (|provider| provider, ""),
];

/// Each may be there or not; some are wrong, alone or together with others.
const MOVES: [Move; 18] = [
    (|p| p.algorithms([Algorithm::ES256, Algorithm::RS256]), r#""algorithms":["ES256","RS256"]"#),
    (|p| p.required_scopes(["read"]).required_scopes(["write"]), r#""requiredScopes":["read","write"]"#),
    (|p| p.required_scopes([""]), r#""requiredScopes":[""]"#),
    (|p| p.scope_claims(["roles", "/realm_access/roles"]), r#""scopeClaims":["roles","/realm_access/roles"]"#),
    (|p| p.typ(["at+jwt", ""]), r#""typ":["at+jwt",""]"#),
    (|p| p.required_claim("gty"), r#""requiredClaims":["gty"]"#),
    (
        |p| p.required_claim_value("email_verified", true).required_claim_values("level", [1, 2]).required_claim("gty"),
        r#""requiredClaims":{"email_verified":true,"level":[1,2],"gty":[]}"#,
    ),
    (|p| p.optional_claims(["iat"]), r#""optionalClaims":["iat"]"#),
    (|p| p.optional_claims(["sub", "exp"]), r#""optionalClaims":["sub","exp"]"#),
    (|p| p.optional_claims(["aud"]), r#""optionalClaims":["aud"]"#),
    (|p| p.principal_claim("oid"), r#""principalClaim":"oid""#),
    (|p| p.principal_claim("oid").principal_claims(["sub"]), r#""principalClaim":["oid","sub"]"#),
    (|p| p.label("tenant", "tid").label("level", "level"), r#""labelClaims":{"tenant":"tid","level":"level"}"#),
    (|p| p.max_token_age(Duration::from_millis(600_500)), r#""maxTokenAgeSec":600.5"#),
    (|p| p.max_token_age(Duration::MAX), r#""maxTokenAgeSec":1e12"#),
    (|p| p.max_lifetime(Duration::from_secs(900)), r#""maxLifetimeSec":900"#),
    (|p| p.tenants(["a-1", "b"]), r#""tenants":["a-1","b"]"#),
    (Provider::any_tenant, r#""tenants":"any""#),
];

const CLAIMS: [(&str, &[&str]); 11] = [
    ("iss", &["\"https://issuer.example\"", "\"https://other.example\"", "\"https://issuer.example/a-1\""]),
    ("aud", &["\"api\"", "[\"third\"]", "\"\""]),
    ("sub", &["\"joe\"", "7", "\"\""]),
    ("exp", &["2000", "1400", "100"]),
    ("iat", &["900", "100", "\"x\""]),
    ("scope", &["\"read write\"", "\"read\""]),
    ("roles", &["[\"read\",\"write\",\"a\\nb\"]", "7"]),
    ("gty", &["\"x\"", "null"]),
    ("email_verified", &["true", "\"true\""]),
    ("level", &["1", "2.0", "3"]),
    ("tid", &["\"a-1\"", "\"c\""]),
];

/// What the options come to, and what becomes of a token whose signature is its key's.
fn outcome(options: Options, token: &str) -> String {
    let told = |error| {
        let error = Words::Rust.tell(error);
        format!("{error:?} {:?} {:?}", error.subject(), error.retry_delay())
    };
    let (mut machine, facts) = match options.into_machine() {
        Ok(built) => built,
        Err(error) => return told(error),
    };
    let now = Time::from_millis(1_000_000.0);
    loop {
        match machine.begin(token.as_bytes(), now, now) {
            Step::Import { key, algorithm, .. } => machine.handle_imported(key, algorithm, true),
            Step::Refused(error) => return told(error),
            Step::Check(check) => match machine.finish(check.id, true, now) {
                Ok(sealed) => {
                    let token = VerifiedToken::new(sealed, &facts);
                    let mut principal = String::new();
                    token.principal().write_json(&mut principal);
                    return format!("{principal} {} {:?}", token.provider(), token.header());
                }
                Err(error) => return told(error),
            },
            step => return format!("{step:?}"),
        }
    }
}

fn token(claims: &[Option<usize>], typ: usize, algorithm: &str, signature: usize) -> String {
    let members: Vec<_> = CLAIMS
        .iter()
        .zip(claims)
        .filter_map(|((name, values), chosen)| Some(format!("\"{name}\":{}", values[(*chosen)? % values.len()])))
        .collect();
    let typ = ["", r#","typ":"at+jwt""#, r#","typ":"JWT""#][typ];
    let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
    let header = encode(format!(r#"{{"alg":"{algorithm}"{typ}}}"#).as_bytes());
    let claims = encode(format!("{{{}}}", members.join(",")).as_bytes());
    format!("{header}.{claims}.{}", encode(&vec![1; signature]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_builder_and_json_say_the_same(
        (place, audience, has_tenants) in (0..PLACES.len(), 0..AUDIENCES.len(), any::<bool>()),
        chosen in proptest::collection::btree_set(0..MOVES.len(), 0..4),
        claims in proptest::collection::vec(proptest::option::weighted(0.8, prop_oneof![4 => Just(0_usize), 1 => 1_usize..3]), CLAIMS.len()),
        typ in 0..3_usize,
    ) {
        // Two moves that write the same member of the JSON would not be one after the other there.
        let name = |at: usize| MOVES[at].1.split(':').next();
        let chosen: Vec<_> = chosen.iter().copied().filter(|at| chosen.iter().all(|other| other >= at || name(*other) != name(*at))).collect();
        let issuer = if has_tenants { "https://issuer.example/{tenantid}" } else { ISSUER };
        let (begin, of_place, has_secret) = PLACES[place];
        let (say_audience, of_audience) = AUDIENCES[audience];
        let provider = chosen.iter().fold(say_audience(begin(issuer)), |provider, at| MOVES[*at].0(provider));
        let members = [&of_place.replace("JWK", JWK), of_audience].map(str::to_owned).into_iter();
        let members: Vec<_> = members.chain(chosen.iter().map(|at| MOVES[*at].1.to_owned())).filter(|text| !text.is_empty()).collect();
        let json = format!(r#"{{"providers":{{"p":{{"issuer":"{issuer}",{}}}}}}}"#, members.join(",")).replace(",}", "}");
        let mut built = Options::default();
        built.provider("p", provider);
        let mut read = Options::from_json(&json);
        if has_secret {
            read.secret("p", crate::secret::Secret::new([7; 32]));
        }
        let (algorithm, length) = if has_secret { ("HS256", 32) } else { ("ES256", 64) };
        let token = token(&claims, typ, algorithm, length);
        prop_assert_eq!(outcome(built, &token), outcome(read, &token), "{}", json);
    }
}

fn refused(options: Options) -> (String, String) {
    let error = options.into_machine().map(drop).unwrap_err();
    assert_eq!(error.code(), Code::Config);
    (error.subject().unwrap_or_default().to_owned(), error.message().to_owned())
}

fn with(provider: Provider) -> Options {
    let mut options = Options::default();
    options.provider("p", provider);
    options
}

#[test]
fn what_is_wrong_is_named_as_it_was_written() {
    let base = || Provider::discovery(ISSUER).audience("api");
    for (provider, subject, message) in [
        (Provider::discovery(ISSUER), "providers.p.audience", "say `any_audience`"),
        (base().any_audience(), "providers.p.audience", "`any_audience`"),
        (Provider::discovery(ISSUER).any_audience().audience("api"), "providers.p.audience", "`any_audience`"),
        (
            Provider::jwks_uri(ISSUER, "http://issuer.example").audience("api"),
            "providers.p.jwks_uri",
            "`insecure_hosts`",
        ),
        (Provider::jwks(ISSUER, "{").audience("api"), "providers.p.jwks", "not valid JSON"),
        (Provider::secret(ISSUER, "short").audience("api"), "providers.p.secret", "32 bytes"),
        (base().and_secret([7; 32]).algorithms([Algorithm::ES256]), "providers.p.algorithms", "`and_secret`"),
        (base().and_secret([7; 32]).algorithms([Algorithm::HS256]), "providers.p.algorithms", "`and_secret`"),
        (base().and_secret([7; 32]), "providers.p.algorithms", "some for the discovered keys"),
        (Provider::secret(ISSUER, [7; 32]).and_secret([8; 32]).audience("api"), "providers.p.secret", "twice"),
        (base().optional_claims(["exp"]), "providers.p.optional_claims", "`max_token_age`"),
        (base().optional_claims(["sub"]), "providers.p.optional_claims", "`principal_claim`"),
        (base().optional_claims(["aud"]), "providers.p.optional_claims", "`any_audience`"),
        (base().required_claim_values("x", [""; 0]), "providers.p.required_claim_value", "no value"),
        (base().label("a", "b").label("a", "c"), "providers.p.label", "twice"),
        (base().principal_claims([""; 0]), "providers.p.principal_claim", "name of a claim"),
        (base().tenants(["a"]), "providers.p.tenants", "{tenantid}"),
        (base().tenants(["a"]).any_tenant(), "providers.p.tenants", "`any_tenant`"),
        (Provider::discovery("https://a.example/{tenantid}").audience("api"), "providers.p.tenants", "`any_tenant`"),
        (base().max_lifetime(Duration::MAX), "providers.p.max_lifetime", "in seconds, from 0"),
        (base().audience("\0"), "providers.p.audience", "NUL"),
        (Provider::jwks_uri(ISSUER, "\0").audience("api"), "providers.p.jwks_uri", "NUL"),
        (Provider::discovery("http://a.example").audience("api"), "providers.p.issuer", "https://"),
        #[cfg(feature = "jwt-compact")]
        (base().algorithms([Algorithm::RS256, Algorithm::ES384]), "providers.p.algorithms", "EdDSA, by the feature"),
    ] {
        let (told_of, told) = refused(with(provider));
        assert!(told.contains(message), "{told}");
        assert_eq!(told_of, subject, "{told}");
        assert!(told.starts_with(&format!("`{subject}`")), "{told}");
    }
}

#[test]
fn what_is_wrong_with_the_whole_is_named_too() {
    let base = || with(Provider::discovery(ISSUER).audience("api"));
    let mut twice = base();
    twice.provider("p", Provider::discovery("https://b.example").audience("api"));
    let mut secret = base();
    secret.secret("q", crate::secret::Secret::new([7; 32]));
    let mut tolerance = base();
    tolerance.clock_tolerance(Duration::from_secs(601));
    let mut tokens = base();
    tokens.token_cache(Some(TokenCache::new().max_entries(1)));
    let mut keys = base();
    keys.jwks_cache(JwksCache::new().timeout(Duration::from_millis(9)));
    let mut age = base();
    age.jwks_cache(JwksCache::new().max_age(Duration::from_millis(999)));
    let mut hosts = base();
    hosts.insecure_hosts(["http://a"]);
    for (options, subject, message) in [
        (Options::default(), "providers", "is"),
        (twice, "providers", "twice for `p`"),
        (secret, "provider_secret", "\"q\""),
        (tolerance, "clock_tolerance", "in seconds, from 0 to 600"),
        (tokens, "token_cache.max_entries", "a number from 2"),
        (keys, "jwks_cache.timeout", "in milliseconds, from 10"),
        (age, "jwks_cache.max_age", "in seconds, from 1"),
        (hosts, "insecure_hosts", "hosts"),
    ] {
        let (told_of, told) = refused(options);
        assert_eq!(told_of, subject, "{told}");
        assert!(told.contains(message), "{told}");
    }
}

#[test]
fn json_has_its_own_names_and_no_secrets() {
    for (json, subject, message) in [
        ("{", "options", "not valid JSON"),
        ("[]", "options", "not a JSON object"),
        (r#"{"providers":{"p":{"issuer":"https://a.example"}}}"#, "providers.p.audience", "or null"),
        (r#"{"providers":{"p":{"jwks_uri":"x"}}}"#, "providers.p.issuer", "missing"),
        (
            r#"{"providers":{"p":{"issuer":"joe","audience":null,"secret":"x"}}}"#,
            "providers.p.secret",
            "`provider_secret`",
        ),
        (r#"{"providers":{"p":{"issuer":"joe","audience":null,"secretEnv":"X"}}}"#, "providers.p.secretEnv", ""),
        (r#"{"providers":7}"#, "providers", "record"),
        (r#"{"isRevoked":true,"providers":{}}"#, "isRevoked", "`is_revoked`"),
        (r#"{"jwksCache":{"store":{}},"providers":{}}"#, "jwksCache.store", "`jwks_store`"),
        (r#"{"providers":{"p":7}}"#, "providers", "record"),
        (
            r#"{"clockTolerance":5,"providers":{"p":{"issuer":"https://a.example","audience":null}}}"#,
            "clockTolerance",
            "clockToleranceSec",
        ),
    ] {
        let (told_of, told) = refused(Options::from_json(json));
        assert_eq!(told_of, subject, "{told}");
        assert!(told.contains(message), "{told}");
    }
    let mut options = Options::from_json(r#"{"providers":{"p":{"issuer":"joe","audience":null,"secretEnv":"X"}}}"#);
    options.secret("p", crate::secret::Secret::new([7; 32]));
    options.provider("q", Provider::discovery(ISSUER).audience("api"));
    let (machine, facts) = options.into_machine().unwrap();
    assert_eq!(machine.provider(1).map(|provider| provider.name.as_str()), Some("q"));
    let facts: Vec<_> = facts.iter().map(|facts| (facts.name.as_str(), facts.issuer.as_str())).collect();
    assert_eq!(facts, [("p", "joe"), ("q", ISSUER)]);
}

#[test]
fn no_secret_is_shown() {
    let provider = Provider::secret("joe", *b"hunter2hunter2hunter2hunter2hunter2").any_audience();
    let mut options = Options::default();
    options.provider("p", provider.clone());
    let shown = format!("{provider:?} {options:?}");
    assert!(shown.contains("joe") && !shown.contains("hunter2") && !shown.contains("104, 117"), "{shown}");
}
