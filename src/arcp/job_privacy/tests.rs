use super::*;
use crate::arcp::Frame;

const NOW: Time = Time::EPOCH;
const DENIED: &str = r#"{"code":"PERMISSION_DENIED","message":"not authorized for job_1","retryable":false}"#;
const MISSING: &str = r#"{"code":"JOB_NOT_FOUND","message":"no job job_2","retryable":false,"details":null}"#;

fn answer_about(asked: &mut PendingLookups, kind: &str, job: Option<&str>, payload: &str) -> Option<Instead> {
    let text = Frame { job_id: job, ..Frame::new(kind, "01J", payload) }.of_session("sess_1").write();
    asked.answer(&Envelope::parse(&text).unwrap(), NOW)
}

fn answer(asked: &mut PendingLookups, kind: &str, payload: &str) -> Option<Instead> {
    answer_about(asked, kind, None, payload)
}

fn note_at(asked: &mut PendingLookups, kind: &str, job: &str, now: Time) -> Result<(), TooManyPending> {
    let payload = Members::new().text("job_id", job).end();
    let text = Frame::new(kind, "r", &payload).write();
    asked.note(&Envelope::parse(&text).unwrap(), now)
}

fn note(asked: &mut PendingLookups, kind: &str, job: &str) {
    note_at(asked, kind, job, NOW).unwrap();
}

fn frame(instead: Option<Instead>) -> String {
    match instead {
        Some(Instead::Frame(text)) => text,
        other => panic!("no frame: {other:?}"),
    }
}

#[test]
fn a_job_of_another_is_answered_as_one_that_is_not_there_in_the_runtimes_own_way() {
    let mut asked = PendingLookups::default();
    assert_eq!(answer(&mut asked, "session.error", DENIED), None, "nothing was asked");
    note(&mut asked, "job.subscribe", "job_1");
    note(&mut asked, "job.subscribe", "job_2");
    let Some(Instead::Ask(absent)) = answer(&mut asked, "session.error", DENIED) else { panic!() };
    assert!(absent.starts_with("job_1"), "a job that is not there is asked about");
    // As the TypeScript SDK's runtime has it: in a numbered frame.
    let missing = frame(answer_about(&mut asked, "job.error", Some("job_2"), MISSING));
    let foreign = frame(answer_about(&mut asked, "job.error", Some(&absent), MISSING));
    assert_eq!(missing.replace("job_2", "job_1"), foreign);
    assert!(foreign.contains(r#""job_id":"job_1""#) && foreign.contains(r#""request_id":"r""#), "{foreign}");
    let again = frame(answer_about(&mut asked, "job.error", Some(&absent), MISSING));
    let twin = frame(answer_about(&mut asked, "job.error", Some("job_2"), MISSING));
    assert_eq!(twin.replace("job_2", "job_1"), again, "nor when it comes again after a resume");
}

#[test]
fn a_runtime_that_answers_both_in_one_frame_is_asked_once_more_at_most() {
    let mut asked = PendingLookups::default();
    note(&mut asked, "job.subscribe", "job_1");
    assert!(matches!(answer(&mut asked, "session.error", DENIED), Some(Instead::Ask(_))));
    let one = frame(answer(&mut asked, "session.error", MISSING));
    note(&mut asked, "job.subscribe", "job_1");
    assert_eq!(frame(answer(&mut asked, "session.error", DENIED)), one, "what it says is known now");
    assert_eq!(answer(&mut asked, "session.error", DENIED), None, "all are answered");
    // One that says of every job that it isn't to be seen.
    let mut asked = PendingLookups::default();
    note(&mut asked, "job.subscribe", "job_1");
    assert!(matches!(answer(&mut asked, "session.error", DENIED), Some(Instead::Ask(_))));
    assert_eq!(frame(answer(&mut asked, "session.error", DENIED)), one);
}

#[test]
fn an_answer_that_says_whose_it_is_is_taken_at_its_word() {
    let mut asked = PendingLookups::default();
    note(&mut asked, "job.subscribe", "job_1");
    let other = r#"{"code":"JOB_NOT_FOUND","request_id":"another"}"#;
    assert_eq!(answer(&mut asked, "session.error", other), None);
    assert!(answer(&mut asked, "session.error", r#"{"code":"JOB_NOT_FOUND","request_id":"r"}"#).is_some());
}

#[test]
fn what_is_granted_or_about_something_else_passes() {
    let mut asked = PendingLookups::default();
    note(&mut asked, "job.subscribe", "job_1");
    assert_eq!(answer(&mut asked, "session.error", r#"{"code":"INVALID_REQUEST"}"#), None);
    assert_eq!(answer(&mut asked, "job.subscribed", r#"{"job_id":"job_1"}"#), None);
    assert_eq!(answer(&mut asked, "session.error", DENIED), None);
    note(&mut asked, "job.cancel", "job_3");
    assert_eq!(answer_about(&mut asked, "job.error", Some("job_2"), DENIED), None);
    assert!(answer_about(&mut asked, "job.error", Some("job_3"), DENIED).is_some());
}

#[test]
fn a_question_that_would_be_forgotten_is_not_asked() {
    for kind in ["job.cancel", "job.subscribe"] {
        let mut asked = PendingLookups::default();
        for number in 0..MAX_PENDING {
            note(&mut asked, kind, &number.to_string());
        }
        let later = NOW.plus(ANSWERED_WITHIN);
        assert_eq!(note_at(&mut asked, kind, "one_more", NOW), Err(TooManyPending));
        assert_eq!(note_at(&mut asked, kind, "one_more", later), Ok(()), "silence is an answer, too");
        assert_eq!(asked.cancels.len() + asked.subscribes.len(), MAX_PENDING);
    }
}

#[test]
fn a_lookup_that_was_answered_is_over_and_an_error_answers_both_of_a_job() {
    let mut asked = PendingLookups::default();
    let denied = r#"{"job_id":"job_1","code":"PERMISSION_DENIED"}"#;
    for kind in ["job.cancelled", "job.result"] {
        note(&mut asked, "job.cancel", "job_1");
        assert_eq!(answer(&mut asked, kind, r#"{"job_id":"job_1"}"#), None);
        assert_eq!(answer(&mut asked, "job.error", denied), None, "{kind}");
    }
    note(&mut asked, "job.cancel", "job_1");
    note(&mut asked, "job.subscribe", "job_1");
    assert!(answer(&mut asked, "job.error", denied).is_some());
    assert_eq!(answer(&mut asked, "job.error", denied), None);
}
