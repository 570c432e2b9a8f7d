//! Who is let in, and what others are answered.

use std::sync::{Arc, Mutex};

use arcgate::{tower::BearerAuth, Code, Principal, PrincipalKind, Refusal};
use http::{header, Response};
use serde_json::json;
use tower_layer::Layer;

use super::{asked, bearing, block_on, claims, oneshot, request, signed, token, verifier, Behind, NOW};

#[test]
fn a_good_token_goes_on_with_its_principal_and_its_claims() {
    let behind = Behind::default();
    let service = BearerAuth::new(verifier()).layer(behind.clone());
    assert_eq!(asked(service, bearing(&token())), (200, "alice: what was sent".to_owned()));
    let seen = behind.seen.lock().unwrap();
    let (principal, token) = seen[0].as_ref().unwrap();
    assert_eq!(principal, token.principal());
    assert_eq!(principal.issuer(), Some("https://issuer.example"));
    assert_eq!(token.claim_str("sub").as_deref(), Some("alice"));
}

#[test]
fn others_are_answered_by_their_class_and_the_service_does_not_see_them() {
    let behind = Behind::default();
    let layer = BearerAuth::new(verifier()).scopes(["read"]).scopes(["write"]);
    let with = |name: &str, value| {
        let mut claims = claims();
        claims[name] = value;
        format!("Bearer {}", signed(claims))
    };
    let good = format!("Bearer {}", token());
    let unauthorized = (401, r#"{"error":"unauthorized"}"#, Some(r#"Bearer realm="arcgate", error="invalid_token""#));
    let none = (401, r#"{"error":"unauthorized"}"#, Some(r#"Bearer realm="arcgate""#));
    let invalid = (400, r#"{"error":"invalid_request"}"#, Some(r#"Bearer realm="arcgate", error="invalid_request""#));
    let lacking = (
        403,
        r#"{"error":"insufficient_scope"}"#,
        Some(r#"Bearer realm="arcgate", error="insufficient_scope", scope="read write""#),
    );
    for (fields, uri, expected) in [
        (&[][..], "/", none),
        (&["Basic YTpi"], "/", none),
        (&[""], "/", invalid),
        (&["Bearer"], "/", invalid),
        (&["Bearer a b"], "/", invalid),
        (&[&good, &good], "/", invalid),
        (&[&good, "Basic YTpi"], "/", invalid),
        (&[&good], "/?access_token=x", invalid),
        (&["Bearer a.b.c"], "/", unauthorized),
        (&[&with("aud", json!("https://other.example"))], "/", unauthorized),
        (&[&with("iss", json!("https://other.example"))], "/", unauthorized),
        (&[&with("nbf", json!(NOW + 3600))], "/", unauthorized),
        (&[&good], "/", lacking),
    ] {
        let response = block_on(oneshot(layer.layer(behind.clone()), request(fields, uri)));
        let field = |name| response.headers().get(name).map(|value| value.to_str().unwrap());
        let (status, body) = (response.status().as_u16(), response.body().as_str());
        assert_eq!((status, body, field(header::WWW_AUTHENTICATE)), expected, "{fields:?} {uri}");
        assert_eq!(field(header::CONTENT_TYPE), Some("application/json"));
        assert_eq!(field(header::CACHE_CONTROL), Some("no-store"));
    }
    assert!(behind.seen.lock().unwrap().is_empty());
    assert_eq!(asked(layer.layer(behind), request(&[&with("scope", json!("write read"))], "/")).0, 200);
}

#[test]
fn where_it_is_optional_none_is_nobody_and_a_bad_one_is_refused() {
    let behind = Behind::default();
    let service = BearerAuth::new(verifier()).scopes(["write"]).optional().layer(behind.clone());
    assert_eq!(asked(service.clone(), request(&[], "/")), (200, "nobody: what was sent".to_owned()));
    // Nor is somebody whom another layer has let in.
    let mut known = request(&[], "/");
    known.extensions_mut().insert(Principal::new(PrincipalKind::Dev, None, "somebody else"));
    assert_eq!(asked(service.clone(), known), (200, "nobody: what was sent".to_owned()));
    assert!(behind.seen.lock().unwrap()[0].is_none());
    for fields in [&["Bearer a.b.c"][..], &["Basic YTpi"], &[""]] {
        assert_ne!(asked(service.clone(), request(fields, "/")).0, 200, "{fields:?}");
    }
    assert_eq!(asked(service.clone(), request(&[], "/?access_token=x")).0, 400);
    assert_eq!(asked(service, bearing(&token())).0, 403);
}

#[test]
fn whoever_is_told_of_refusals_has_the_reason() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    let layer = BearerAuth::new(verifier()).on_refused(move |refusal, parts| {
        keep.lock().unwrap().push((refusal.status(), refusal.error().code(), parts.uri.path().to_owned()));
    });
    let mut expired = claims();
    expired["exp"] = json!(NOW - 3600);
    let expired = format!("Bearer {}", signed(expired));
    assert_eq!(asked(layer.layer(Behind::default()), request(&[&expired], "/a")).0, 401);
    assert_eq!(asked(layer.layer(Behind::default()), request(&[], "/b")).0, 401);
    assert_eq!(asked(layer.layer(Behind::default()), bearing(&token())).0, 200);
    let expected = [(401, Code::TokenExpired, "/a".to_owned()), (401, Code::Unauthenticated, "/b".to_owned())];
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn what_is_no_fault_of_the_senders_is_500_and_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    let layer = BearerAuth::new(verifier())
        .scopes([""])
        .on_refused(move |refusal, _| keep.lock().unwrap().push(refusal.error().code()));
    let asked = asked(layer.layer(Behind::default()), bearing(&token()));
    assert_eq!(asked, (500, r#"{"error":"server_error"}"#.to_owned()));
    assert_eq!(*told.lock().unwrap(), [Code::Config]);
}

#[test]
fn a_verifier_asked_by_hand_says_the_same() {
    let verifier = verifier();
    let good = format!("Bearer {}", token());
    let principal = block_on(verifier.authenticate(Some(&good))).unwrap();
    assert_eq!(principal.id(), "alice");
    let token = block_on(verifier.authenticate_token(Some(&good))).unwrap();
    assert_eq!(token.principal(), &principal);
    assert!(block_on(verifier.authenticate_request(&bearing(&self::token()))).is_ok());
    let refusal = block_on(verifier.authenticate(None)).unwrap_err();
    assert!(refusal.is_missing_credentials());
    let response: Response<String> = Refusal::into(refusal);
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()[header::WWW_AUTHENTICATE], r#"Bearer realm="arcgate""#);
}
