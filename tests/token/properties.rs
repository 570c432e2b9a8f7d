//! What holds whatever happens.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Turn {
    Sleep(u32),
    /// The clock is set, while no time passes.
    Jump(i32),
    /// Callers ask; each performs the attempt that it is given, or vanishes.
    Ask {
        force: bool,
        min_secs: u8,
        vanishes: bool,
    },
    Wake,
    Invalidate,
    Reply(Reply),
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        6 => (1i64..4000).prop_map(Reply::Life),
        1 => Just(Reply::Life(0)),
        1 => Just(Reply::Life(-7)),
        1 => Just(Reply::Life(1_000_000_000_000)),
        2 => Just(Reply::Answer(503, String::new())),
        1 => Just(error(400, "invalid_scope")),
        2 => Just(Reply::Fails(FetchFailure::Network)),
        1 => Just(Reply::Answer(200, "<html>".into())),
    ]
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        4 => (0u32..30_000).prop_map(Turn::Sleep),
        2 => (30_000u32..5_000_000).prop_map(Turn::Sleep),
        1 => (-8_000_000i32..8_000_000).prop_map(Turn::Jump),
        8 => (any::<bool>(), 0u8..90, prop::bool::weighted(0.2))
            .prop_map(|(force, min_secs, vanishes)| Turn::Ask { force, min_secs, vanishes }),
        2 => Just(Turn::Wake),
        1 => Just(Turn::Invalidate),
        3 => reply().prop_map(Turn::Reply),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens(turns in prop::collection::vec(turn(), 1..120), has_storage: bool, is_person: bool, random in 0.0..1.0f64) {
        let options = Options { has_storage, ..Options::default() };
        let mut world = World::jittered(if is_person { PERSON } else { MACHINE }, options, Jitter::Fixed(random));
        // Real time, and when each token ends by it.
        let mut real = 0i64;
        let mut ends: Vec<(String, i64)> = Vec::new();
        let mut under_way: Option<i64> = None;
        for turn in turns {
            match turn {
                Turn::Sleep(millis) => {
                    world.now += i64::from(millis);
                    real += i64::from(millis);
                }
                Turn::Jump(millis) => {
                    // The driver's timer reads the clock at least once a minute: what passes unread around a jump can't be known.
                    let _ = world.manager.handle_refused_token("none", world.time());
                    world.now += i64::from(millis);
                    let _ = world.manager.handle_refused_token("none", world.time());
                    // By a clock set forward, whoever is under way has been for long.
                    under_way = under_way.map(|lost| lost - i64::from(millis.max(0)));
                }
                Turn::Reply(reply) => world.reply = reply,
                Turn::Invalidate => {
                    let token = world.manager.token().unwrap_or("none").to_owned();
                    let now = world.time();
                    world.manager.handle_refused_token(&token, now);
                }
                Turn::Wake | Turn::Ask { .. } => {
                    let (request, vanishes) = match turn {
                        Turn::Ask { force, min_secs, vanishes } => (Some(world.request(force, i64::from(min_secs))), vanishes),
                        _ => (None, false),
                    };
                    for round in 0..3 {
                        let step = match &request {
                            Some(request) => world.manager.ask(request, world.time()),
                            None => world.manager.wake(world.time()).map_or(Step::Token(None), Step::Begin),
                        };
                        let attempt = match step {
                            Step::Token(beside) => {
                                if let (Some(_), Some(token)) = (&request, world.manager.token()) {
                                    let end = ends.iter().find(|(known, _)| known == token).map(|(_, end)| *end);
                                    prop_assert!(end.is_none_or(|end| real < end), "an expired token was handed out");
                                }
                                beside
                            }
                            Step::Begin(attempt) => {
                                prop_assert!(round < 2, "a caller begins again and again");
                                Some(attempt)
                            }
                            Step::Wait(_, until) => {
                                prop_assert!(until > world.time() && until.since(world.time()) <= Span::from_secs(61));
                                None
                            }
                            Step::Refused(_) => None,
                        };
                        let Some(attempt) = attempt else { break };
                        prop_assert!(under_way.is_none_or(|lost| real >= lost), "two attempts at once");
                        if vanishes {
                            // Loading goes well, then it is gone.
                            if has_storage {
                                world.step(attempt);
                            }
                            let limit = if is_person { 60_000 } else { 10_000 };
                            under_way = world.manager.limit(attempt).map(|_| real + limit);
                            if is_person {
                                let _ = world.manager.task(attempt, "id", world.time());
                            }
                            break;
                        }
                        let minted = world.minted;
                        let life = match &world.reply {
                            Reply::Life(life) => Some((*life).clamp(-1, 31_536_000)),
                            _ => None,
                        };
                        world.run(attempt);
                        if let (true, Some(life)) = (world.minted > minted, life) {
                            ends.push((format!("t{}", world.minted), real + life * 1000));
                        }
                        if request.is_none() {
                            break;
                        }
                    }
                }
            }
        }
        // No storm: full jitter makes pauses as short as half a second, and a forced call costs a request.
        prop_assert!(world.requests.len() <= 130);
        // Progress: the provider is well, time passes, whoever asks has a token.
        world.reply = Reply::Life(600);
        world.now += 130_000;
        // What was refused often enough is refused for good: somebody hands a token in, or a machine waits for long.
        let is_final = world.events().iter().any(|event| matches!(event, Event::Failed { retry_at: None, .. }));
        if is_final && is_person {
            let now = world.time();
            world.manager.handle_tokens(Box::new(arcgate::sans_io::token::response::access_token_only("new").unwrap()), now);
        } else if is_final {
            world.now += 6 * 3_600_000;
        }
        prop_assert!(world.get().is_ok());
    }
}

/// What the provider does for a while, and for how many seconds.
fn weather() -> impl Strategy<Value = (Reply, u32)> {
    let reply = prop_oneof![
        4 => (2i64..4000).prop_map(Reply::Life),
        1 => (-5i64..1).prop_map(Reply::Life),
        2 => Just(Reply::Answer(503, String::new())),
        1 => Just(Reply::Answer(429, String::new())),
        2 => Just(Reply::Fails(FetchFailure::Network)),
        1 => Just(Reply::Fails(FetchFailure::Timeout)),
        1 => Just(error(400, "invalid_scope")),
        1 => Just(Reply::Answer(200, "<html>".into())),
    ];
    (reply, 60u32..1200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Callers ask 5 times a second, and the timer fires when it is due. The bound is what the lives and the pauses allow.
    #[test]
    fn no_storm_whatever_the_weather(weathers in prop::collection::vec(weather(), 1..6), is_person: bool, seed: u64) {
        let source = if is_person { PERSON } else { MACHINE };
        let mut world = World::jittered(source, Options::default(), Jitter::new(seed));
        for (reply, secs) in weathers {
            world.reply = reply.clone();
            let before = world.requests.len();
            let mut served = 0;
            for _ in 0..secs * 5 {
                if world.deadline().is_some_and(|deadline| deadline <= 0.0) {
                    world.wake();
                }
                // A caller that waits would set the clock on: nobody has to here, since nobody vanishes.
                served = if world.get().is_ok() { served + 1 } else { 0 };
                world.sleep(0.2);
            }
            let sent = (world.requests.len() - before) as u32;
            let most = match reply {
                // Used for half of its life at least. Before it, a pause may have to end.
                Reply::Life(life) if life > 0 => 3 + secs * 2 / life as u32,
                // Pauses that double up to a minute, half of that on average.
                _ => 14 + secs / 8,
            };
            prop_assert!(sent <= most, "{sent} requests in {secs} s of {reply:?}");
            let is_final = world.events().iter().any(|event| matches!(event, Event::Failed { retry_at: None, .. }));
            if is_final {
                // What was refused often enough is not asked for any more.
                break;
            }
            if let Reply::Life(2..) = reply {
                prop_assert!(served > 0 || secs <= 61, "no progress in {secs} s of {reply:?}");
            }
        }
    }
}
