//! What a session wants done and tells, as the JSON that the driver reads. (The host's tests read it too, with the names above
//! of their own: what they see is what JavaScript sees.)

use super::{
    client::{Action, Event, Fact, Fault, JobEvent, JobResult, Lost, Opened, Output},
    json::Members,
    message::AgentInfo,
};

/// An action or an event.
pub(super) fn output(output: &Output) -> String {
    match output {
        Output::Action(action) => self::action(action),
        Output::Event(event) => act("notify").raw("event", &self::event(event)).end(),
    }
}

fn act(what: &str) -> Members {
    Members::new().text("do", what)
}

fn of_request(what: &str, request: u32) -> Members {
    act(what).integer("request", request.into())
}

fn of_job(what: &str, job: u32) -> Members {
    act(what).integer("job", job.into())
}

fn action(action: &Action) -> String {
    let members = match action {
        Action::Connect { conn, fresh, outlast } => {
            let members = act("connect").integer("conn", (*conn).into()).boolean("fresh", *fresh);
            match outlast {
                Some(span) => members.integer("outlastMs", span.as_millis()),
                None => members,
            }
        }
        Action::Send { conn, text } => act("send").integer("conn", (*conn).into()).text("text", text),
        Action::Close { conn, code, reason } => {
            act("close").integer("conn", (*conn).into()).integer("code", (*code).into()).text("reason", reason)
        }
        Action::Open(opened) => self::opened(opened),
        Action::Accept { request, job, id, payload } => {
            let members = of_request("accepted", *request).integer("job", (*job).into()).text("id", id);
            with_payload(members, payload.as_deref())
        }
        Action::Existing { request, job } => of_request("existing", *request).integer("job", (*job).into()),
        Action::Answer { request, payload } => of_request("answer", *request).raw("payload", payload),
        Action::Done { request } => of_request("done", *request),
        Action::Refuse { request, fault } => of_request("refused", *request).raw("error", &error(fault)),
        Action::Deliver { job, event } => job_event(*job, event),
        Action::Missed { job, count } => of_job("missed", *job).integer("count", (*count).into()),
        Action::Finish { job, result } => match result {
            JobResult::Value(value) => of_job("result", *job).raw("value", value),
            JobResult::Pieces => of_job("result", *job).boolean("isChunked", true),
        },
        Action::Fail { job, fault } => of_job("failed", *job).raw("error", &error(fault)),
        Action::Forget { job } => of_job("forget", *job),
        Action::Closed { is_wanted, reason, fault } => {
            let code = if *is_wanted { "CLOSED" } else { fault.code.as_str() };
            act("closed").text("code", code).text("reason", reason).raw("error", &error(fault))
        }
    };
    members.end()
}

fn with_payload(members: Members, payload: Option<&str>) -> Members {
    match payload {
        Some(payload) => members.raw("payload", payload),
        None => members,
    }
}

fn job_event(job: u32, event: &JobEvent) -> Members {
    let members = of_job("event", job)
        .integer("seq", event.seq)
        .integer("drop", event.dropped.into())
        .boolean("keep", event.is_kept)
        .boolean("collect", event.is_piece);
    let members = with_payload(members, event.payload.as_deref());
    match &event.text {
        Some(text) => members.text("text", text),
        None => members,
    }
}

fn opened(opened: &Opened) -> Members {
    let members = act("opened")
        .text("sessionId", &opened.session_id)
        .text("runtimeName", &opened.runtime_name)
        .text("runtimeVersion", &opened.runtime_version)
        .texts("features", opened.features.iter().map(String::as_str))
        .list("agents", opened.agents.iter().map(agent));
    match opened.heartbeat {
        Some(span) => members.integer("heartbeatMs", span.as_millis()),
        None => members,
    }
}

fn agent(agent: &AgentInfo) -> String {
    let mut members = Members::new().text("name", &agent.name);
    if !agent.versions.is_empty() {
        members = members.texts("versions", agent.versions.iter().map(String::as_str));
    }
    if let Some(default) = &agent.default {
        members = members.text("default", default);
    }
    members.end()
}

fn event(event: &Event) -> String {
    let of_type = |name| Members::new().text("type", name);
    let members = match event {
        Event::Connecting { attempt } => of_type("connecting").integer("attempt", *attempt),
        Event::Open { session_id } => of_type("open").text("sessionId", session_id),
        Event::Resumed { session_id } => of_type("resumed").text("sessionId", session_id),
        Event::TokenRefreshed { session_id } => of_type("tokenRefreshed").text("sessionId", session_id),
        Event::Reconnecting { attempt, delay, code, reason } => of_type("reconnecting")
            .integer("attempt", (*attempt).into())
            .integer("delayMs", delay.as_millis())
            .text("code", code.as_str())
            .text("reason", reason),
        Event::Lost(lost) => self::lost(of_type("lost"), lost),
        Event::Error(fault) => of_type("error").raw("error", &error(fault)),
    };
    members.end()
}

fn lost(members: Members, lost: &Lost) -> Members {
    let mut members = members.text("reason", lost.reason.as_str());
    for (name, seq) in [("fromSeq", lost.from), ("toSeq", lost.to)] {
        if let Some(seq) = seq {
            members = members.integer(name, seq);
        }
    }
    if let Some(message) = lost.message {
        members = members.text("message", message);
    }
    members.texts("jobs", lost.jobs.iter().map(String::as_str))
}

/// What `ArcgateError` is made of.
pub(super) fn error(fault: &Fault) -> String {
    let mut details = Members::new().text("fault", fault.blame().as_str());
    if let Some(code) = &fault.peer_code {
        details = details.text("code", code);
    }
    if let Some(peer) = &fault.peer_details {
        details = details.raw("peer", peer);
    }
    for (name, fact) in &fault.facts {
        details = match fact {
            Fact::Text(text) => details.text(name, text),
            Fact::Number(number) => details.integer(name, *number),
        };
    }
    Members::new()
        .text("code", fault.code.as_str())
        .text("message", &fault.message)
        .boolean("retryable", fault.retryable)
        .raw("details", &details.end())
        .end()
}
