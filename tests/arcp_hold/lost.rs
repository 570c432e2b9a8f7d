//! What a client has of a session whose upstream was lost, or has ended.

use serde_json::json;

use crate::script::Script;

#[test]
fn a_session_that_the_upstream_has_ended_is_over_once_its_last_answer_was_given() {
    let mut script = Script::open();
    script.submit();
    script.say("session.bye", &json!({ "reason": "shutdown" }));
    assert_eq!((script.types(), script.closed), (vec!["session.welcome", "job.accepted"], Some(1012)));
    script.come(Some(0));
    assert_eq!((script.error(), script.closed), (Some("RESUME_WINDOW_EXPIRED"), Some(4400)));

    let mut away = Script::open();
    away.ask("job.submit", &json!({ "agent": "echo", "input": 1 }));
    away.leave();
    away.say("job.accepted", &json!({ "job_id": "job_1", "request_id": "01J", "agent": "echo", "lease": {} }));
    away.say("session.bye", &json!({ "reason": "shutdown" }));
    away.come(Some(0));
    assert_eq!((away.types(), away.closed), (vec!["session.welcome", "job.accepted"], Some(1012)), "it comes first");
    away.come(Some(0));
    assert_eq!(away.error(), Some("RESUME_WINDOW_EXPIRED"));
}

#[test]
fn a_subscription_that_counts_anew_after_the_upstream_was_lost_comes_whole() {
    let mut script = Script::open();
    let subscribe = json!({ "job_id": "job_of_another" });
    script.ask("job.subscribe", &subscribe);
    for seq in 1..=5 {
        script.event("job_of_another", seq, "old");
    }
    script.lose_upstream();
    script.wait(1.0, |_| {});
    assert_eq!(script.asked[0]["payload"]["resume"]["last_event_seq"], 5);
    script.welcome();
    script.come(Some(5));
    script.ask("job.subscribe", &subscribe);
    for seq in 1..=7 {
        script.event("job_of_another", seq, "new");
    }
    let events = script.told.iter().filter(|frame| frame["type"] == "job.event");
    assert_eq!(
        events.map(|frame| frame["event_seq"].as_i64().unwrap_or(0)).collect::<Vec<_>>(),
        [6, 7, 8, 9, 10, 11, 12]
    );
}

#[test]
fn a_frame_that_no_row_can_hold_is_told_under_its_number_and_the_others_go_on() {
    let mut script = Script::open();
    script.submit();
    script.event("job_1", 1, "small");
    script.event("job_1", 2, &"x".repeat(2_500_000));
    script.event("job_1", 3, &"x".repeat(1_890_000));
    script.event("job_1", 4, "small");
    assert!(script.largest_row < 1_950_000, "{} bytes in a row", script.largest_row);
    let told = &script.told[2..];
    assert_eq!([0, 2, 3].map(|at| told[at]["event_seq"].as_i64()), [Some(1), Some(3), Some(4)]);
    let head = told[1].as_str().expect("no frame, as it can't be passed on");
    assert!(head.starts_with(r#"{"event_seq":2,"type":"job.event","job_id":"job_1","#), "{head}");
    assert!(head.contains(r#":2500"#) && head.contains(r#":1900000,"#), "how large, and what may be: {head}");
}

#[test]
fn a_frame_that_the_disk_has_changed_is_given_to_nobody_and_leaves_no_gap() {
    for (damaged, last, comes) in [("two", 1, None), ("two", 2, Some(vec![3])), ("three", 2, None)] {
        let mut script = Script::open();
        script.submit();
        for (seq, message) in [(1, "one"), (2, "two"), (3, "three")] {
            script.event("job_1", seq, message);
        }
        script.leave();
        script.damage(damaged, &damaged.replace('t', "T"));
        script.restart();
        // The runtime says again what comes after the last that is there.
        script.wait(1.0, |script| {
            if script.asked.len() == 1 {
                let after = script.asked[0]["payload"]["resume"]["last_event_seq"].as_i64().unwrap();
                script.welcome();
                for (seq, message) in [(1, "one"), (2, "two"), (3, "three")].into_iter().filter(|(seq, _)| *seq > after)
                {
                    script.event("job_1", seq, message);
                }
            }
        });
        script.come(Some(last));
        let numbers: Vec<_> = script.told.iter().filter_map(|frame| frame["event_seq"].as_i64()).collect();
        match comes {
            Some(comes) => assert_eq!((numbers, script.error()), (comes, None), "{damaged}"),
            None => assert_eq!(script.error(), Some("RESUME_WINDOW_EXPIRED"), "{damaged}"),
        }
        assert!(!script.told.iter().any(|frame| frame.to_string().contains(&damaged.replace('t', "T"))), "{damaged}");
    }
}

#[test]
fn a_welcome_that_no_row_can_hold_is_none() {
    let mut script = Script::before_welcome();
    let agents: Vec<_> =
        (0..3000).map(|at| json!({ "name": format!("agent{at}{}", "x".repeat(1000)), "versions": ["1"] })).collect();
    script.say(
        "session.welcome",
        &json!({ "runtime": { "name": "r", "version": "1" }, "resume_token": "rtk",
        "resume_window_sec": 600, "capabilities": { "features": [], "agents": agents } }),
    );
    assert_eq!((script.error(), script.largest_row), (Some("INTERNAL_ERROR"), 0));
}

/// The upstream refuses the session, in the middle of whatever is under way.
fn refuse(script: &mut Script, code: &str) {
    let mut link = 0;
    // It is tried again at once, perhaps.
    while script.asked.len() == 1 && link != script.link {
        link = script.link;
        script.say("session.error", &json!({ "code": code, "message": "no", "retryable": false }));
    }
}

#[test]
fn a_runtime_that_has_not_noticed_a_loss_is_asked_until_it_has() {
    let mut script = Script::open();
    script.submit();
    script.leave();
    script.lose_upstream();
    script.wait(95_000.0, |script| refuse(script, "PERMISSION_DENIED"));
    script.wait(30_000.0, |script| {
        if script.asked.len() == 1 {
            script.welcome();
            script.event("job_1", 1, "late");
        }
    });
    script.come(Some(0));
    assert_eq!(script.types(), ["session.welcome", "job.accepted", "job.event"]);
}

#[test]
fn a_client_waits_for_a_runtime_that_may_not_have_noticed_only_where_the_loss_was_silent() {
    for (is_silent, told) in [(false, "RESUME_WINDOW_EXPIRED"), (true, "INTERNAL_ERROR")] {
        let mut script = Script::open();
        if is_silent {
            script.wait(61_000.0, |_| {});
        } else {
            script.lose_upstream();
        }
        script.come(Some(0));
        script.wait(9000.0, |script| refuse(script, "PERMISSION_DENIED"));
        assert_eq!(script.error(), Some(told));
    }
}

#[test]
fn a_session_that_is_refused_for_good_is_over_whatever_the_code() {
    for code in ["RESUME_WINDOW_EXPIRED", "INVALID_REQUEST", "INTERNAL_ERROR"] {
        let mut script = Script::open();
        script.lose_upstream();
        script.come(Some(0));
        script.wait(7000.0, |script| refuse(script, code));
        assert_eq!((script.error(), script.closed), (Some("RESUME_WINDOW_EXPIRED"), Some(4400)), "{code}");
    }
    let mut script = Script::open();
    script.leave();
    script.lose_upstream();
    script.wait(200_000.0, |script| refuse(script, "UNAUTHENTICATED"));
    script.wait(31_000.0, Script::welcome);
    script.come(Some(0));
    assert_eq!(script.types(), ["session.welcome"], "its credential is made anew");
}

#[test]
fn a_job_that_is_asked_for_again_comes_only_if_its_client_can_take_all_of_it() {
    let mut script = Script::open_paced();
    script.submit();
    for seq in 1..=5 {
        script.event("job_1", seq, &"y".repeat(900_000));
        script.credit(3);
    }
    for (from, replayed) in [(0, false), (3, true)] {
        script.told.clear();
        script.ask("job.subscribe", &json!({ "job_id": "job_1", "from_event_seq": from }));
        assert_eq!(script.told[0]["payload"]["replayed"], replayed);
        assert_eq!((script.told.len(), script.closed), (if replayed { 3 } else { 1 }, None));
        script.credit(9);
    }
}

#[test]
fn nothing_is_done_in_the_name_of_who_was_revoked_while_away() {
    let mut script = Script::open();
    assert_eq!(script.hold.away().count(), 0, "the gate asks about who is there");
    script.submit();
    script.leave();
    assert_eq!(script.hold.away().map(|(link, ..)| link).collect::<Vec<_>>(), [script.link]);
    let link = script.link;
    script.come(Some(0));
    script.revoke(link);
    assert_eq!((script.closed, script.asked.is_empty()), (None, false), "verified meanwhile");
    script.leave();
    script.revoke(link);
    assert_eq!(script.closed_upstream, Some(link));
    script.wait(120_000.0, |_| {});
    assert_eq!(script.link, link, "nobody is shown there again");
    script.come(Some(0));
    assert_ne!(script.link, link, "before a fresh credential comes");
    script.welcome();
    assert_eq!(script.types(), ["session.welcome", "job.accepted"]);
}

#[test]
fn a_client_that_comes_is_told_soon_that_the_upstream_has_lost_the_session() {
    let mut script = Script::open();
    script.leave();
    script.lose_upstream();
    // It is away for a while: each try is one that fails.
    script.wait(9000.0, Script::lose_upstream);
    script.come(Some(0));
    script.wait(2000.0, |script| refuse(script, "RESUME_WINDOW_EXPIRED"));
    assert_eq!(script.error(), Some("RESUME_WINDOW_EXPIRED"));
}
