//! A manager's tasks and events as JSON.

use crate::{
    json::Members,
    secret::Secret,
    time::{Span, Time},
    token::manager::{Event, Task},
};

/// A task: `{ do, limitMs, … }`. Without `limitMs` it is not broken off.
pub(super) fn task(task: &Task, limit: Option<Span>) -> String {
    let begin = |name: &str| {
        let out = Members::new().text("do", name);
        match limit {
            Some(limit) => out.integer("limitMs", limit.as_millis()),
            None => out,
        }
    };
    match task {
        Task::Load => begin("load"),
        Task::Lock => begin("lock"),
        Task::AskTabs { usual, long } => {
            Members::new().text("do", "ask").integer("limitMs", usual.as_millis()).integer("longMs", long.as_millis())
        }
        Task::Callback(reason) => begin("call").text("reason", reason.as_str()),
        Task::Get(url) => begin("get").text("url", url),
        Task::Sign(input) => begin("sign").text("input", input),
        Task::Post(request) => {
            let out = begin("post").text("url", &request.url).some_text("body", text(&request.body));
            out.some_text("authorization", request.authorization.as_ref().and_then(text))
        }
        Task::Verify { token, keys } => {
            begin("verify").some_text("token", text(token)).some_text("keys", keys.as_deref())
        }
        Task::Store(state) => begin("store").some_text("text", text(state)),
        Task::Delete => begin("delete"),
    }
    .end()
}

/// An event; `scope` is that of the token there is.
pub(super) fn event(event: &Event, scope: Option<&str>) -> String {
    let begin = |name: &str| Members::new().text("type", name);
    match event {
        Event::Refreshed { reason, expires } => {
            let out = begin("refreshed").text("reason", reason.as_str());
            some_time(out.some_text("scope", scope), "expiresAt", *expires)
        }
        Event::Adopted { expires } => some_time(begin("adopted"), "expiresAt", *expires),
        Event::Failed { error, retry_at } => {
            let out = begin("failed").text("code", error.code().as_str()).text("reason", error.message());
            some_time(out.boolean("final", retry_at.is_none()), "retryAt", *retry_at)
        }
        Event::Expired => begin("expired"),
        Event::Revoked => begin("revoked"),
        Event::NotStored => begin("not_stored"),
        Event::SignedOut => begin("signed_out"),
    }
    .end()
}

/// The text of a secret that was made of text.
pub(super) fn text(secret: &Secret) -> Option<&str> {
    std::str::from_utf8(secret.expose()).ok()
}

fn some_time(out: Members, name: &str, time: Option<Time>) -> Members {
    match time {
        Some(time) => out.raw(name, &time.to_seconds()),
        None => out,
    }
}
