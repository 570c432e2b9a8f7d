//! Options and claims as values of JavaScript's, in Node: what JSON would drop or change, and what a prototype would.
#![cfg(all(target_arch = "wasm32", feature = "serde-wasm-bindgen"))]

use arcgate::{verifier::Builder, Code, Error, JwtVerifier, Time, VerifiedToken};
use jwt_compact::{
    alg::{Hs256, Hs256Key},
    AlgorithmExt, Claims, Header,
};
use serde_json::{json, Value};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

const OPTIONS: &str = r#"{ providers: { p: { issuer: "joe", audience: null, secret: new Uint8Array(32).fill(7) } } }"#;

fn eval(code: &str) -> JsValue {
    js_sys::eval(&format!("({code})")).unwrap()
}

/// What becomes of an expression's options.
fn built(code: &str) -> Result<JwtVerifier, Error> {
    JwtVerifier::from_js(&eval(code))
}

fn token(custom: Value) -> String {
    let mut claims = json!({ "iss": "joe", "sub": "ann", "iat": 1000, "exp": 2000 });
    claims.as_object_mut().unwrap().extend(custom.as_object().unwrap().clone());
    Hs256.token(&Header::empty(), &Claims::new(claims), &Hs256Key::new([7; 32])).unwrap()
}

async fn verified(custom: Value) -> VerifiedToken {
    let verifier = Builder::from_js(&eval(OPTIONS)).clock(|| Time::from_millis(1_500_000.0)).build().unwrap();
    verifier.verify(&token(custom)).await.unwrap()
}

#[wasm_bindgen_test]
async fn claims_are_as_json_parse_gives_them() {
    let token =
        verified(json!({ "n": 1.5, "big": 9007199254740991_u64, "o": { "a": [1, null, { "b": true }] } })).await;
    let claims = token.claims_js().unwrap();
    js_sys::Reflect::set(&js_sys::global(), &"claims".into(), &claims).unwrap();
    for code in [
        "claims.n === 1.5 && claims.big === Number.MAX_SAFE_INTEGER && claims.o.a[1] === null",
        "Object.getPrototypeOf(claims) === Object.prototype && !(claims.o instanceof Map) && claims.o.a[2].b",
        "JSON.stringify(claims.o) === '{\"a\":[1,null,{\"b\":true}]}' && claims.exp === 2000",
    ] {
        assert_eq!(eval(code).as_bool(), Some(true), "{code}");
    }
    // An own copy each time.
    eval("claims.o = 7");
    js_sys::Reflect::set(&js_sys::global(), &"claims".into(), &token.claims_js().unwrap()).unwrap();
    assert_eq!(eval("typeof claims.o").as_string().as_deref(), Some("object"));
}

#[wasm_bindgen_test]
async fn no_claim_becomes_a_prototype() {
    let token = verified(json!({ "__proto__": { "isAdmin": true } })).await;
    js_sys::Reflect::set(&js_sys::global(), &"claims".into(), &token.claims_js().unwrap()).unwrap();
    assert!(eval("claims.isAdmin").is_undefined());
    assert_eq!(eval("Object.hasOwn(claims, '__proto__')").as_bool(), Some(true));
}

#[wasm_bindgen_test]
fn options_are_those_of_the_package() {
    assert!(built(OPTIONS).is_ok());
    // What is undefined is not there; null is a value.
    let code = r#"{ clockToleranceSec: undefined, tokenCache: { maxEntries: undefined }, isRevoked: undefined, providers: { p: {
        issuer: "https://a.example", audience: ["x"], jwksUri: undefined, requiredClaims: { gty: ["a", 1, true, null] },
        __proto__: null } } }"#;
    assert!(built(code).is_ok(), "{:?}", built(code));
}

#[wasm_bindgen_test]
fn what_json_would_drop_is_told() {
    let provider = |member: &str| {
        format!(r#"{{ providers: {{ p: {{ issuer: "https://a.example", audience: "x", {member} }} }} }}"#)
    };
    for (code, subject, problem) in [
        ("undefined".to_owned(), "options", "object"),
        ("[]".to_owned(), "options", "object"),
        ("() => {}".to_owned(), "options", "object"),
        ("{}".to_owned(), "providers", "record"),
        (provider("audience: undefined"), "providers.p.audience", "missing"),
        (provider("requiredScopes: undefined"), "providers.p.requiredScopes", "undefined"),
        (provider("requiredClaims: undefined"), "providers.p.requiredClaims", "undefined"),
        (provider("requiredClaims: { gty: undefined }"), "providers.p.requiredClaims.gty", "undefined"),
        (provider("requiredScopes: ['a', undefined]"), "providers.p.requiredScopes[1]", "undefined"),
        (provider("requiredScopes: new Set(['a'])"), "providers.p.requiredScopes", "a Set"),
        (provider("maxTokenAgeSec: () => 5"), "providers.p.maxTokenAgeSec", "a function"),
        (provider("maxTokenAgeSec: NaN"), "providers.p.maxTokenAgeSec", "finite"),
        (provider("maxTokenAgeSec: 5n"), "providers.p.maxTokenAgeSec", "a bigint"),
        (provider("audience: '\\ud800'"), "providers.p.audience", "half"),
        (provider("audience: '\\0'"), "providers.p.audience", "character"),
        (provider("secret: 'x'.repeat(32)"), "providers.p.secret", "Uint8Array"),
        (provider("jwks_uri: 'https://a.example'"), "providers.p.jwks_uri", "`jwksUri`"),
        (provider("[Symbol()]: 1"), "providers.p", "can't be read"),
        ("{ providers: Object.create({ p: {} }) }".to_owned(), "providers", ""),
        ("new (class { providers = {} })()".to_owned(), "options", "object"),
        ("(() => { const a = { providers: {} }; a.providers.p = a; return a; })()".to_owned(), "", "deeply"),
        ("{ isRevoked: () => false, providers: {} }".to_owned(), "isRevoked", "`is_revoked`"),
        ("{ jwksCache: { store: {} }, providers: {} }".to_owned(), "jwksCache.store", "`jwks_store`"),
    ] {
        let error = built(&code).unwrap_err();
        assert_eq!(error.code(), Code::Config, "{code}: {error}");
        assert!(error.message().contains(problem), "{code}: {error}");
        if !subject.is_empty() {
            assert_eq!(error.subject(), Some(subject), "{code}: {error}");
        }
    }
}
