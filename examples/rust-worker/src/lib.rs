//! An API in Rust on Cloudflare's Workers: axum, and arcgate before what is not for everybody.

mod auth;

pub mod api;

use arcgate::Refusal;
use axum::{
    body::Body,
    http::{
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
        HeaderValue, Response,
    },
};
use tower_http::cors::CorsLayer;
use tower_service::Service;
use worker::{console_error, console_log, event, Context, Env, HttpRequest, Result};

#[event(fetch)]
async fn fetch(request: HttpRequest, env: Env, context: Context) -> Result<Response<Body>> {
    let verifier = match auth::verifier(&env) {
        // What is fetched beside a request (keys that are getting old) may outlive it.
        Ok(verifier) => verifier.wait_until(move |work| context.wait_until(work)),
        Err(error) => {
            console_error!("{error:?}");
            return Ok(Refusal::from(error).into());
        }
    };
    let router = api::router(verifier, |refusal, parts| console_log!("{} {refusal:?}", parts.uri.path()));
    // Outside of what asks for tokens: a browser asks for leave without one.
    Ok(router.layer(cors(&env)).call(request).await?)
}

/// Pages of these origins may send tokens, and read what a refusal says.
fn cors(env: &Env) -> CorsLayer {
    let pages = env.var("PAGES").map(|pages| pages.to_string()).unwrap_or_default();
    let origins: Vec<HeaderValue> = pages.split_whitespace().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new().allow_origin(origins).allow_headers([AUTHORIZATION]).expose_headers([WWW_AUTHENTICATE])
}
