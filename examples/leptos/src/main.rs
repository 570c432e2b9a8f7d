//! A page that has tokens from its own server, looks at them, calls an API with them and follows an agent's work.

mod count;
mod outcome;
mod server;
mod session;
mod who;

use leptos::prelude::*;

use crate::{count::Count, outcome::Outcome, server::AskServer, session::Session, who::Who};

fn main() {
    console_error_panic_hook::set_once();
    mount_to_body(Page);
}

/// What needs a session stands beneath it: until there is one, the page says why.
#[component]
fn Page() -> impl IntoView {
    let session = LocalResource::new(Session::begin);
    view! {
        <main>
            <h1>"A page in Leptos"</h1>
            <p class="lead">"Tokens come from this page’s own server. Here they are verified, sent to an API, and shown to an agent."</p>
            <Outcome
                of=move || session.get()
                retry=move || session.refetch()
                children=|session: Session| {
                    provide_context(session);
                    view! {
                        <Who />
                        <AskServer />
                        <Count />
                    }
                    .into_any()
                }
            />
        </main>
    }
}
