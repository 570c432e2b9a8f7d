//! A session within one request.

use std::{cell::RefCell, rc::Rc, time::Duration};

use arcgate::{
    session::{Auth, ConnectOptions, Reconnect, SessionEvent, Submit},
    ArcpClient,
};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::failed;

fn name(event: &SessionEvent) -> &'static str {
    match event {
        SessionEvent::Connecting { .. } => "connecting",
        SessionEvent::Open { .. } => "open",
        SessionEvent::Resumed { .. } => "resumed",
        SessionEvent::Lost(_) => "lost",
        SessionEvent::Closed(_) => "closed",
        _ => "other",
    }
}

/// Counts with an agent, and gives what came of it as JSON. `progressed` hears of each step.
#[wasm_bindgen]
pub async fn count(
    url: String,
    token: String,
    to: u32,
    delay_ms: u32,
    progressed: Function,
) -> Result<String, JsValue> {
    let told = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&told);
    let options = ConnectOptions::new("worker", "1", Auth::bearer(token))
        .reconnect(Reconnect::new().max_delay(Duration::from_millis(100)))
        .on_event(move |event| heard.borrow_mut().push(name(event)));
    let client = ArcpClient::connect(&url, options).await.map_err(|error| failed(&error))?;
    let request = Submit::new("count").input_json(format!(r#"{{"to":{to},"delayMs":{delay_ms}}}"#));
    let mut job = client.submit(request).await.map_err(|error| failed(&error))?;
    let mut seen = Vec::new();
    while let Some(event) = job.next().await {
        let Some((current, _)) = event.progress() else { continue };
        seen.push(current.to_string());
        progressed.call1(&JsValue::NULL, &current.into())?;
    }
    let result = job.result().await.map_err(|error| failed(&error))?;
    let closed = client.close("done").await;
    let told: Vec<String> = told.borrow().iter().map(|name| format!("\"{name}\"")).collect();
    Ok(format!(
        r#"{{"result":{},"seen":[{}],"told":[{}],"closed":{{"code":"{}","reason":"{}"}}}}"#,
        result.json().unwrap_or_default(),
        seen.join(","),
        told.join(","),
        closed.error.map_or("CLOSED", |error| error.code().as_str()),
        closed.reason,
    ))
}
