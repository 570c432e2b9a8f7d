//! What a gate wants done, as the JSON that the driver reads. (The host's tests read it too, with the names above of their own:
//! what they see is what JavaScript sees.)

use super::{
    gate::{Action, Audit},
    json::Members,
};

/// An action.
pub(super) fn action(action: &Action) -> String {
    let act = |what: &str| Members::new().text("do", what);
    let members = match action {
        Action::ToClient(text) => act("send").text("text", text),
        Action::ToUpstream(text) => act("sendUpstream").text("text", text),
        Action::CloseClient(close) => act("close").integer("code", close.code().into()).text("reason", close.reason()),
        Action::CloseUpstream => act("closeUpstream"),
        Action::Authenticate { scheme, token } => {
            let token = token.as_ref().and_then(|token| std::str::from_utf8(token.expose()).ok());
            act("authenticate").text("scheme", scheme).some_text("token", token)
        }
        Action::Open(session) => act("open").some_text("resumes", session.as_deref()),
        Action::Mac(input) => act("mac").text("input", input),
        Action::CheckRevocation => act("checkRevocation"),
        Action::Audit(event) => act("audit").raw("event", &audit(event)),
    };
    members.end()
}

fn audit(event: &Audit) -> String {
    let mut members = Members::new()
        .text("type", event.kind)
        .text("outcome", event.outcome.as_str())
        .text("reason", event.reason)
        .some_text("principal", event.principal.as_deref());
    if let Some(hello) = &event.hello {
        members =
            members.text("client", &hello.client).text("scheme", &hello.scheme).boolean("resumes", hello.is_resume);
    }
    if let Some(close) = event.close {
        members = members.integer("close", close.code().into());
    }
    members = members.some_text("code", event.code.map(|code| code.as_str()));
    if let Some(details) = &event.details {
        members = members.raw("details", details);
    }
    members = members.some_text("session", event.session.as_deref());
    if let Some(duration) = event.duration {
        members = members.integer("durationMs", duration.as_millis());
    }
    if let Some(traffic) = event.traffic {
        members = members
            .integer("clientFrames", traffic.from_client.0)
            .integer("clientBytes", traffic.from_client.1)
            .integer("upstreamFrames", traffic.from_upstream.0)
            .integer("upstreamBytes", traffic.from_upstream.1);
    }
    members.end()
}
