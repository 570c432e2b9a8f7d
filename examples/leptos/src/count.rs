//! An agent's work, as it goes on: a job over a session, its events as a stream.

use arcgate::{
    session::{Auth, ConnectOptions, Submit},
    ArcpClient,
};
use leptos::{prelude::*, task::spawn_local};
use serde::Serialize;

use crate::{
    outcome::{Failed, Problem},
    session::{gate, Session},
};

const TO: u32 = 5;

#[derive(Clone, PartialEq)]
enum Step {
    Idle,
    Connecting,
    Counting(f64),
    Done(u32),
    Failed(Problem),
}

/// What the agent takes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    to: u32,
    delay_ms: u32,
}

#[component]
pub fn Count() -> impl IntoView {
    let session = expect_context::<Session>();
    let step = RwSignal::new(Step::Idle);
    let begin = move || {
        let session = session.clone();
        step.set(Step::Connecting);
        spawn_local(async move {
            step.set(match run(session, step).await {
                Ok(counted) => Step::Done(counted),
                Err(problem) => Step::Failed(problem),
            });
        });
    };
    let begin = StoredValue::new(begin);
    let again = move || begin.with_value(|begin| begin());
    let is_busy = move || matches!(step.get(), Step::Connecting | Step::Counting(_));
    view! {
        <section aria-labelledby="agent">
            <h2 id="agent">"An agent that counts"</h2>
            <div class="buttons">
                <button disabled=is_busy on:click=move |_| again()>"Count to "{TO}</button>
            </div>
            <div aria-live="polite">
                {move || match step.get() {
                    Step::Idle => ().into_any(),
                    Step::Connecting => view! { <p class="quiet">"Connecting…"</p> }.into_any(),
                    Step::Counting(current) => {
                        view! {
                            <p>{current}" of "{TO}</p>
                            <progress aria-labelledby="agent" max=TO value=current></progress>
                        }
                        .into_any()
                    }
                    Step::Done(counted) => view! { <p class="done">"Counted to "{counted}</p> }.into_any(),
                    Step::Failed(problem) => view! { <Failed problem retry=again /> }.into_any(),
                }}
            </div>
        </section>
    }
}

async fn run(session: Session, step: RwSignal<Step>) -> Result<u32, Problem> {
    let options = ConnectOptions::new("arcgate-example-leptos", "1.0.0", Auth::bearer(session.tokens));
    let client = ArcpClient::connect(&gate(), options).await?;
    let mut job = client.submit(Submit::new("count").input(&Input { to: TO, delay_ms: 300 })).await?;
    while let Some(event) = job.next().await {
        if let Some((current, _)) = event.progress() {
            step.set(Step::Counting(current));
        }
    }
    let counted = job.result().await?.value()?;
    client.close("counted").await;
    Ok(counted)
}
