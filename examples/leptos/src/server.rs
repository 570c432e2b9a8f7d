//! A call to an API with the token.

use gloo_net::http::Request;
use leptos::prelude::*;
use serde::Deserialize;

use crate::{
    outcome::{Failed, Problem},
    session::Session,
};

#[derive(Deserialize)]
struct Me {
    id: String,
}

#[component]
pub fn AskServer() -> impl IntoView {
    let session = expect_context::<Session>();
    let ask = Action::new_local(move |(): &()| call(session.clone()));
    let again = move || {
        ask.dispatch_local(());
    };
    view! {
        <section aria-labelledby="server">
            <h2 id="server">"An API that wants a token"</h2>
            <div class="buttons">
                <button disabled=move || ask.pending().get() on:click=move |_| again()>"Ask the server"</button>
            </div>
            <div aria-live="polite">
                {move || match ask.value().get() {
                    _ if ask.pending().get() => view! { <p class="quiet">"Asking…"</p> }.into_any(),
                    None => ().into_any(),
                    Some(Ok(id)) => view! { <p class="done">"The server knows "{id}</p> }.into_any(),
                    Some(Err(problem)) => view! { <Failed problem retry=again /> }.into_any(),
                }}
            </div>
        </section>
    }
}

/// A token that the API refuses is told to the manager, and the next one is tried, once.
async fn call(session: Session) -> Result<String, Problem> {
    let mut token = session.tokens.token().await?;
    let mut answer = send(&token).await?;
    if answer.status() == 401 {
        session.tokens.invalidate(&token);
        token = session.tokens.token().await?;
        answer = send(&token).await?;
    }
    if !answer.ok() {
        return Err(Problem::of_status(answer.status()));
    }
    Ok(answer.json::<Me>().await?.id)
}

async fn send(token: &str) -> Result<gloo_net::http::Response, gloo_net::Error> {
    Request::get("/api/me").header("authorization", &format!("Bearer {token}")).send().await
}
