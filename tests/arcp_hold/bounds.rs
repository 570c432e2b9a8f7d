//! What a hold keeps, and what it has on its way to a client, has an end.

use arcgate::sans_io::arcp::Frame;
use serde_json::json;

use crate::script::Script;

const MIB: usize = 1 << 20;

#[test]
fn a_client_that_asks_and_does_not_read_is_cut_off() {
    let id = "x".repeat(120);
    let ask = |script: &mut Script| script.ask_as(&id, "job.cancel", &json!({ "job_id": "job_nobodys" }));
    let mut script = Script::open_paced();
    script.credit(1);
    script.told.clear();
    while script.closed.is_none() && script.told.len() < 100_000 {
        ask(&mut script);
    }
    let bytes: usize = script.told.iter().map(|frame| frame.to_string().len()).sum();
    assert_eq!((script.closed, bytes / MIB), (Some(4429), 4), "{} answers", script.told.len());

    let mut reader = Script::open_paced();
    for _ in 0..script.told.len() + 100 {
        ask(&mut reader);
        reader.credit(2);
    }
    assert_eq!(reader.closed, None, "one that reads");
}

/// Another client with a session of its own, whose client is the script's from now on.
fn open_another(script: &mut Script, id: &str) {
    script.come(None);
    let payload = json!({ "runtime": { "name": "r", "version": "1" }, "resume_token": "rtk",
        "resume_window_sec": 600, "capabilities": { "features": ["ack"] } });
    script.say_text(&Frame::new("session.welcome", "01J", &payload.to_string()).of_session(id).write());
}

/// An event of so many bytes.
fn say_bytes(script: &mut Script, id: &str, seq: i64, bytes: usize) {
    let text = |message: &str| {
        let payload =
            json!({ "kind": "log", "ts": "2026-01-01T00:00:00Z", "body": { "level": "info", "message": message } });
        let (payload, frame_id) = (payload.to_string(), format!("01J{seq}"));
        let frame = Frame { event_seq: Some(seq), ..Frame::new("job.event", &frame_id, &payload) };
        frame.of_session(id).of_job("job_1").write()
    };
    script.say_text(&text(&"x".repeat(bytes - text("").len())));
}

/// Each may have 8 MiB, and all together 24; a frame counts for its text and 64 bytes.
#[test]
fn what_all_sessions_of_a_principal_keep_is_bounded_and_the_fullest_pays() {
    let mut script = Script::open();
    script.leave();
    let empty = script.link;
    for id in ["sess_2", "sess_3", "sess_4"] {
        open_another(&mut script, id);
        script.leave();
        for seq in 1..=8 {
            say_bytes(&mut script, id, seq, MIB - 64);
        }
    }
    assert_eq!((script.hold.count(), script.log_lines.contains(&"missed_too_much")), (4, false), "as much as may be");
    open_another(&mut script, "sess_5");
    say_bytes(&mut script, "sess_5", 1, 1000);
    assert_eq!(script.log_lines.iter().filter(|reason| **reason == "missed_too_much").count(), 1);
    assert_eq!((script.hold.count(), script.closed), (4, None), "one session is over");
    assert!(script.hold.away().any(|(link, ..)| link == empty), "and not one that keeps nothing");
    assert_eq!(script.types(), ["session.welcome", "job.event"]);
}
