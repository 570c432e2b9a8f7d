//! `fetch`: bounded in time and size, without redirects, cookies, or the platform's own cache.

use std::sync::OnceLock;

use js_sys::{Promise, Reflect, Uint8Array, JSON};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

use super::{scope, timer::Sleep};
use crate::{
    json::Members,
    platform::{
        fetch::{Failure, Request, Response},
        race::{race, First},
    },
    text::digits,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    fn begin(url: &str, init: &JsValue) -> Result<Promise, JsValue>;

    /// What a `fetch` gives, and what hangs on it. A page's `fetch` may be somebody else's, and nothing of it be there: what throws
    /// here would take the program with it.
    type Foreign;
    #[wasm_bindgen(method, catch)]
    fn get(this: &Foreign, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn reader(this: &Foreign) -> Result<Foreign, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn read(this: &Foreign) -> Result<JsValue, JsValue>;
    // What js-sys has for it comes with a kilobyte that tells of lengths which differ.
    #[wasm_bindgen(method, js_name = slice)]
    fn bytes(this: &Foreign) -> Vec<u8>;
}

/// The fields of an answer that anybody here reads.
const FIELDS: [&str; 5] = ["cache-control", "age", "date", "retry-after", "content-length"];

/// Ends the request when it is dropped: whoever made it may be gone.
struct Abort(AbortController);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Performs a request.
pub(super) async fn fetch(request: Request) -> Result<Response, Failure> {
    let timeout = request.timeout;
    let answer = Box::pin(answer(request));
    let Some(timeout) = timeout else { return answer.await };
    match race(answer, Sleep::new(timeout)).await {
        First::One(answer) => answer,
        First::Other(()) => Err(Failure::Timeout),
    }
}

async fn answer(request: Request) -> Result<Response, Failure> {
    let abort = Abort(AbortController::new().map_err(|_| Failure::Network)?);
    let init = init(&request, &abort.0).map_err(|_| Failure::Network)?;
    let answered = JsFuture::from(begin(&request.url, &init).map_err(|_| Failure::Network)?).await;
    let response = answered.map_err(|_| Failure::Network)?;
    let status = scope::member(&response, "status").and_then(|status| status.as_f64()).ok_or(Failure::Network)?;
    let kind = scope::member(&response, "type").and_then(|kind| kind.as_string());
    // A browser shows a redirect as an answer of status 0.
    if kind.as_deref() == Some("opaqueredirect") || (300.0..400.0).contains(&status) {
        return Err(Failure::Redirect);
    }
    let headers = header(&response)?;
    let is_read = (200.0..300.0).contains(&status) || request.reads_errors;
    let body = if is_read { body(&response, &headers, request.max_bytes).await? } else { Vec::new() };
    Ok(Response { status: status as u16, headers, body })
}

fn init(request: &Request, abort: &AbortController) -> Result<JsValue, JsValue> {
    let fields = request.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let fields = fields.chain(scope::own_name().map(|name| ("user-agent", name)));
    // "manual" is the one that every runtime knows.
    let mut init = Members::new()
        .text("method", request.method)
        .text("redirect", "manual")
        .raw("headers", &Members::new().all(fields).end())
        .some_text("body", request.body.as_deref());
    // The platform's cache stands below ours, and would hand out keys from before a rotation for as long as `Cache-Control` lets it.
    static TAKES_CACHE: OnceLock<bool> = OnceLock::new();
    static TAKES_CREDENTIALS: OnceLock<bool> = OnceLock::new();
    for (name, value, is_known) in [("cache", "no-store", &TAKES_CACHE), ("credentials", "omit", &TAKES_CREDENTIALS)] {
        if *is_known.get_or_init(|| is_taken(name, value)) {
            init = init.text(name, value);
        }
    }
    let init = JSON::parse(&init.end())?;
    Reflect::set(&init, &JsValue::from_str("signal"), &abort.signal())?;
    Ok(init)
}

/// Whether a request may say this. Workers throw at what they don't have; there is no such cache then, and there are no cookies.
fn is_taken(name: &str, value: &str) -> bool {
    let init = JSON::parse(&Members::new().text(name, value).end());
    init.is_ok_and(|init| {
        web_sys::Request::new_with_str_and_init("https://option.invalid/", init.unchecked_ref()).is_ok()
    })
}

fn header(response: &JsValue) -> Result<Vec<(String, String)>, Failure> {
    let headers: Foreign = scope::member(response, "headers").ok_or(Failure::Network)?.unchecked_into();
    let mut found = Vec::new();
    for name in FIELDS {
        if let Some(value) = headers.get(name).map_err(|_| Failure::Network)?.as_string() {
            found.push((name.to_owned(), value));
        }
    }
    Ok(found)
}

async fn body(response: &JsValue, headers: &[(String, String)], max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let declared = headers.iter().find(|(name, _)| name == "content-length");
    if declared.and_then(|(_, text)| digits(text)).is_some_and(|length| length > max_bytes as u64) {
        return Err(Failure::TooLarge);
    }
    let Some(stream) = scope::member(response, "body").filter(|body| body.is_object()) else { return Ok(Vec::new()) };
    // It throws where somebody has read it already.
    let reader = stream.unchecked_into::<Foreign>().reader().map_err(|_| Failure::Network)?;
    let mut bytes = Vec::new();
    loop {
        let piece = Promise::resolve(&reader.read().map_err(|_| Failure::Network)?);
        let piece = JsFuture::from(piece).await.map_err(|_| Failure::Network)?;
        let Some(piece) = scope::member(&piece, "value") else { return Ok(bytes) };
        let piece = piece.dyn_into::<Uint8Array>().map_err(|_| Failure::Network)?;
        if bytes.len() + piece.length() as usize > max_bytes {
            return Err(Failure::TooLarge);
        }
        bytes.extend(piece.unchecked_into::<Foreign>().bytes());
    }
}
