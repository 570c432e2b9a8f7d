//! What an agent says is passed on whole, or ends its job by name: never a success with a hole.

use arcgate::sans_io::arcp::runtime::Unwritten;

use super::*;

/// The end of a job that is told as one that will not be better the next time.
fn flawed(world: &mut World, client: &Client, details: &Value) -> String {
    let got = world.got(client.conn);
    let end = got.last().unwrap();
    assert_eq!(end["type"], "job.error", "{end}");
    let payload = &end["payload"];
    assert_eq!((&payload["code"], &payload["retryable"]), (&json!("INTERNAL_ERROR"), &json!(false)));
    assert_eq!(payload["details"], *details);
    let line = world.audit.iter().rfind(|line| line["type"] == "arcp.job").unwrap();
    assert_eq!((&line["outcome"], &line["detail"]), (&json!("failed"), &payload["message"]), "the log knows it too");
    payload["message"].as_str().unwrap().to_owned()
}

fn raw(world: &mut World, job: &str, text: &str) {
    world.hub.handle_event(job, text, world.time());
    world.drain();
}

#[test]
fn an_event_that_can_not_be_passed_on_ends_the_job_and_says_which_and_why() {
    let deep = format!("{{\"kind\":\"x-vendor.a.b\",\"body\":{{\"v\":{}{}}}}}", "[".repeat(40), "]".repeat(40));
    let large = json!({"kind": "thought", "body": {"text": "x".repeat(1_000_000)}}).to_string();
    let grows = json!({"kind": "thought", "body": {"text": "\u{2028}".repeat(250_000)}}).to_string();
    for (text, details) in [
        (r#""just text""#, json!({"reason": "not_an_event", "event": 2})),
        ("null", json!({"reason": "not_an_event", "event": 2})),
        ("nonsense", json!({"reason": "not_json", "event": 2})),
        (deep.as_str(), json!({"reason": "too_deep", "event": 2, "kind": "x-vendor.a.b", "limit": 30})),
        (
            large.as_str(),
            json!({"reason": "too_large", "event": 2, "kind": "thought", "bytes": large.len(), "limit": 1_000_000}),
        ),
        // What is escaped on the way has to fit as it is sent.
        (
            grows.as_str(),
            json!({"reason": "too_large", "event": 2, "kind": "thought", "bytes": 1_500_011, "limit": 1_000_000}),
        ),
        (
            r#"{"kind":"progress","body":{"current":-1}}"#,
            json!({"reason": "wrong_body", "event": 2, "kind": "progress"}),
        ),
        (r#"{"kind":"delegate","body":{}}"#, json!({"reason": "unknown_kind", "event": 2, "kind": "delegate"})),
        (
            r#"{"kind":"result_chunk","body":{"data":"!","encoding":"base64"}}"#,
            json!({"reason": "wrong_body", "event": 2, "kind": "result_chunk"}),
        ),
    ] {
        let mut world = World::new();
        let client = world.connect("alice");
        let job = world.submit(&client, &json!({"agent": "count"}));
        world.event(&job, "result_chunk", &json!({"data": "first "}));
        raw(&mut world, &job, text);
        let message = flawed(&mut world, &client, &details);
        assert!(message.starts_with("The agent's event 2"), "{message}");
        assert_eq!(world.aborts, [(job.clone(), "failed".to_owned())], "the agent is told, and cleans up");
        // Whatever it says on its way out is nobody's.
        world.progress(&job, 1);
        world.output(&job, &json!(1));
        assert!(world.got(client.conn).is_empty());
    }
}

#[test]
fn what_javascript_can_not_write_is_named_too() {
    let bigint = Some("Do not know how to serialize a BigInt");
    for (what, is_output, details) in [
        (
            Unwritten { kind: Some("x-vendor.a.b"), thrown: bigint, bytes: None },
            false,
            json!({"reason": "bigint", "event": 1, "kind": "x-vendor.a.b"}),
        ),
        (Unwritten::default(), false, json!({"reason": "no_value", "event": 1})),
        (Unwritten { thrown: Some("mine"), ..Unwritten::default() }, true, json!({"reason": "throws"})),
        (
            Unwritten { bytes: Some(1_500_002), ..Unwritten::default() },
            true,
            json!({"reason": "too_large", "bytes": 1_500_002, "limit": 1_000_000}),
        ),
    ] {
        let mut world = World::new();
        let client = world.connect("alice");
        let job = world.submit(&client, &json!({"agent": "count"}));
        world.hub.handle_unwritten(&job, what, is_output, world.time());
        world.drain();
        flawed(&mut world, &client, &details);
        assert_eq!(world.aborts.is_empty(), is_output);
    }
}

#[test]
fn a_result_is_written_as_it_can_be_read_or_not_at_all() {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let large = json!("x".repeat(1_500_000)).to_string();
    for (output, details) in [
        (nested(31), json!({"reason": "too_deep", "limit": 30})),
        (nested(80), json!({"reason": "too_deep", "limit": 30})),
        (large, json!({"reason": "too_large", "bytes": 1_500_002, "limit": 1_000_000})),
        (r#"{"a":1,"a":2}"#.to_owned(), json!({"reason": "not_json"})),
    ] {
        let mut world = World::new();
        let client = world.connect("alice");
        let job = world.submit(&client, &json!({"agent": "echo"}));
        world.hub.handle_output(&job, Some(&output), world.time());
        world.drain();
        let message = flawed(&mut world, &client, &details);
        assert!(message.starts_with("The agent's result "), "{message}");
    }
    let mut world = World::new();
    let client = world.connect("alice");
    for (output, expected) in
        [(nested(30), None), (r#"{"text":"ab\ud83d"}"#.to_owned(), Some(json!({"text": "ab\u{fffd}"})))]
    {
        let job = world.submit(&client, &json!({"agent": "echo"}));
        world.hub.handle_output(&job, Some(&output), world.time());
        // What is sent has to be read by a peer that is as strict as this one.
        while let Some(action) = world.hub.poll_action() {
            let Action::Send { text, .. } = action else { continue };
            arcgate::sans_io::arcp::Envelope::parse(&text).expect("a frame that is sent is one that can be read");
            let frame: Value = serde_json::from_str(&text).unwrap();
            if let Some(expected) = &expected {
                assert_eq!(frame["payload"]["result"], *expected);
            }
        }
    }
}

#[test]
fn a_piece_is_measured_as_the_agent_wrote_it() {
    let around = r#"{"kind":"result_chunk","body":{"data":""}}"#.len();
    for (over, is_base64) in [(0, false), (1, false), (0, true)] {
        let mut world = World::new();
        let client = world.connect("alice");
        let job = world.submit(&client, &json!({"agent": "count"}));
        let encoding = if is_base64 { r#","encoding":"base64""# } else { "" };
        let length = 1_000_000 - around - encoding.len() + over;
        let length = if is_base64 { length / 4 * 4 } else { length };
        let data = "x".repeat(length);
        raw(&mut world, &job, &format!("{{\"kind\":\"result_chunk\",\"body\":{{\"data\":\"{data}\"{encoding}}}}}"));
        if over > 0 {
            let details = json!({"reason": "too_large", "event": 1, "kind": "result_chunk", "bytes": 1_000_001, "limit": 1_000_000});
            flawed(&mut world, &client, &details);
            continue;
        }
        let got = world.got(client.conn);
        assert_eq!(got.last().unwrap()["payload"]["body"]["data"].as_str().map(str::len), Some(length));
    }
}

#[test]
fn a_text_in_pieces_is_whole_wherever_it_was_cut() {
    let text = "Total: \u{1F4B0} are due, do NOT \u{1F6AB} pay";
    let units: Vec<u16> = text.encode_utf16().collect();
    for size in [1, 2, 3, 8] {
        for features in [&ALL[..], &["ack"]] {
            let mut world = World::new();
            let client = world.connect_with("alice", features);
            let job = world.submit(&client, &json!({"agent": "count"}));
            for piece in units.chunks(size) {
                raw(&mut world, &job, &chunk(piece));
            }
            world.output(&job, &json!(null));
            let got = world.got(client.conn);
            let (end, chunks) = got.split_last().unwrap();
            let joined: String =
                chunks.iter().map(|chunk| chunk["payload"]["body"]["data"].as_str().unwrap()).collect();
            if chunks.is_empty() {
                assert_eq!(end["payload"]["result"], text, "in one, for who takes no pieces");
            } else {
                assert_eq!((joined.as_str(), &end["payload"]["result_size"]), (text, &json!(text.len())));
            }
        }
    }
}

#[test]
fn a_half_that_stays_alone_is_told_as_such() {
    for (pieces, expected) in [
        (vec![&[0x61_u16, 0xd83d][..]], "a\u{fffd}"),
        (vec![&[0xde00]], "\u{fffd}"),
        (vec![&[0xd83d], &[0x61]], "\u{fffd}a"),
        (vec![&[0xd83d]], "\u{fffd}"),
    ] {
        let mut world = World::new();
        let client = world.connect("alice");
        let job = world.submit(&client, &json!({"agent": "count"}));
        for piece in &pieces {
            raw(&mut world, &job, &chunk(piece));
        }
        world.output(&job, &json!(null));
        let got = world.got(client.conn);
        let (end, chunks) = got.split_last().unwrap();
        let joined: String = chunks.iter().map(|chunk| chunk["payload"]["body"]["data"].as_str().unwrap()).collect();
        assert_eq!((joined.as_str(), &end["type"]), (expected, &json!("job.result")), "{pieces:x?}");
        assert_eq!(end["payload"]["result_size"], expected.len());
    }
    // Bytes in between, and a piece that says to be the last.
    let mut world = World::new();
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    raw(&mut world, &job, &chunk(&[0xd83d]));
    world.event(&job, "result_chunk", &json!({"data": "YWI=", "encoding": "base64"}));
    raw(&mut world, &job, &chunk(&[0xde00, 0xd83d]).replace("\"}}", "\",\"more\":false}}"));
    world.output(&job, &json!(null));
    let got = world.got(client.conn);
    let data: Vec<&str> = got.iter().filter_map(|frame| frame["payload"]["body"]["data"].as_str()).collect();
    assert_eq!(data, ["", "\u{fffd}", "YWI=", "\u{fffd}\u{fffd}"]);
    // Other events are no pieces: each half in them stays alone.
    let job = world.submit(&client, &json!({"agent": "count"}));
    raw(&mut world, &job, r#"{"kind":"thought","body":{"text":"ab\ud83d"}}"#);
    assert_eq!(world.got(client.conn).last().unwrap()["payload"]["body"]["text"], "ab\u{fffd}");
    // What follows the last piece is a fault of the agent's that nobody may take for a whole result.
    raw(&mut world, &job, r#"{"kind":"result_chunk","body":{"data":"x","more":false}}"#);
    raw(&mut world, &job, r#"{"kind":"result_chunk","body":{"data":"y"}}"#);
    flawed(&mut world, &client, &json!({"reason": "after_the_last", "event": 3, "kind": "result_chunk"}));
}

/// A piece as JavaScript writes it.
fn chunk(units: &[u16]) -> String {
    let mut data = String::new();
    for read in char::decode_utf16(units.iter().copied()) {
        match read {
            Ok(char) => data.push(char),
            Err(half) => data.push_str(&format!("\\u{:04x}", half.unpaired_surrogate())),
        }
    }
    format!("{{\"kind\":\"result_chunk\",\"body\":{{\"data\":\"{data}\"}}}}")
}
