//! A Worker that answers, and by its features one that answers whoever has a good token.

use wasm_bindgen::prelude::*;
use web_sys::{Request, Response, ResponseInit};

/// The Worker's `fetch`.
#[wasm_bindgen]
pub async fn fetch(request: Request) -> Result<Response, JsValue> {
    let authorization = request.headers().get("authorization")?;
    let (status, text) = match answer(authorization.as_deref()).await {
        Some(text) => (200, text),
        None => (401, String::new()),
    };
    let init = ResponseInit::new();
    init.set_status(status);
    Response::new_with_opt_str_and_init(Some(&text), &init)
}

#[cfg(not(feature = "verify"))]
async fn answer(authorization: Option<&str>) -> Option<String> {
    authorization.map(str::to_owned)
}

#[cfg(feature = "verify")]
async fn answer(authorization: Option<&str>) -> Option<String> {
    use arcgate::JwtVerifier;
    #[cfg(not(feature = "values"))]
    use arcgate::Provider;
    use std::sync::OnceLock;

    static VERIFIER: OnceLock<Option<JwtVerifier>> = OnceLock::new();
    #[cfg(not(feature = "values"))]
    let verifier = VERIFIER.get_or_init(|| {
        let provider = Provider::discovery("https://issuer.example.com/").audience("api");
        JwtVerifier::builder().provider("one", provider).build().ok()
    });
    #[cfg(feature = "values")]
    let verifier = VERIFIER.get_or_init(|| {
        let options =
            js_sys::JSON::parse(r#"{"providers":{"one":{"issuer":"https://issuer.example.com/","audience":"api"}}}"#);
        JwtVerifier::from_js(&options.ok()?).ok()
    });
    let token = authorization?.strip_prefix("Bearer ")?;
    let verified = verifier.as_ref()?.verify(token).await.ok()?;
    said(&verified)
}

#[cfg(all(feature = "verify", not(feature = "claims")))]
fn said(verified: &arcgate::VerifiedToken) -> Option<String> {
    Some(verified.principal().id().to_owned())
}

#[cfg(feature = "claims")]
#[derive(serde::Deserialize)]
struct Claims {
    email: String,
}

#[cfg(all(feature = "claims", not(feature = "values")))]
fn said(verified: &arcgate::VerifiedToken) -> Option<String> {
    verified.claims::<Claims>().ok().map(|claims| claims.email)
}

#[cfg(feature = "values")]
fn said(verified: &arcgate::VerifiedToken) -> Option<String> {
    let email = verified.claims::<Claims>().ok()?.email;
    verified.claims_js().ok()?.is_object().then_some(email)
}
