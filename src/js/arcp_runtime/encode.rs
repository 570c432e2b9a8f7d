//! What a hub wants done, as the JSON that the driver reads. (The host's tests read it too, with the names above of their own:
//! what they see is what JavaScript sees.)

use super::{
    json::Members,
    runtime::{Action, Audit},
};

/// An action.
pub(super) fn action(action: &Action) -> String {
    let act = |what: &str| Members::new().text("do", what);
    let members = match action {
        Action::Send { conn, text } => act("send").integer("conn", (*conn).into()).text("text", text),
        Action::Close { conn, close } => act("close")
            .integer("conn", (*conn).into())
            .integer("code", close.code().into())
            .text("reason", close.reason()),
        Action::Run { job, agent, input, lease, trace_id } => act("run")
            .text("job", job)
            .text("agent", agent)
            .raw("input", input)
            .raw("lease", lease)
            .text("traceId", trace_id),
        Action::Abort { job, reason } => act("abort").text("job", job).text("reason", reason),
        Action::Pause { job } => act("pause").text("job", job),
        Action::Resume { job } => act("resume").text("job", job),
        Action::AskPolicy { question, what, jobs, principal, same_session } => act("askPolicy")
            .integer("question", (*question).into())
            .text("what", what)
            .list("jobs", jobs)
            .raw("principal", principal)
            .boolean("sameSession", *same_session),
        Action::Attach { conn, attachment } => {
            act("attach").integer("conn", (*conn).into()).text("attachment", attachment)
        }
        // What is to be written crosses by itself: its rows, and long texts as they are.
        Action::Store(_) => act("store"),
        Action::Audit(event) => act("audit").raw("event", &audit(event)),
    };
    members.end()
}

fn audit(event: &Audit) -> String {
    Members::new()
        .text("type", event.kind)
        .text("outcome", event.outcome.as_str())
        .text("reason", event.reason)
        .some_text("principal", event.principal.as_deref())
        .some_text("owner", event.owner.as_deref())
        .some_text("session", event.session.as_deref())
        .some_text("job", event.job.as_deref())
        .some_text("targetAgent", event.agent.as_deref())
        .some_text("traceId", event.trace_id.as_deref())
        .some_text("detail", event.detail.as_deref())
        .end()
}
