//! What becomes of something that takes time: it is under way, it is there, or it failed, with a code and what to do about it.

use arcgate::{Error, Fault};
use leptos::prelude::*;

/// A failure as people meet it.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// A stable name, to be searched for: docs/errors.md has an anchor for each.
    pub code: String,
    /// What is wrong, without a secret.
    pub message: String,
    /// What to do about it.
    pub advice: &'static str,
    /// Whether the same may work later.
    pub is_retryable: bool,
}

impl Problem {
    /// An API's own refusal.
    pub fn of_status(status: u16) -> Self {
        Self {
            code: status.to_string(),
            message: "the server refuses".to_owned(),
            advice: "Wait a moment, and try again; then tell whoever runs it.",
            is_retryable: true,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self {
            code: error.code().as_str().to_owned(),
            message: error.message().to_owned(),
            advice: match error.fault() {
                _ if error.is_retryable() => "Wait a moment, and try again.",
                Fault::Configuration => "Whoever runs this page must mend its configuration.",
                Fault::Caller => "Another token is needed: load the page anew.",
                _ => "Whoever runs the other end must look at it.",
            },
            is_retryable: error.is_retryable(),
        }
    }
}

impl From<gloo_net::Error> for Problem {
    fn from(error: gloo_net::Error) -> Self {
        Self {
            code: "ERR_NETWORK".to_owned(),
            message: error.to_string(),
            advice: "The page’s server does not answer: try again when it is there.",
            is_retryable: true,
        }
    }
}

/// Shows one: `of` is nothing while it is under way.
#[component]
pub fn Outcome<T: Clone + 'static>(
    of: impl Fn() -> Option<Result<T, Problem>> + Copy + Send + Sync + 'static,
    retry: impl Fn() + Copy + Send + Sync + 'static,
    children: fn(T) -> AnyView,
) -> impl IntoView {
    move || match of() {
        None => view! { <p class="quiet" role="status">"One moment…"</p> }.into_any(),
        Some(Ok(value)) => children(value),
        Some(Err(problem)) => view! { <Failed problem retry /> }.into_any(),
    }
}

/// A failure, read out as soon as it is there.
#[component]
pub fn Failed(problem: Problem, retry: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    view! {
        <div class="failed" role="alert">
            <p><code>{problem.code}</code>": "{problem.message}</p>
            <p>{problem.advice}</p>
        </div>
        {problem.is_retryable.then(|| view! { <button class="second" on:click=move |_| retry()>"Try again"</button> })}
    }
}
