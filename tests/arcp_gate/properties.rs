//! Whatever happens, in any order.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Turn {
    Client(u8, u32),
    Upstream(u8, u32),
    Authenticated { expires: Option<u16>, anonymous: bool },
    Refused(bool),
    Opened,
    OpenFailed,
    Mac(Option<bool>),
    Revocation(Option<bool>),
    ClientClosed,
    UpstreamClosed(u16),
    Overflowed(bool),
    Pass(u32),
    Jump(i32),
    Garbage(String, bool),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        12 => (0u8..14, any::<u32>()).prop_map(|(what, n)| Turn::Client(what, n)),
        12 => (0u8..10, any::<u32>()).prop_map(|(what, n)| Turn::Upstream(what, n)),
        4 => (prop::option::of(0u16..2000), prop::bool::weighted(0.1))
            .prop_map(|(expires, anonymous)| Turn::Authenticated { expires, anonymous }),
        1 => any::<bool>().prop_map(Turn::Refused),
        4 => Just(Turn::Opened),
        1 => Just(Turn::OpenFailed),
        4 => prop::option::weighted(0.9, prop::bool::weighted(0.9)).prop_map(Turn::Mac),
        1 => prop::option::of(prop::bool::weighted(0.2)).prop_map(Turn::Revocation),
        1 => Just(Turn::ClientClosed),
        1 => prop_oneof![Just(1000), Just(1006), Just(4409)].prop_map(Turn::UpstreamClosed),
        1 => any::<bool>().prop_map(Turn::Overflowed),
        4 => (0u32..20_000).prop_map(Turn::Pass),
        1 => (-100_000i32..100_000).prop_map(Turn::Jump),
        1 => ("\\PC{0,40}", any::<bool>()).prop_map(|(text, side)| Turn::Garbage(text, side)),
    ]
}

/// A handshake that goes well, now and then with something between: or hardly any run would get beyond it.
fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let begin = [
        Turn::Client(0, 0),
        Turn::Authenticated { expires: None, anonymous: false },
        Turn::Opened,
        Turn::Upstream(0, 0),
        Turn::Mac(Some(true)),
    ];
    (prop::collection::vec(turn(), 0..3), 0usize..=5, prop::collection::vec(turn(), 0..80)).prop_map(
        move |(first, good, rest)| first.into_iter().chain(begin[..good].iter().cloned()).chain(rest).collect(),
    )
}

fn client_frame(what: u8, n: u32) -> String {
    let payload = format!("{{\"n\":{n}}}");
    match what {
        0 => hello("", &["heartbeat", "ack", "subscribe"]),
        1 => {
            hello(r#","resume":{"session_id":"sess_1","resume_token":"rg1.cnRrXzE.bWFj","last_event_seq":7}"#, &["ack"])
        }
        2 => frame("session.ping", r#"{"nonce":"n","sent_at":"t"}"#),
        3 => frame("session.pong", "{}"),
        4 => frame("session.list_jobs", &payload),
        5 => frame("session.close", "{}"),
        6 => Frame::new("job.submit", ID, &payload).of_session("sess_9").write(),
        7 => frame("job.event", &payload),
        8 => frame("session.ack", &payload),
        _ => frame("job.submit", &payload),
    }
}

fn upstream_frame(what: u8, n: u32) -> String {
    let payload = format!("{{\"n\":{n}}}");
    match what {
        0 => welcome("rtk_1", &["heartbeat", "ack", "subscribe"]),
        1 => frame("session.ping", r#"{"nonce":"n","sent_at":"t"}"#),
        2 => error_frame("PERMISSION_DENIED"),
        3 => frame("session.closed", "{}"),
        4 => Frame::new("job.accepted", ID, &payload).of_session("sess_0").write(),
        _ => frame("job.event", &payload),
    }
}

/// The frames of a kind among those sent: their payloads' numbers, in order.
fn numbers(texts: &[String], kinds: &[&str]) -> Vec<String> {
    texts.iter().filter(|text| kinds.contains(&kind(text).as_str())).map(|text| member(text, "n")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nothing_passes_that_should_not_and_nothing_is_lost(turns in turns(), trusted: bool) {
        let mut world = World::with(r#"{"limits":{"maxBufferedBytes":20000}}"#, trusted);
        let mut is_known = false;
        // What each side said in the open session, as far as it may pass.
        let mut submits = Vec::new();
        let mut events = Vec::new();
        // Something from upstream, while the welcome waited, that ends the session: nothing after it passes.
        let mut is_stopped = false;
        let mut opens = 0;
        for turn in turns {
            let was_over = world.gate.is_closed();
            let greeted = world.kinds().contains(&"session.welcome".to_owned());
            let held = events.len();
            match turn {
                Turn::Client(what, n) => {
                    let text = client_frame(what, n);
                    if world.client_says(&text) == Flow::Forward && kind(&text) == "job.submit" {
                        submits.push(n.to_string());
                    }
                    if greeted && !was_over && (9..14).contains(&what) && !world.gate.is_closed() {
                        prop_assert_eq!(submits.last(), Some(&n.to_string()), "a good frame passes");
                    }
                }
                Turn::Upstream(what, n) => {
                    let text = upstream_frame(what, n);
                    let is_event = matches!(kind(&text).as_str(), "job.event" | "job.accepted");
                    let waits = world.is_asked(|action| matches!(action, Action::ToUpstream(_))) && !was_over;
                    let had_welcome = world.done.iter().any(|action| matches!(action, Action::Mac(_))) || greeted;
                    world.upstream_says(&text);
                    // A second welcome does as well.
                    is_stopped |= what == 0 && had_welcome && !was_over;
                    if is_event && waits && had_welcome && !is_stopped && !world.gate.is_closed() {
                        events.push(n.to_string());
                    }
                }
                Turn::Authenticated { expires, anonymous } => {
                    let asked = world.is_asked(|action| matches!(action, Action::Authenticate { .. }));
                    let mut principal = if anonymous { Principal::new(Kind::Anonymous, None, "x") } else { alice() };
                    if let Some(seconds) = expires {
                        principal = principal.with_expiry(world.time().plus(Span::from_secs(seconds.into())));
                    }
                    is_known |= asked;
                    world.authenticated(principal);
                }
                Turn::Refused(retryable) => world.refused("ERR_MINE", retryable),
                Turn::Opened => world.opened(),
                Turn::OpenFailed => { world.gate.handle_open_failed("ERR_NETWORK", world.time()); world.drain(); }
                Turn::Mac(Some(true)) => world.mac("bWFj"),
                Turn::Mac(Some(false)) => world.mac("b3RoZXI"),
                Turn::Mac(None) => { world.gate.handle_mac(None, world.time()); world.drain(); }
                Turn::Revocation(answer) => { world.gate.handle_revocation(answer, world.time()); world.drain(); }
                Turn::ClientClosed => { world.gate.handle_client_closed(world.time()); world.drain(); }
                Turn::UpstreamClosed(code) => { world.gate.handle_upstream_closed(code, world.time()); world.drain(); }
                Turn::Overflowed(client) => {
                    if client { world.gate.handle_client_overflow(world.time()) } else { world.gate.handle_upstream_overflow(world.time()) }
                    world.drain();
                }
                Turn::Pass(millis) => world.pass(millis.into()),
                Turn::Jump(millis) => world.now = (world.now + i64::from(millis)).max(0),
                Turn::Garbage(text, client) => {
                    is_stopped |= !client && world.done.iter().any(|action| matches!(action, Action::Mac(_)));
                    if client { world.client_says(&text); } else { world.upstream_says(&text); }
                }
            }
            opens += world.done.iter().filter(|action| matches!(action, Action::Open(_))).count();
            world.done.retain(|action| !matches!(action, Action::Open(_)));
            prop_assert!(opens <= 5, "the upstream is asked so often at most");
            // Nothing upstream before the principal is known.
            prop_assert!(is_known || world.upstream.is_empty());
            prop_assert_eq!(world.gate.is_closed(), world.closed.is_some());
            if was_over {
                prop_assert_eq!(held, events.len());
            }
        }
        let got = numbers(&world.client, &["job.event", "job.accepted"]);
        // What was said last may have been waiting for the seal when the session ended.
        prop_assert!(events.starts_with(&got), "{got:?} of {events:?}");
        if world.kinds().contains(&"session.welcome".to_owned()) {
            prop_assert_eq!(got, events);
        }
        prop_assert_eq!(numbers(&world.upstream, &["job.submit"]), submits);
        let texts = world.client.iter().chain(&world.upstream);
        prop_assert!(texts.clone().all(|text| Envelope::parse(text).is_ok()));
    }
}

/// A runtime's events, and what can be wrong with each.
#[derive(Clone, Copy, Debug)]
enum Event {
    Good,
    Malformed,
    TooLarge,
    Half,
    TooDeep,
    SecondWelcome,
}

fn script() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        8 => Just(Event::Good),
        1 => Just(Event::Malformed),
        1 => Just(Event::TooLarge),
        1 => Just(Event::Half),
        1 => Just(Event::TooDeep),
        1 => Just(Event::SecondWelcome),
    ];
    prop::collection::vec(event, 0..12)
}

fn written(event: Event, seq: i64) -> String {
    let of = |payload: &str| {
        let frame = Frame { event_seq: Some(seq), ..Frame::new("job.event", ID, payload) };
        frame.of_session("sess_1").write()
    };
    match event {
        Event::Good => of("{}"),
        Event::Malformed => of("{}").replace("{}", "{"),
        Event::TooLarge => of(&format!(r#"{{"x":"{}"}}"#, "x".repeat(2000))),
        Event::Half => of(r#"{"x":"\ud83d"}"#),
        Event::TooDeep => of(&("[".repeat(50) + &"]".repeat(50))),
        Event::SecondWelcome => welcome("rtk_1", &["ack"]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A client that comes back whenever that is said to be worth it, with the number of the last event that it has, to a
    /// runtime that replays the rest each time, comes back without anything new at most once.
    #[test]
    fn no_script_of_a_runtime_brings_a_client_back_for_ever(script in script()) {
        let mut last = 0;
        let mut connections = 0;
        loop {
            connections += 1;
            prop_assert!(connections <= script.len() + 2);
            let mut world = World::with(r#"{"limits":{"maxUpstreamFrameBytes":1000}}"#, false);
            let resume = format!(r#","resume":{{"session_id":"sess_1","resume_token":"rg1.cnRrXzE.bWFj","last_event_seq":{last}}}"#);
            world.client_says(&hello(&resume, &["ack"]));
            world.authenticated(alice());
            world.mac("bWFj");
            world.opened();
            world.upstream_says(&welcome("rtk_1", &["ack"]));
            world.mac("bmV3");
            let replay = script.iter().zip(1..).filter(|(_, seq)| *seq > last);
            let mut got = last;
            for (event, seq) in replay {
                let text = written(*event, seq);
                world.upstream_says(&text);
                if world.client.last() == Some(&text) {
                    got = seq;
                }
            }
            if world.closed.is_none() {
                prop_assert_eq!(got as usize, script.len(), "all of it has come");
                break;
            }
            let error = world.client.last().unwrap();
            if world.closed == Some(1012) {
                prop_assert!(got > last, "said to be worth a retry, and nothing was new: {error}");
            } else {
                prop_assert_eq!(world.closed, Some(4422));
                prop_assert_eq!(member(error, "retryable"), "false");
                let named = member(error, "details").contains(&format!(r#""event_seq":{}"#, got + 1));
                prop_assert!(named || matches!(script[got as usize], Event::SecondWelcome), "{error}");
                break;
            }
            last = got;
        }
    }
}
