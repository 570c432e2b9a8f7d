//! The body of a request: what is no envelope, and what is said of it.

use super::*;

#[test]
fn envelopes() {
    let long = format!("\"{}\"", "x".repeat(257));
    #[rustfmt::skip]
    let table: Vec<(&str, Option<&str>, u16, i64)> = vec![
        ("arc", None, 400, -32600),
        ("arc", Some("\"1.1\""), 400, -45001),
        ("arc", Some("1.0"), 400, -45001),
        ("arc", Some("null"), 400, -45001),
        ("id", None, 400, -32600),
        ("id", Some("null"), 400, -32600),
        ("id", Some("\"\""), 400, -32600),
        ("id", Some("[]"), 400, -32600),
        ("id", Some("true"), 400, -32600),
        ("id", Some(&long), 400, -32600),
        ("method", None, 400, -32600),
        ("method", Some("\"\""), 400, -32600),
        ("method", Some("null"), 400, -32600),
        ("method", Some("0"), 400, -32600),
        ("method", Some("false"), 400, -32600),
        ("method", Some("[\"task.create\"]"), 400, -32600),
        ("method", Some(&long), 400, -32600),
        ("method", Some("\"toString\""), 404, -32601),
        ("method", Some("\"task.get\""), 404, -32601),
        ("method", Some("\"Task.create\""), 404, -32601),
        ("requestAgent", None, 400, -32600),
        ("requestAgent", Some("7"), 400, -32600),
        ("targetAgent", None, 400, -32600),
        ("targetAgent", Some("\"\""), 400, -32600),
        ("targetAgent", Some("\"nobody\""), 404, -41001),
        ("targetAgent", Some("\"__proto__\""), 404, -41001),
        ("targetAgent", Some("\"ech\""), 404, -41001),
        ("traceId", Some("7"), 400, -45005),
        ("traceId", Some("null"), 400, -45005),
        ("params", None, 400, -32600),
        ("params", Some("[]"), 400, -32600),
        ("params", Some("null"), 400, -32600),
        ("params", Some("{}"), 400, -32602),
        ("params", Some(r#"{"initialMessage":{"role":"user","parts":[]}}"#), 400, -32602),
    ];
    for (member, value, status, code) in table {
        let body = envelope(&[(member, value)]);
        let reply = decide(&builtin(), &anybody(), &body).expect_err(&body);
        assert_eq!((reply.status, arc_code(&reply)), (status, Some(code)), "{body}");
        let answer = reply.body.unwrap();
        assert_eq!(answer.contains("\"id\":\"r1\""), member != "id", "{answer}");
        assert_eq!(answer.contains("\"traceId\":\"trace-1\""), member != "traceId", "{answer}");
    }
    let version = decide(&builtin(), &anybody(), &envelope(&[("arc", Some("\"2.0\""))])).unwrap_err();
    assert!(version.body.unwrap().contains(r#""details":{"supportedVersion":"1.0"}"#));
}

#[test]
fn bodies_that_are_no_envelope() {
    let good = envelope(&[]);
    #[rustfmt::skip]
    let table: Vec<(String, u16, i64)> = vec![
        (String::new(), 400, -32700),
        ("{".into(), 400, -32700),
        ("null".into(), 400, -32600),
        ("[]".into(), 400, -32600),
        ("\"x\"".into(), 400, -32600),
        (format!("[{good}]"), 400, -32600),
        (format!("{good}{good}"), 400, -32700),
        (good.replacen('{', "{\"method\":\"chat.start\",", 1), 400, -32600),
        (good.replacen('{', "{\"m\\u0065thod\":\"chat.start\",", 1), 400, -32600),
        (envelope(&[("params", Some("{\"a\":{\"b\":1,\"b\":2}}"))]), 400, -32600),
        (envelope(&[("x", Some(&"[".repeat(64)))]), 400, -32600),
        (format!("{good}{}", " ".repeat(4096)), 413, -45004),
    ];
    for (body, status, code) in table {
        let reply = decide(&builtin(), &anybody(), &body).expect_err(&body);
        assert_eq!((reply.status, arc_code(&reply)), (status, Some(code)), "{body}");
        assert!(reply.body.unwrap().contains("\"id\":\"error\""), "{body}");
    }
    let (decision, _) = builtin().body(&anybody(), b"\"\xff\"", &fresh());
    assert!(matches!(decision, Decision::Reply(reply) if reply.status == 400));
}

#[test]
fn ids_come_back_as_they_were() {
    for id in ["\"r-\\\"1\\\"\"", "7", "-3", "0.5", "9007199254740993"] {
        let reply =
            decide(&builtin(), &anybody(), &envelope(&[("id", Some(id)), ("method", Some("\"x\""))])).unwrap_err();
        assert!(reply.body.as_deref().unwrap().contains(&format!("\"id\":{id},")), "{id}: {:?}", reply.body);
    }
    assert!(decide(&builtin(), &anybody(), &envelope(&[("x-later", Some("{}")), ("traceId", None)])).is_ok());
}

/// Bodies one byte away from a good one, and far away: an answer, always.
#[test]
fn nothing_panics() {
    let (gate, principal, good) = (builtin(), anybody(), envelope(&[]));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..20_000 {
        let mut bytes = good.clone().into_bytes();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = random(256) as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\"{}[]:,\\0e-"[random(11)]),
            }
        }
        let (decision, _) = gate.body(&principal, &bytes, &fresh());
        if let Decision::Reply(reply) = decision {
            arc_code(&reply);
        }
        let text = String::from_utf8_lossy(&bytes);
        gate.head(&Head { path: &text, ..GOOD });
        gate.head(&Head { authorization: Some(&text), query: &text, ..GOOD });
        gate.head(&Head { host: &text, origin: Some(&text), content_type: Some(&text), ..GOOD });
    }
}

#[test]
fn half_a_character_in_a_body_is_named() {
    let body = |text: &str| format!(r#"{{"arc":"1.0","id":"{text}"}}"#);
    for (text, named) in [("x\\ud83d", true), ("\\ude00", true), ("\\ud83d\\ude00", false), ("\\x", false)] {
        let (Decision::Reply(reply), _) = builtin().body(&anybody(), body(text).as_bytes(), &fresh()) else {
            panic!("{text}: an envelope without a method")
        };
        assert_eq!(reply.body.unwrap().contains("half of a character"), named, "{text}");
    }
}
