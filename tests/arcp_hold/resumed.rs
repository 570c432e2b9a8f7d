//! How often and from where a lost upstream is asked for the session again.

use crate::script::Script;

/// The number after which the upstream is asked to go on.
fn resumes_after(script: &Script) -> Option<i64> {
    script.asked.first()?["payload"]["resume"]["last_event_seq"].as_i64()
}

fn refuse(script: &mut Script, code: &str) {
    script.say("session.error", &serde_json::json!({ "code": code, "message": "no", "retryable": false }));
}

/// The numbers from which the upstream is asked within a minute, where it refuses each time.
fn asked_from(script: &mut Script, code: &str) -> Vec<i64> {
    let (mut asked, mut link) = (Vec::new(), 0);
    script.wait(60_000.0, |script| {
        while script.link != link && script.asked.len() == 1 {
            link = script.link;
            asked.extend(resumes_after(script));
            refuse(script, code);
        }
    });
    asked
}

/// The TypeScript SDK's runtime, which refuses who has seen all.
#[test]
fn a_runtime_that_refuses_who_has_seen_all_is_asked_from_one_lower() {
    let mut script = Script::open();
    script.submit();
    for seq in 1..=3 {
        script.event("job_1", seq, "m");
    }
    script.leave();
    script.lose_upstream();
    assert_eq!(resumes_after(&script), Some(3));
    refuse(&mut script, "RESUME_WINDOW_EXPIRED");
    script.wait(1000.0, |_| {});
    assert_eq!(resumes_after(&script), Some(2));
    script.welcome();
    script.event("job_1", 3, "m");
    script.event("job_1", 4, "new");
    script.come(Some(2));
    let numbers: Vec<_> = script.told.iter().filter_map(|frame| frame["event_seq"].as_i64()).collect();
    assert_eq!(numbers, [3, 4], "what is said again for that comes once");
}

#[test]
fn a_session_that_is_refused_is_asked_for_four_times_from_each_number() {
    let mut script = Script::open();
    script.lose_upstream();
    assert_eq!(asked_from(&mut script, "RESUME_WINDOW_EXPIRED"), [0; 4], "there is none lower");
    assert!(script.log_lines.contains(&"upstream_resume_refused"));

    let mut script = Script::open();
    script.submit();
    script.event("job_1", 1, "m");
    script.lose_upstream();
    assert_eq!(asked_from(&mut script, "RESUME_WINDOW_EXPIRED"), [1, 0, 1, 0, 1, 0, 1, 0]);
}

#[test]
fn an_upstream_that_is_lost_again_and_again_is_tried_at_once_only_after_it_was_there_for_a_while() {
    for (there, is_at_once) in [(19_999.0, false), (20_000.0, true)] {
        let mut script = Script::open();
        for _ in 0..3 {
            script.lose_upstream();
            script.wait(500.0, |script| {
                if script.asked.len() == 1 {
                    script.welcome();
                }
            });
        }
        // The clock of the last one began when it was welcomed.
        script.lose_upstream();
        script.wait(1000.0, |_| {});
        script.welcome();
        script.wait(there, |_| {});
        let link = script.link;
        script.lose_upstream();
        assert_eq!(script.link != link, is_at_once, "after {there} ms");
    }
}
