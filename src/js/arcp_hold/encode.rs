//! What a hold wants done, as the JSON that the driver reads. (The host's tests read it too, with the names above of their own: what
//! they see is what JavaScript sees.)

use super::{
    hold::{Action, Audit, Changes, Hold, Shown},
    json::{self, Members},
};

/// An action. Frames and what is stored cross in another way, in the driver.
pub(super) fn action(action: &Action) -> String {
    let act = |what: &str| Members::new().text("do", what);
    let members = match action {
        Action::Store(_) => act("store"),
        Action::ToClient { conn, text } => act("send").integer("conn", (*conn).into()).text("text", text),
        Action::CloseClient { conn, close } => act("close")
            .integer("conn", (*conn).into())
            .integer("code", close.code().into())
            .text("reason", close.reason()),
        Action::Dial { link, shown } => who(act("dial"), *link, shown),
        Action::ToUpstream { link, text } => act("sendUpstream").integer("link", (*link).into()).text("text", text),
        Action::CloseUpstream { link } => act("closeUpstream").integer("link", (*link).into()),
        Action::Audit(event) => act("audit").raw("event", &audit(event)),
    };
    members.end()
}

/// Whose credentials are to be asked about.
pub(super) fn away(hold: &Hold) -> String {
    json::list(hold.away().map(|(link, shown)| who(Members::new(), link, &shown).end()))
}

fn who(members: Members, link: u32, shown: &Shown) -> Members {
    let credential = shown.credential.as_ref().and_then(|credential| std::str::from_utf8(credential.expose()).ok());
    let members = members.integer("link", link.into()).raw("principal", &shown.principal);
    members.some_text("credential", credential).some_text("standIn", shown.stand_in.as_deref())
}

/// The small rows of what is to be stored; a table with nothing in it is absent.
pub(super) fn changes(changes: &Changes) -> String {
    let row = |cells: &[&str]| json::list(cells.iter().map(|cell| json::string(cell)));
    let mut members = Members::new();
    let mut table = |name: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            members = std::mem::take(&mut members).list(name, rows);
        }
    };
    table("sessions", changes.sessions.iter().map(|(id, content)| row(&[id, content])).collect());
    table("ended", changes.ended.iter().map(|id| json::string(id)).collect());
    table("jobs", changes.jobs.iter().map(|(session, id, content)| row(&[session, id, content])).collect());
    table("forgotten", changes.forgotten.iter().map(|(session, id)| row(&[session, id])).collect());
    let dropped = changes.dropped.iter();
    table("dropped", dropped.map(|(id, at)| json::list([json::string(id), at.to_string()])).collect());
    members.end()
}

fn audit(event: &Audit) -> String {
    Members::new()
        .text("type", event.kind)
        .text("outcome", event.outcome.as_str())
        .text("reason", event.reason)
        .text("principal", &event.principal)
        .some_text("session", event.session.as_deref())
        .end()
}
