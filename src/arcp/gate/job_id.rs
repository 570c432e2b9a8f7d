//! Where a job's id stands. The protocol has it on the envelope of a `job.cancel`; the SDKs of C# and F# write and read it in the
//! payload alone. Both places are written, so that each runtime finds it.

use crate::{
    arcp::{envelope::is_name, skim, Envelope},
    json::{self, Value},
};

/// A frame of the client as it goes on, where that is not as it came.
///
/// # Errors
/// The two places name two jobs.
pub(super) fn of_job(frame: &Envelope<'_>, text: &str) -> Result<Option<String>, ()> {
    let inside = match frame.get("job_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) if is_name(id) => Some(id.as_ref()),
        // What is no id is the runtime's to refuse.
        Some(_) => return Ok(None),
    };
    let is_cancel = frame.kind() == "job.cancel";
    Ok(match (frame.job_id(), inside) {
        (Some(one), Some(other)) if one != other => return Err(()),
        (None, Some(id)) if is_cancel => Some(skim::with_member(text, "job_id", &json::string(id))),
        (Some(id), None) => skim::value_of(text, "payload").and_then(|range| text.get(range)).map(|payload| {
            let payload = skim::with_member(payload, "job_id", &json::string(id));
            skim::with_member(text, "payload", &payload)
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, more: &str, payload: &str) -> Result<Option<String>, ()> {
        let text = format!(r#"{{"arcp":"1.1","id":"a","type":"{kind}"{more},"payload":{payload}}}"#);
        of_job(&Envelope::relayed(&text).unwrap(), &text)
    }

    #[test]
    fn both_places_are_written() {
        for (more, payload, expected) in [
            (r#","job_id":"j""#, r#"{"n":1.50}"#, r#","job_id":"j","payload":{"n":1.50,"job_id":"j"}}"#),
            (r#","job_id":"j""#, "{}", r#","job_id":"j","payload":{"job_id":"j"}}"#),
            (r#","job_id":"j""#, r#"{"job_id":null}"#, r#","job_id":"j","payload":{"job_id":"j"}}"#),
            ("", r#"{"reason":"\ud83d","job_id":"j"}"#, r#","payload":{"reason":"\ud83d","job_id":"j"},"job_id":"j"}"#),
        ] {
            let got = of("job.cancel", more, payload).unwrap().unwrap();
            assert!(got.ends_with(expected), "{got}");
            assert!(Envelope::relayed(&got).is_ok(), "{got}");
        }
        assert_eq!(of("job.subscribe", "", r#"{"job_id":"j"}"#), Ok(None), "as every client writes it");
        assert!(of("job.subscribe", r#","job_id":"j""#, "{}").unwrap().is_some());
        assert_eq!(of("job.cancel", r#","job_id":"j""#, r#"{"job_id":"j"}"#), Ok(None));
    }

    #[test]
    fn what_names_two_jobs_or_none_is_not_rewritten() {
        assert_eq!(of("job.cancel", r#","job_id":"j""#, r#"{"job_id":"k"}"#), Err(()));
        for payload in ["{}", r#"{"job_id":7}"#, r#"{"job_id":""}"#, r#"{"job_id":null}"#] {
            assert_eq!(of("job.cancel", "", payload), Ok(None), "{payload}");
        }
    }
}
