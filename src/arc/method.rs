//! The nine methods of ARC 1.0, as far as agents that answer at once need them.
//!
//! `task.create` and `chat.start` run an agent. Nothing of a task or a chat is kept after its answer, so every method that
//! names one answers with the protocol's "not found", after its parameters have been checked.

use crate::{
    arc::{
        errors::ArcCode,
        message,
        reply::{is_name, Echo, Reply},
        run::{Fresh, Kind, Run},
    },
    json::{Members, Object, Value},
};

/// The events that a task has.
const EVENTS: [&str; 10] = [
    "TASK_CREATED",
    "TASK_STARTED",
    "TASK_PAUSED",
    "TASK_RESUMED",
    "TASK_COMPLETED",
    "TASK_FAILED",
    "TASK_CANCELED",
    "NEW_MESSAGE",
    "NEW_ARTIFACT",
    "STATUS_CHANGE",
];

/// Decides on a method whose caller may call it.
pub(super) fn decide(name: &str, params: &Object<'_>, agent: &str, echo: Echo, fresh: &Fresh) -> Result<Run, Reply> {
    let params = Params { params, echo: &echo };
    let (kind, input) = match name {
        "task.create" => {
            let input = params.message("initialMessage", ArcCode::InvalidParams)?;
            if let Some(priority) = params.get("priority") {
                if !matches!(priority.as_str(), Some("LOW" | "NORMAL" | "HIGH" | "URGENT")) {
                    return Err(params.wrong(ArcCode::TaskPriorityInvalid, "priority"));
                }
            }
            params.optional("metadata", |value| value.as_object().is_some())?;
            (Kind::Task, input)
        }
        "chat.start" => {
            let input = params.message("initialMessage", ArcCode::InvalidChatMessage)?;
            params.optional("metadata", |value| value.as_object().is_some())?;
            params.optional("stream", |value| value.as_bool().is_some())?;
            params.optional("chatId", |value| value.as_str().is_some_and(is_name))?;
            let stream = params.get("stream").and_then(Value::as_bool).unwrap_or_default();
            let chat_id = params.get("chatId").and_then(Value::as_str).map(str::to_owned);
            (Kind::Chat { chat_id: chat_id.unwrap_or_else(|| format!("chat-{}", fresh.id)), stream }, input)
        }
        _ => return Err(params.none_kept(name)),
    };
    Ok(Run::new(kind, agent, input, echo, fresh))
}

/// The answer to a method that nobody serves.
pub(super) fn not_found(echo: &Echo) -> Reply {
    Reply::error(ArcCode::MethodNotFound, "unknown_method", echo, None)
}

fn is_event(value: &Value<'_>) -> bool {
    value.as_str().is_some_and(|event| EVENTS.contains(&event))
}

/// Parameters, and whom to tell when one is wrong.
struct Params<'p, 'b> {
    params: &'p Object<'b>,
    echo: &'p Echo,
}

impl<'p, 'b> Params<'p, 'b> {
    fn get(&self, name: &str) -> Option<&'p Value<'b>> {
        self.params.get(name)
    }

    fn required(&self, name: &'static str, is_sound: impl Fn(&Value<'_>) -> bool) -> Result<(), Reply> {
        match self.get(name) {
            Some(value) if is_sound(value) => Ok(()),
            _ => Err(self.wrong(ArcCode::InvalidParams, name)),
        }
    }

    fn optional(&self, name: &'static str, is_sound: impl Fn(&Value<'_>) -> bool) -> Result<(), Reply> {
        self.get(name).map_or(Ok(()), |_| self.required(name, is_sound))
    }

    /// The agent's input out of a message.
    fn message(&self, name: &'static str, code: ArcCode) -> Result<String, Reply> {
        let message = self.get(name).ok_or_else(|| self.wrong(ArcCode::InvalidParams, name))?;
        message::input_of(message).ok_or_else(|| self.wrong(code, name))
    }

    /// The answer to a method that names a task or a chat, of which none is kept.
    fn none_kept(&self, name: &str) -> Reply {
        self.refused(name).err().unwrap_or_else(|| not_found(self.echo))
    }

    fn refused(&self, name: &str) -> Result<(), Reply> {
        match name {
            "task.send" => {
                self.message("message", ArcCode::InvalidParams)?;
                Err(self.not_found(ArcCode::TaskNotFound, "taskId"))
            }
            "task.info" => {
                self.optional("includeMessages", |value| value.as_bool().is_some())?;
                self.optional("includeArtifacts", |value| value.as_bool().is_some())?;
                Err(self.not_found(ArcCode::TaskNotFound, "taskId"))
            }
            "task.cancel" => {
                self.optional("reason", |value| value.as_str().is_some())?;
                Err(self.not_found(ArcCode::TaskNotFound, "taskId"))
            }
            "task.subscribe" => {
                self.required("callbackUrl", |value| value.as_str().is_some_and(|url| !url.is_empty()))?;
                self.optional("events", |value| value.as_array().is_some_and(|events| events.iter().all(is_event)))?;
                Err(self.not_found(ArcCode::TaskNotFound, "taskId"))
            }
            "task.notification" => {
                self.required("event", is_event)?;
                self.required("timestamp", |value| value.as_str().is_some())?;
                self.required("data", |value| value.as_object().is_some())?;
                Err(self.not_found(ArcCode::TaskNotFound, "taskId"))
            }
            "chat.message" => {
                self.message("message", ArcCode::InvalidChatMessage)?;
                self.optional("stream", |value| value.as_bool().is_some())?;
                Err(self.not_found(ArcCode::ChatNotFound, "chatId"))
            }
            "chat.end" => {
                self.optional("reason", |value| value.as_str().is_some())?;
                Err(self.not_found(ArcCode::ChatNotFound, "chatId"))
            }
            // A method that a deployment's own rules let in, and that no agent here serves.
            _ => Ok(()),
        }
    }

    /// The answer about a task or chat, of which there is none.
    fn not_found(&self, code: ArcCode, name: &'static str) -> Reply {
        let Some(id) = self.get(name).and_then(Value::as_str).filter(|id| is_name(id)) else {
            return self.wrong(ArcCode::InvalidParams, name);
        };
        let details = Members::new().text(name, id).end();
        Reply::error(code, "not_found", self.echo, Some(&details))
    }

    fn wrong(&self, code: ArcCode, name: &'static str) -> Reply {
        Reply::error(code, "params", self.echo, Some(&Members::new().text("param", name).end()))
    }
}
