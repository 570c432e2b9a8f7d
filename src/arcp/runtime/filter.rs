//! Which jobs a `session.list_jobs` asks for (ARCP 1.1 §6.6).

use super::{agents::has_version, job::Job, Envelope, RequestRefusal, Time};
use crate::json::{Number, Object, Value};

/// Jobs on a page, when the client doesn't say, and at most.
const PAGE: usize = 100;
const MAX_PAGE: i64 = 1000;

/// Which jobs are listed.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    status: Option<Vec<String>>,
    agent: Option<String>,
    created_after: Option<Time>,
    pub(super) limit: usize,
    /// The last job of the page before.
    cursor: Option<String>,
    /// Jobs of others that the policy lets this one see.
    pub(super) allowed: Option<Vec<String>>,
}

impl Filter {
    pub(super) fn read(envelope: &Envelope<'_>) -> Result<Self, RequestRefusal> {
        fn member<'v, 't>(object: &'v Object<'t>, name: &str) -> Option<&'v Value<'t>> {
            object.get(name).filter(|value| **value != Value::Null)
        }
        let mut filter = Self { limit: PAGE, ..Self::default() };
        let Some(payload) = envelope.payload() else { return Ok(filter) };
        if let Some(value) = member(payload, "filter") {
            let object = value.as_object().ok_or(RequestRefusal::invalid("filter"))?;
            if let Some(value) = member(object, "status") {
                let items = value.as_array().ok_or(RequestRefusal::invalid("filter.status"))?;
                let names = items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>();
                filter.status = Some(names.ok_or(RequestRefusal::invalid("filter.status"))?);
            }
            if let Some(value) = member(object, "agent") {
                filter.agent = Some(value.as_str().ok_or(RequestRefusal::invalid("filter.agent"))?.to_owned());
            }
            if let Some(value) = member(object, "created_after") {
                let time = value.as_str().and_then(Time::from_rfc3339);
                filter.created_after = Some(time.ok_or(RequestRefusal::invalid("filter.created_after"))?);
            }
        }
        if let Some(value) = member(payload, "limit") {
            let limit = value.as_number().and_then(Number::as_i64).filter(|limit| (1..=MAX_PAGE).contains(limit));
            filter.limit =
                limit.and_then(|limit| usize::try_from(limit).ok()).ok_or(RequestRefusal::invalid("limit"))?;
        }
        if let Some(value) = member(payload, "cursor") {
            filter.cursor = Some(value.as_str().ok_or(RequestRefusal::invalid("cursor"))?.to_owned());
        }
        Ok(filter)
    }

    pub(super) fn takes(&self, job: &Job) -> bool {
        let is_agent = |wanted: &str| {
            let own = if has_version(wanted) { &*job.agent } else { job.agent.split('@').next().unwrap_or_default() };
            own == wanted
        };
        self.status.as_ref().is_none_or(|names| names.iter().any(|name| name == job.status()))
            && self.agent.as_deref().is_none_or(is_agent)
            && self.created_after.is_none_or(|after| job.created > after)
            && self.cursor.as_ref().is_none_or(|cursor| job.id < *cursor)
    }
}
