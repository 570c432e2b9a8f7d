//! What may be exactly so long, and not a byte longer; and what comes in a moment that it is not meant for.

use arcgate::sans_io::audit::Outcome;

use super::*;

const ALL: &[&str] = &["heartbeat", "ack", "list_jobs", "subscribe", "progress"];

/// An event of exactly so many bytes.
fn event_of(bytes: usize) -> String {
    let empty = frame("job.event", r#"{"x":""}"#).len();
    frame("job.event", &format!(r#"{{"x":"{}"}}"#, "x".repeat(bytes - empty)))
}

/// As far as the welcome from upstream, which is not answered yet.
fn awaiting_welcome(config: &str) -> World {
    let mut world = World::with(config, false);
    world.client_says(&hello("", ALL));
    world.authenticated(alice());
    world.opened();
    world.clear();
    world
}

#[test]
fn frames_may_be_as_long_as_they_may_be() {
    let config = r#"{"limits":{"maxHelloBytes":600,"maxFrameBytes":700,"maxUpstreamFrameBytes":900}}"#;
    let mut world = World::with(config, false);
    assert_eq!((world.gate.client_limit(), world.gate.upstream_limit()), (600, 900));
    world.client_says(&hello("", &[]));
    world.authenticated(alice());
    world.opened();
    world.upstream_says(&welcome("rtk_1", &[]));
    world.mac("bWFj");
    assert_eq!(world.gate.client_limit(), 700);
    let submit = event_of(699).replace("job.event", "job.submit");
    assert_eq!((submit.len(), world.client_says(&submit)), (700, Flow::Forward));
    assert_eq!(world.upstream_says(&event_of(900)), Flow::Forward);
    assert_eq!(world.upstream_says(&event_of(901)), Flow::Drain);
    assert_eq!((world.closed, world.reason().as_str()), (Some(4422), "upstream_frame_too_large"));
}

#[test]
fn what_waits_for_the_seal_may_be_as_much_as_may_wait() {
    let mut world = awaiting_welcome(r#"{"limits":{"maxBufferedBytes":1000}}"#);
    world.upstream_says(&welcome("rtk_1", ALL));
    for _ in 0..2 {
        world.upstream_says(&event_of(500));
    }
    world.mac("bWFj");
    assert_eq!((world.kinds().len(), world.closed), (3, None));
}

#[test]
fn a_sign_of_life_is_asked_for_beyond_half_of_what_may_wait_and_four_times_that_is_too_much() {
    let mut world = World::with("{}", false);
    let config = Config::from_json(r#"{"limits":{"maxBufferedBytes":1000}}"#).unwrap();
    assert_eq!(config.max_buffered(), 1000);
    // On a platform without bufferedAmount.
    world.gate = Gate::new(config.into(), UpstreamTrust::Trusted, false, 7, world.time());
    world.client_says(&hello("", &["heartbeat"]));
    world.authenticated(alice());
    world.opened();
    world.upstream_says(&welcome("rt", &[]));
    world.clear();
    assert_eq!(world.upstream_says(&event_of(500)), Flow::Forward);
    assert_eq!(world.upstream_says(&event_of(200)), Flow::Drain);
    assert_eq!(world.kinds(), ["job.event", "job.event", "session.ping"]);
    let sent: usize = world.client.iter().map(String::len).sum();
    assert_eq!(world.upstream_says(&event_of(4000 - sent)), Flow::Forward, "once is enough");
    assert_eq!(world.upstream_says(&event_of(200)), Flow::Drain);
    assert_eq!((world.closed, world.reason().as_str()), (Some(4429), "client_too_slow"));
}

#[test]
fn a_request_of_too_many_values_is_refused_by_its_name() {
    let mut world = World::open(r#"{"limits":{"maxFrameBytes":4000000}}"#, false, ALL);
    let input = format!("[{}1]", "1,".repeat(1_000_000));
    assert_eq!(world.client_says(&frame("job.submit", &format!(r#"{{"input":{input}}}"#))), Flow::Drain);
    assert!(member(&world.client[0], "details").contains("too_many_values"));
    assert_eq!((member(&world.client[0], "request_id").as_str(), world.closed), (ID, None));
}

#[test]
fn a_session_has_a_name_that_can_be_written_down() {
    for (id, is_one) in
        [("x".repeat(256), true), ("x".repeat(257), false), ("a\\u0007b".into(), false), (String::new(), false)]
    {
        // In the envelope, and where the Python SDK's runtime has it: in the payload.
        let text = welcome("rtk_1", ALL);
        let inside = text.replace(r#","session_id":"sess_1""#, "").replace(r#""session_id":"sess_1","#, "");
        let inside = inside.replace(r#""resume_token""#, r#""session_id":"sess_1","resume_token""#);
        for text in [text, inside] {
            let mut world = awaiting_welcome("{}");
            world.upstream_says(&text.replace("sess_1", &id));
            let end = (!is_one).then_some(4422);
            let is_sealed = world.is_asked(|action| matches!(action, Action::Mac(_)));
            assert_eq!((is_sealed, world.closed), (is_one, end), "{id} {text}");
        }
    }
}

#[test]
fn heartbeats_before_the_welcome_are_nothing() {
    let mut world = awaiting_welcome("{}");
    for kind in ["session.ping", "session.pong"] {
        world.upstream_says(&frame(kind, r#"{"nonce":"n"}"#));
    }
    assert!(world.done.is_empty() && world.closed.is_none());
    world.upstream_says(&frame("job.event", "{}"));
    assert_eq!((world.closed, world.reason().as_str()), (Some(4422), "upstream_not_welcome"));
}

#[test]
fn a_second_seal_is_nobodys() {
    let mut world = awaiting_welcome("{}");
    world.answer = None;
    world.upstream_says(&welcome("rtk_1", ALL));
    world.mac("Zmlyc3Q");
    world.clear();
    world.mac("c2Vjb25k");
    assert!(world.done.is_empty(), "the question is asked already");
    world.answered(Some(false));
    assert!(member(&world.client[0], "resume_token").ends_with(".Zmlyc3Q"));
}

#[test]
fn what_can_not_be_passed_on_before_our_hello_ends_nothing() {
    let mut world = World::with("{}", false);
    world.answer = None;
    world.client_says(&hello("", ALL));
    world.authenticated(alice());
    for is_open in [false, true] {
        if is_open {
            world.opened();
        }
        world.clear();
        world.gate.handle_upstream_binary(world.time());
        world.drain();
        assert!(world.done.is_empty() && world.closed.is_none(), "{is_open}");
    }
}

#[test]
fn who_has_said_nothing_gives_way_and_who_has_stays() {
    let mut world = World::new();
    world.gate.handle_crowded_out(world.time());
    world.drain();
    assert_eq!(world.end(), ended("INTERNAL_ERROR", 4408));
    assert_eq!(world.reason(), "too_many_silent");
    let mut world = World::new();
    world.client_says(&hello("", ALL));
    world.gate.handle_crowded_out(world.time());
    world.drain();
    assert!(world.closed.is_none());
}

#[test]
fn a_question_that_waits_for_its_answer_is_asked_once() {
    let mut world = World::open("{}", false, ALL);
    world.answer = None;
    world.pass(4_000);
    world.now += 1;
    world.gate.handle_timeout(world.time());
    world.drain();
    world.pass(9_990);
    let asked = world.done.iter().filter(|action| matches!(action, Action::CheckRevocation)).count();
    assert_eq!((asked, world.closed), (1, None));
}

#[test]
fn many_acknowledgements_are_few_frames() {
    let mut world = World::open(r#"{"limits":{"maxFramesPerSec":1}}"#, false, ALL);
    for n in 0..50 {
        assert_eq!(world.client_says(&frame("session.ack", r#"{"last_processed_seq":0}"#)), Flow::Forward, "{n}");
    }
}

#[test]
fn the_log_says_how_each_end_came() {
    let end = |world: &mut World, act: fn(&mut Gate, Time)| {
        act(&mut world.gate, Time::from_millis(START as f64));
        world.drain();
        let line = world.log.last().unwrap();
        (line.kind, line.outcome)
    };
    let gone: fn(&mut Gate, Time) = |gate, now| gate.handle_client_closed(now);
    let failure: fn(&mut Gate, Time) = |gate, now| gate.handle_failure(now);
    let binary: fn(&mut Gate, Time) = |gate, now| gate.handle_client_binary(now);
    for (act, before, after) in [
        (gone, ("arcp.hello", Outcome::Cut), ("arcp.session", Outcome::Completed)),
        (failure, ("arcp.hello", Outcome::Failed), ("arcp.session", Outcome::Cut)),
        (binary, ("arcp.hello", Outcome::Refused), ("arcp.session", Outcome::Cut)),
    ] {
        assert_eq!(end(&mut World::new(), act), before);
        assert_eq!(end(&mut World::open("{}", false, ALL), act), after);
    }
    let mut world = World::open("{}", false, ALL);
    let text = frame("job.submit", "{}");
    let event = frame("job.event", "{}");
    world.client_says(&text);
    world.client_says(&text);
    world.upstream_says(&event);
    end(&mut world, gone);
    let traffic = world.log[0].traffic.unwrap();
    assert_eq!(traffic.from_client, (2, 2 * text.len() as i64));
    assert_eq!(traffic.from_upstream, (1, event.len() as i64));
}

#[test]
fn a_runtime_that_does_not_take_the_gates_credential_is_named_in_the_log() {
    for (code, reason) in [("UNAUTHENTICATED", "upstream_unauthenticated"), ("INTERNAL_ERROR", "upstream_refused")] {
        let mut world = awaiting_welcome("{}");
        world.upstream_says(&error_frame(code));
        assert_eq!((world.closed, world.reason().as_str()), (Some(1012), reason));
    }
}

#[test]
fn who_says_too_much_with_all_its_sessions_is_told_so_in_the_log() {
    let mut world = World::open("{}", false, ALL);
    world.gate.handle_client_flood(world.time());
    world.drain();
    assert_eq!((world.closed, world.reason().as_str()), (Some(4429), "client_too_fast"));
}

#[test]
fn a_runtimes_pong_is_the_gates() {
    let mut world = World::open("{}", false, ALL);
    assert_eq!(world.upstream_says(&frame("session.pong", r#"{"ping_nonce":"n"}"#)), Flow::Drain);
    assert!(world.done.is_empty() && world.client.is_empty());
}

#[test]
fn an_answer_that_nobody_asked_for_lets_nobody_in() {
    let mut world = awaiting_welcome("{}");
    world.upstream_says(&welcome("rtk_1", ALL));
    world.clear();
    world.answered(Some(false));
    assert!(world.done.is_empty(), "the resume token is not sealed yet");
    world.answered(Some(true));
    assert!(world.closed.is_none(), "nor is anybody thrown out by it");
}

/// A runtime like the TypeScript SDK's: numbered where there is no such job, and in a `session.error` where it is another's.
#[test]
fn whether_a_job_of_others_is_there_is_only_told_by_a_runtime_that_knows_who_asks() {
    let denied = frame("session.error", r#"{"code":"PERMISSION_DENIED","message":"m","retryable":false}"#);
    let missing = |job: &str| {
        let payload =
            format!(r#"{{"final_status":"error","code":"JOB_NOT_FOUND","message":"no {job}","retryable":false}}"#);
        Frame { event_seq: Some(1), ..Frame::new("job.error", "01J", &payload) }
            .of_session("sess_1")
            .of_job(job)
            .write()
    };
    let mut told = Vec::new();
    for is_missing in [false, true] {
        let mut world = World::open("{}", false, ALL);
        world.client_says(&frame("job.subscribe", r#"{"job_id":"job_1"}"#));
        let asked = if is_missing {
            "job_1".to_owned()
        } else {
            let before = world.upstream.len();
            assert_eq!(world.upstream_says(&denied), Flow::Drain);
            assert!(world.client.is_empty(), "it isn't answered yet");
            assert_eq!(world.upstream.len(), before + 1);
            member(world.upstream.last().unwrap(), "job_id")
        };
        world.upstream_says(&missing(&asked));
        let answer = world.client.concat();
        assert!(answer.contains(r#""event_seq":1"#) && answer.contains("JOB_NOT_FOUND"), "{answer}");
        told.push(answer);
    }
    assert_eq!(told[0], told[1]);
    let mut trusted = World::open("{}", true, ALL);
    trusted.client_says(&frame("job.subscribe", r#"{"job_id":"job_1"}"#));
    trusted.upstream_says(&denied);
    assert_eq!(member(&trusted.client[0], "code"), "PERMISSION_DENIED");
}

#[test]
fn questions_that_could_be_told_apart_wait() {
    let mut world = World::open("{}", false, ALL);
    for number in 0..65 {
        assert!(world.client.is_empty());
        world.client_says(&frame("job.subscribe", &format!(r#"{{"job_id":"job_{number}"}}"#)));
    }
    let told = world.client.concat();
    assert!(told.contains("too_many_pending_lookups") && told.contains(r#""retryable":true"#), "{told}");
}
