//! What comes of a task: what the line says, or a failure.

use super::*;

impl World {
    pub(super) fn perform(&mut self, attempt: Option<AttemptId>, rest: &str, fails: bool) {
        let (Some(attempt), now) = (attempt, self.time()) else { return };
        let (status, body) = script::number(rest);
        let status = status.map_or(200, |status| status as u16);
        let Some(task) = self.begun.remove(&attempt) else { return };
        let storage = self.storage.clone();
        let (date, retry_after) = (None, (status == 429).then_some(Span::from_secs(30)));
        let manager = &mut self.manager;
        match task {
            _ if fails => {
                let failure = if status == 1 { FetchFailure::Timeout } else { FetchFailure::Network };
                manager.handle_failure(attempt, failure, now);
            }
            Task::Load => {
                manager.handle_loaded(attempt, if body.is_empty() { storage.as_deref() } else { Some(body) }, now);
            }
            Task::Lock => manager.handle_lock(attempt, status == 200, now),
            Task::AskTabs { .. } => {
                let is_usable = status == 200;
                let known = if is_usable { RefreshTokenStatus::Usable } else { RefreshTokenStatus::Rotated };
                manager.handle_tabs_asked(attempt, known, now);
            }
            Task::Callback(_) => manager.handle_callback(attempt, body.as_bytes(), now),
            Task::Get(_) | Task::Post(_) => {
                let response = Response { status, body: body.as_bytes(), date, retry_after };
                manager.handle_response(attempt, response, now);
            }
            Task::Sign(input) => {
                assert!(input.bytes().all(|byte| byte.is_ascii_graphic()), "what is signed is base64url: {input}");
                manager.handle_signature(attempt, "c2ln", now);
            }
            Task::Verify { .. } => {
                let outcome = if status == 200 { Ok(body) } else { Err("signature") };
                manager.handle_verified(attempt, outcome, now);
            }
            Task::Store(text) => {
                let text = String::from_utf8(text.expose().to_vec()).expect("what is stored is text");
                json::object_of(&text).expect("what is stored is JSON");
                self.storage = (status == 200).then_some(text);
                manager.handle_stored(attempt, status == 200, now);
            }
            Task::Delete => {
                self.storage = None;
                manager.handle_stored(attempt, true, now);
            }
        }
        self.drain();
        self.begin(attempt);
    }

    /// A refresh token counts once: while its answer may come, nobody else sends it.
    pub(super) fn sends(&mut self, attempt: AttemptId, form: String) {
        let last = self.sent.insert(form, (attempt, self.now));
        let Some((other, at)) = last.filter(|(other, _)| *other != attempt) else { return };
        let is_under_way = self.manager.is_delicate(other) && self.now - at < 60_000;
        assert!(self.is_set || !is_under_way, "a refresh token is sent while its answer may come");
    }
}
