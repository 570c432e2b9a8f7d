//! What a page does with a session, called by the test step by step.

mod live;

use std::{cell::RefCell, rc::Rc, time::Duration};

use arcgate::{
    session::{
        ArcpClient, Auth, ConnectOptions, JobFilter, JobHandle, Reconnect, SessionEvent, Submit, Token, TokenRequest,
    },
    tokens::CallbackError,
    Error,
};
use js_sys::{Function, Promise};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{spawn_local, JsFuture};

/// A page's session, and what it has heard.
#[wasm_bindgen]
pub struct Page {
    client: ArcpClient,
    told: Rc<RefCell<Vec<String>>>,
    seen: Rc<RefCell<Vec<u32>>>,
    job: RefCell<Option<JobHandle>>,
}

#[derive(Serialize)]
struct Count {
    to: u32,
    #[serde(rename = "delayMs")]
    delay_ms: u32,
}

#[derive(Deserialize)]
struct Progress {
    current: u32,
}

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// As the tests read it.
fn refused(error: Error) -> JsValue {
    let peer = error.facts().iter().find(|(name, _)| *name == "code").map(|(_, fact)| format!("{fact:?}"));
    JsValue::from_str(&format!("{} {}", error.code().as_str(), peer.unwrap_or_default()))
}

fn text(value: impl Serialize) -> String {
    serde_json::to_string(&value).unwrap_or_default()
}

async fn pause(millis: i32) {
    let promise = Promise::new(&mut |resolve, _| set_timeout(&resolve, millis));
    let _ = JsFuture::from(promise).await;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(work: &Function, millis: i32);
}

#[wasm_bindgen]
impl Page {
    /// Connects. `give` gives a token, or a promise of one.
    pub async fn connect(url: String, give: Function, max_delay: u32) -> Result<Page, JsValue> {
        let told = Rc::new(RefCell::new(Vec::new()));
        let heard = Rc::clone(&told);
        // Neither the function nor its promise can go to another thread, and nobody asks that of them.
        let token = Token::with(move |request: TokenRequest| {
            let given = give.call1(&JsValue::UNDEFINED, &request.is_forced.into());
            async move {
                let failed = |_| CallbackError::temporary();
                let given = JsFuture::from(Promise::resolve(&given.map_err(failed)?)).await.map_err(failed)?;
                given.as_string().ok_or(CallbackError::temporary().caused_by("no string"))
            }
        });
        let options = ConnectOptions::new("page", "1", Auth::bearer(token))
            .reconnect(Reconnect::new().max_delay(Duration::from_millis(max_delay.into())))
            .on_event(move |event| {
                let name = match event {
                    SessionEvent::Open { .. } => "open",
                    SessionEvent::Resumed { .. } => "resumed",
                    SessionEvent::Connecting { .. } => "connecting",
                    // A pause that lasts: what comes within it comes of nothing else.
                    SessionEvent::Reconnecting { delay, .. } if delay.as_millis() > 1500 => "pause",
                    SessionEvent::Reconnecting { .. } => "reconnecting",
                    SessionEvent::TokenRefreshed { .. } => "tokenRefreshed",
                    SessionEvent::Lost(_) => "lost",
                    SessionEvent::Closed(_) => "closed",
                    _ => "other",
                };
                heard.borrow_mut().push(name.to_owned());
            });
        let client = ArcpClient::connect(&url, options).await.map_err(refused)?;
        Ok(Page { client, told, seen: Rc::default(), job: RefCell::default() })
    }

    /// What the welcome said.
    pub fn session(&self) -> String {
        let session = self.client.session();
        let agents: Vec<_> = session.agents.iter().map(|agent| &agent.name).collect();
        text((format!("{:?}", self.client.state()), &session.runtime_name, agents))
    }

    /// What an agent makes of its input: JSON, or how many bytes.
    pub async fn run(&self, agent: String, input: String) -> Result<String, JsValue> {
        let job = self.client.submit(Submit::new(agent).input_json(input)).await.map_err(refused)?;
        let output = job.result().await.map_err(refused)?;
        let bytes = || format!("{} bytes", output.bytes().unwrap_or_default().len());
        Ok(output.json().unwrap_or_else(bytes))
    }

    /// Begins to count; the numbers are read as they come.
    pub async fn count(&self, to: u32, delay_ms: u32) -> Result<(), JsValue> {
        let submit = Submit::new("count").input(&Count { to, delay_ms });
        let mut job = self.client.submit(submit).await.map_err(refused)?;
        self.seen.borrow_mut().clear();
        let seen = Rc::clone(&self.seen);
        *self.job.borrow_mut() = Some(job.handle());
        spawn_local(async move {
            while let Some(event) = job.next().await {
                if event.progress().is_some() {
                    seen.borrow_mut().extend(event.body::<Progress>().map(|progress| progress.current));
                }
            }
        });
        Ok(())
    }

    /// Once so much was counted.
    pub async fn counted(&self, to: u32) {
        while self.seen.borrow().last().is_none_or(|last| *last < to) {
            pause(5).await;
        }
    }

    /// What was counted.
    pub fn seen(&self) -> Vec<u32> {
        self.seen.borrow().clone()
    }

    /// What became of it.
    pub async fn result(&self) -> Result<String, JsValue> {
        let result = self.job.borrow().as_ref().map(JobHandle::result).ok_or("there is no job")?;
        result.await.map_err(refused).map(|result| result.json().unwrap_or_default())
    }

    /// How many jobs the runtime lists.
    pub async fn listed(&self) -> Result<usize, JsValue> {
        self.client.list(&JobFilter::new()).await.map_err(refused).map(|page| page.jobs.len())
    }

    /// Cancels what counts.
    pub async fn cancel(&self) -> Result<(), JsValue> {
        let cancelled = self.job.borrow().as_ref().map(|job| job.cancel("enough"));
        match cancelled {
            Some(cancelled) => cancelled.await.map_err(refused),
            None => Ok(()),
        }
    }

    /// What the session has told.
    pub fn told(&self) -> Vec<String> {
        self.told.borrow().clone()
    }

    /// Says goodbye.
    pub async fn close(&self) -> String {
        let closed = self.client.close("done").await;
        text((closed.reason, closed.error.is_none()))
    }
}

/// So many sessions, one after the other, each with a job that is read; every other one is only dropped.
#[wasm_bindgen]
pub async fn sessions(url: String, count: u32) -> Result<(), JsValue> {
    for at in 0..count {
        let options = ConnectOptions::new("page", "1", Auth::bearer("tok-alice"));
        let client = ArcpClient::connect(&url, options).await.map_err(refused)?;
        let mut job =
            client.submit(Submit::new("count").input(&Count { to: 3, delay_ms: 0 })).await.map_err(refused)?;
        while job.next().await.is_some() {}
        job.result().await.map_err(refused)?;
        let closed = client.closed();
        if at % 2 == 0 {
            drop(client.close("done"));
        }
        drop((client, job));
        closed.await;
    }
    Ok(())
}

/// How many bytes are in use.
#[wasm_bindgen]
pub fn live() -> usize {
    live::bytes()
}
