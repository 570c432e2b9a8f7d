//! Answers wait for who missed them: each comes, or the session is over by name.

use serde_json::json;

use crate::script::Script;

#[test]
fn an_answer_that_a_dead_connection_was_given_survives_the_object() {
    let mut script = Script::open();
    script.submit();
    script.event("job_1", 1, "first");
    script.restart();
    script.welcome();
    for _ in 0..2 {
        script.come(Some(0));
        assert_eq!(script.types(), ["session.welcome", "job.accepted", "job.event"]);
    }
    script.come(Some(1));
    script.event("job_1", 2, "second");
    script.restart();
    script.welcome();
    script.come(Some(1));
    assert_eq!(script.types(), ["session.welcome", "job.event"], "a number that came behind it was had");
}

#[test]
fn an_answer_that_is_too_long_to_wait_is_a_line_in_the_log() {
    let mut script = Script::open();
    script.leave();
    script.say("session.jobs", &json!({ "jobs": [], "next_cursor": "x".repeat(1_200_000) }));
    assert_eq!((script.log_lines.last().copied(), script.largest_row < 2000), (Some("answer_too_long"), true));
}

#[test]
fn each_answer_that_was_missed_comes_however_many_there_are() {
    let accepted = |at: usize| json!({ "request_id": format!("ask_{at}"), "job_id": format!("job_{at}"), "agent": "echo", "lease": {} });
    let mut away = Script::open();
    away.leave();
    for at in 0..400 {
        away.say("job.accepted", &accepted(at));
    }
    away.restart();
    away.come(Some(0));
    away.wait(1.0, Script::welcome);
    let named = away.told.iter().filter_map(|frame| frame["payload"]["request_id"].as_str());
    assert!(named.eq((0..400).map(|at| format!("ask_{at}"))), "{} frames", away.told.len());
}

#[test]
fn a_client_that_reads_slowly_has_all_its_answers_or_is_told_that_it_has_lost_some() {
    for (count, is_lost) in [(1200, false), (11_000, true)] {
        let mut slow = Script::open_paced();
        slow.credit(1);
        for at in 0..count {
            slow.say("session.jobs", &json!({ "request_id": format!("ask_{at}"), "jobs": [], "next_cursor": null }));
        }
        assert_eq!(
            (slow.closed, slow.log_lines.last()),
            if is_lost { (Some(4429), Some(&"missed_too_much")) } else { (None, Some(&"ok")) }
        );
        for _ in 0..3 {
            slow.credit(512);
        }
        if !is_lost {
            let named = slow.told.iter().filter_map(|frame| frame["payload"]["request_id"].as_str());
            assert!(named.eq((0..count).map(|at| format!("ask_{at}"))), "{} frames", slow.told.len());
        }
    }
}

#[test]
fn answers_without_end_fill_no_storage() {
    let answer = json!({ "request_id": "01J", "job_id": "job_1", "agent": "echo", "lease": {} });
    let mut here = Script::open();
    here.submit();
    for _ in 0..11_000 {
        here.say("job.accepted", &answer);
    }
    assert!(here.frames_stored() < 10_300, "{} stored", here.frames_stored());
    assert_eq!(here.closed, None, "what was given goes first");

    for is_behind in [false, true] {
        let mut away = Script::open();
        away.submit();
        away.leave();
        if is_behind {
            away.event("job_1", 1, "missed");
        }
        for _ in 0..10_001 {
            away.say("job.accepted", &answer);
        }
        assert!(away.frames_stored() < 10_100, "{} stored", away.frames_stored());
        assert!(away.log_lines.contains(&"missed_too_much"), "{:?}", away.log_lines);
        away.come(Some(0));
        assert_eq!(away.error(), Some("RESUME_WINDOW_EXPIRED"), "who missed so much has lost the session");
    }
}
