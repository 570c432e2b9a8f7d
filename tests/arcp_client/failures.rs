//! Whatever a peer does with its connections, it comes to an end.

use super::{
    unreadable::{raw, too_deep},
    *,
};

/// What a peer does with a connection.
#[derive(Clone, Debug)]
enum Move {
    Welcome(bool),
    Error(&'static str, bool),
    CannotPass(i64),
    TooLarge,
    Poison(i64),
    Huge,
    Garbage,
    Gap,
    Bye,
    Ping,
    List,
    Close(u16),
    Wait(u32),
}

fn any_move() -> impl proptest::strategy::Strategy<Value = Move> {
    use proptest::prelude::*;
    let codes =
        vec!["RESUME_WINDOW_EXPIRED", "INTERNAL_ERROR", "PERMISSION_DENIED", "HEARTBEAT_LOST", "INVALID_REQUEST"];
    let closes = vec![1000u16, 1005, 1006, 1009, 1011, 1012, 4408, 4410, 4413, 4422, 4429];
    prop_oneof![
        6 => any::<bool>().prop_map(Move::Welcome),
        2 => (prop::sample::select(codes), any::<bool>()).prop_map(|(code, retryable)| Move::Error(code, retryable)),
        1 => (1i64..9).prop_map(Move::CannotPass),
        1 => Just(Move::TooLarge),
        2 => (0i64..4).prop_map(Move::Poison),
        1 => Just(Move::Huge),
        1 => Just(Move::Garbage),
        1 => Just(Move::Gap),
        1 => Just(Move::Bye),
        1 => Just(Move::Ping),
        1 => Just(Move::List),
        4 => prop::sample::select(closes).prop_map(Move::Close),
        2 => (0u32..12_000).prop_map(Move::Wait),
    ]
}

fn act_out(world: &mut World, turn: &Move) {
    match turn {
        Move::Welcome(is_same) => world.welcome(if *is_same { "sess_1" } else { "sess_2" }, "rt"),
        Move::Error(code, retryable) => {
            let mut frame = error(code);
            frame["payload"]["retryable"] = json!(retryable);
            world.frame(&frame);
        }
        Move::CannotPass(seq) => {
            let mut frame = error("INTERNAL_ERROR");
            frame["payload"]["details"] = json!({ "event_seq": seq });
            world.frame(&frame);
            world.gone(4422);
        }
        Move::TooLarge => {
            let mut frame = error("INVALID_REQUEST");
            frame["payload"]["details"] = json!({ "reason": "frame_too_large", "bytes": 99, "limit": 1 });
            world.frame(&frame);
        }
        Move::Poison(seq) => raw(world, &too_deep("job_1", *seq, "job.event")),
        Move::Huge => {
            let conn = world.conn;
            let head = r#"{"arcp":"1.1","id":"x","type":"job.event","payload":{"#;
            world.with(|client, now| client.handle_broken_frame(conn, head, now));
        }
        Move::Garbage => raw(world, "["),
        // One that says it had more, and never sends it.
        Move::Gap => world.frame(&numbered("job.result", "job_x", 1_000_000, json!({ "final_status": "success" }))),
        Move::Bye => world.frame(&message("session.bye", json!({ "reason": "x" }))),
        Move::Ping => world.frame(&message("session.ping", json!({ "nonce": "n" }))),
        Move::List => world.frame(&message("session.jobs", json!({ "jobs": [], "next_cursor": null }))),
        Move::Close(code) => world.gone(*code),
        Move::Wait(millis) => world.sleep(f64::from(*millis)),
    }
}

fn comes_to_an_end(script: &[Move], keyed: bool) -> Result<(), proptest::test_runner::TestCaseError> {
    let mut world = World::opened();
    world.job("job_1");
    world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, keyed, now));
    world.gone(1006);
    let mut connections = 0;
    while !world.has("closed") {
        // The same on each connection, from its beginning to wherever it ends.
        let is_wanted = world.has("connect");
        world.acts.retain(|act| act["do"] == "closed");
        if is_wanted {
            connections += 1;
            world.open();
            let welcomed = world.now;
            for turn in script {
                if world.has("connect") || world.has("closed") {
                    break;
                }
                act_out(&mut world, turn);
            }
            // One that holds is of use: that is no loop.
            if world.now - welcomed > 19_000.0 {
                return Ok(());
            }
            if !world.has("connect") && !world.has("closed") {
                world.gone(1006);
            }
        } else {
            world.sleep(31_000.0);
        }
        proptest::prop_assert!(connections < 700, "{connections}");
    }
    Ok(())
}

/// What chance found once.
#[test]
fn events_of_nobody_make_no_connections_without_an_end() {
    for keyed in [false, true] {
        for is_same in [false, true] {
            for last in [Move::Error("RESUME_WINDOW_EXPIRED", false), Move::Close(1011), Move::Garbage] {
                comes_to_an_end(&[Move::Welcome(is_same), Move::Gap, last], keyed).unwrap();
            }
        }
    }
}

proptest::proptest! {
    /// Whatever a peer does again and again on each connection, without ever sending anything new: it comes to an end.
    #[test]
    fn no_script_makes_connections_without_an_end(script in proptest::collection::vec(any_move(), 1..7), keyed in proptest::prelude::any::<bool>()) {
        comes_to_an_end(&script, keyed)?;
    }
}
