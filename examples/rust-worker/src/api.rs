//! The API itself: nothing here knows that it runs in a Worker, and so it runs in tests on any machine, too.

use arcgate::{tower::BearerAuth, Error, JwtVerifier, Principal, Refusal, VerifiedToken};
use axum::{
    body::Body,
    http::{request::Parts, Response},
    routing::get,
    Extension, Json, Router,
};
use serde::{Deserialize, Serialize};

/// The routes. `told` is told why somebody is refused: that is for the log, and not for whoever asks.
pub fn router(verifier: JwtVerifier, told: impl Fn(&Refusal, &Parts) + Send + Sync + 'static) -> Router {
    let known = BearerAuth::new(verifier).on_refused(told);
    let anybody = Router::new().route("/health", get(|| async { "ok" }));
    let perhaps = Router::new().route("/hello", get(hello)).route_layer(known.clone().optional());
    let all = Router::new().route("/me", get(me)).route_layer(known.clone());
    let some = Router::new().route("/reports", get(reports)).route_layer(known.scopes(["arc.agent.caller"]));
    anybody.merge(perhaps).merge(all).merge(some)
}

/// For everybody, and by name for who is known.
async fn hello(principal: Option<Extension<Principal>>) -> String {
    match principal {
        Some(Extension(principal)) => format!("hello, {}", principal.id()),
        None => "hello, whoever you are".to_owned(),
    }
}

/// What this API wants to know of a token besides whose it is.
#[derive(Deserialize)]
struct Claims {
    client_id: Option<String>,
}

#[derive(Serialize)]
struct Me {
    id: String,
    issuer: Option<String>,
    scopes: Vec<String>,
    client: Option<String>,
}

/// For whoever has a token for this API.
async fn me(Extension(token): Extension<VerifiedToken>) -> Result<Json<Me>, Response<Body>> {
    let claims: Claims = token.claims().map_err(refused)?;
    let principal = token.principal();
    Ok(Json(Me {
        id: principal.id().to_owned(),
        issuer: principal.issuer().map(str::to_owned),
        scopes: token.scopes().to_vec(),
        client: claims.client_id,
    }))
}

/// For those whose token has the scope.
async fn reports(Extension(principal): Extension<Principal>) -> String {
    format!("reports for {}", principal.id())
}

fn refused(error: Error) -> Response<Body> {
    Refusal::from(error).into()
}
