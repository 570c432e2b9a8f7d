//! The API on this machine, without a Worker and without a network: `cargo test`.

use arcgate::{JwtVerifier, Provider};
use axum::{
    body::{to_bytes, Body},
    http::{Request, StatusCode},
};
use jwt_compact::{
    alg::{Hs256, Hs256Key},
    AlgorithmExt as _, Claims, Header,
};
use serde_json::json;
use tower::ServiceExt as _;

const SECRET: [u8; 32] = [7; 32];

/// A provider of the tests' own: its secret signs what it likes.
fn verifier() -> JwtVerifier {
    let provider = Provider::secret("https://issuer.example", SECRET).audience("https://api.example");
    JwtVerifier::builder().provider("tests", provider).build().unwrap()
}

fn token(scope: &str) -> String {
    let claims = json!({
        "iss": "https://issuer.example", "aud": "https://api.example", "sub": "alice", "client_id": "tests",
        "scope": scope, "iat": 1_700_000_000, "exp": 4_000_000_000_u64,
    });
    Hs256.token(&Header::empty(), &Claims::new(claims), &Hs256Key::new(SECRET)).unwrap()
}

async fn ask(path: &str, token: Option<&str>) -> (StatusCode, String) {
    let request = Request::builder().uri(path);
    let request =
        token.iter().fold(request, |request, token| request.header("authorization", format!("Bearer {token}")));
    let router = rust_worker::api::router(verifier(), |_, _| {});
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn who_is_known_is_let_in() {
    let token = token("arc.agent.caller");
    let me = json!({
        "id": "alice", "issuer": "https://issuer.example", "scopes": ["arc.agent.caller"], "client": "tests",
    });
    let (status, body) = ask("/me", Some(&token)).await;
    assert_eq!((status, serde_json::from_str(&body).ok()), (StatusCode::OK, Some(me)));
    assert_eq!(ask("/hello", Some(&token)).await.1, "hello, alice");
    assert_eq!(ask("/reports", Some(&token)).await.1, "reports for alice");
}

#[tokio::test]
async fn others_are_not() {
    let other = token("other");
    assert_eq!(ask("/hello", None).await.1, "hello, whoever you are");
    assert_eq!(ask("/me", None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask("/me", Some("a.b.c")).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask("/reports", Some(&other)).await.0, StatusCode::FORBIDDEN);
}
