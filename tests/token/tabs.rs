//! Tabs that share tokens: who sends what, and what each believes of the others.

use std::collections::HashSet;

use super::*;

fn shared() -> Options {
    Options { is_shared: true, ..Options::default() }
}

fn begin(world: &mut World, force: bool) -> AttemptId {
    match world.manager.ask(&world.request(force, 0), world.time()) {
        Step::Begin(attempt) => attempt,
        other => panic!("{other:?}"),
    }
}

fn task(world: &mut World, attempt: AttemptId) -> Option<Task> {
    let now = world.time();
    world.manager.task(attempt, "unguessable", now)
}

fn give(world: &mut World, attempt: AttemptId, input: Input<'_>) {
    let now = world.time();
    world.manager.handle(attempt, input, now);
}

fn exported(world: &World) -> String {
    String::from_utf8(world.manager.export().unwrap().expose().to_vec()).unwrap()
}

fn adopt(world: &mut World, text: &str) -> bool {
    let now = world.time();
    world.manager.handle_shared_tokens(text, now)
}

/// A tab that has refreshed once.
fn with_token() -> World {
    let mut world = World::with(PERSON, shared());
    world.reply = Reply::Answer(
        200,
        r#"{"access_token":"t1","token_type":"Bearer","expires_in":600,"refresh_token":"r1"}"#.to_owned(),
    );
    assert_eq!(world.get().unwrap(), "t1");
    assert_eq!(world.requests.len(), 1);
    world
}

#[test]
fn a_new_tab_asks_the_others_before_it_sends_anything() {
    let old = with_token();
    let mut new = World::with(PERSON, shared());
    let attempt = begin(&mut new, false);
    assert!(matches!(task(&mut new, attempt), Some(Task::AskTabs { .. })));
    assert!(adopt(&mut new, &exported(&old)));
    give(&mut new, attempt, Input::Asked(RefreshTokenStatus::Usable));
    assert!(task(&mut new, attempt).is_none());
    assert_eq!(new.get().unwrap(), "t1");
    assert!(matches!(new.events().as_slice(), [Event::Adopted { .. }]));
}

#[test]
fn nobody_there_costs_one_question_and_one_request() {
    let mut world = World::with(PERSON, shared());
    let attempt = begin(&mut world, false);
    assert!(matches!(task(&mut world, attempt), Some(Task::AskTabs { .. })));
    give(&mut world, attempt, Input::Asked(RefreshTokenStatus::Usable));
    assert!(matches!(task(&mut world, attempt), Some(Task::Lock)));
    give(&mut world, attempt, Input::Locked(true));
    match task(&mut world, attempt) {
        Some(Task::AskTabs { usual, long }) => assert!(usual == Span::ZERO && long > Span::ZERO),
        other => panic!("{other:?}"),
    }
    give(&mut world, attempt, Input::Asked(RefreshTokenStatus::Usable));
    assert!(matches!(task(&mut world, attempt), Some(Task::Post(_))));
}

#[test]
fn who_waited_for_the_lock_asks_again() {
    let mut world = World::with(PERSON, shared());
    let attempt = begin(&mut world, false);
    give(&mut world, attempt, Input::Asked(RefreshTokenStatus::Usable));
    give(&mut world, attempt, Input::Locked(false));
    match task(&mut world, attempt) {
        Some(Task::AskTabs { usual, .. }) => assert!(usual > Span::ZERO),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_that_came_while_the_lock_was_waited_for_is_enough() {
    for force in [false, true] {
        let mut one = with_token();
        let mut two = World::with(PERSON, shared());
        assert!(adopt(&mut two, &exported(&one)));
        for world in [&mut one, &mut two] {
            world.sleep(if force { 10.0 } else { 700.0 });
        }
        let attempt = begin(&mut two, force);
        for world in [&mut one, &mut two] {
            world.sleep(0.005);
        }
        if !force {
            give(&mut two, attempt, Input::Asked(RefreshTokenStatus::Usable));
        }
        assert!(matches!(task(&mut two, attempt), Some(Task::Lock)));
        one.minted = 1;
        one.answers(",\"expires_in\":600,\"refresh_token\":\"r2\"");
        assert_eq!(one.force().unwrap(), "t2");
        assert!(adopt(&mut two, &exported(&one)));
        give(&mut two, attempt, Input::Locked(false));
        assert!(task(&mut two, attempt).is_none());
        assert_eq!(two.get().unwrap(), "t2");
        assert!(two.requests.is_empty());
    }
}

#[test]
fn a_stuck_tab_keeps_callers_for_one_time_out_and_the_lock_for_a_minute() {
    let mut world = with_token();
    world.sleep(700.0);
    let attempt = begin(&mut world, false);
    give(&mut world, attempt, Input::Asked(RefreshTokenStatus::Usable));
    assert!(world.manager.limit(attempt).unwrap() > Span::from_secs(60));
    let request = world.request(false, 0);
    match world.manager.ask(&request, world.time()) {
        Step::Wait(_, until) => assert!(until.since(world.time()) <= Span::from_secs(10)),
        other => panic!("{other:?}"),
    }
    world.sleep(11.0);
    assert_eq!(code(world.get()), Code::RefreshUnavailable);
    assert_eq!(world.requests.len(), 1);
    // It goes on without the lock then.
    world.sleep(50.0);
    give(&mut world, attempt, Input::Failed(FetchFailure::Timeout));
    give(&mut world, attempt, Input::Asked(RefreshTokenStatus::Usable));
    assert!(matches!(task(&mut world, attempt), Some(Task::Post(_))));
}

#[test]
fn a_refresh_token_that_another_tab_has_rotated_is_not_sent() {
    let one = with_token();
    let mut two = World::with(PERSON, shared());
    two.now = one.now;
    let attempt = begin(&mut two, false);
    give(&mut two, attempt, Input::Asked(RefreshTokenStatus::Usable));
    give(&mut two, attempt, Input::Locked(true));
    give(&mut two, attempt, Input::Asked(RefreshTokenStatus::Rotated));
    assert!(task(&mut two, attempt).is_none());
    let failed = two.get().unwrap_err();
    assert_eq!((failed.code(), failed.subject()), (Code::RefreshRejected, Some("invalid_grant")));
    assert!(two.requests.is_empty());
    // The other one was asleep, and wakes.
    assert!(adopt(&mut two, &exported(&one)));
    assert_eq!(two.get().unwrap(), "t1");
}

#[test]
fn a_stored_token_that_is_rotated_gives_way_to_one_that_is_configured() {
    let mut world = World::with(PERSON, shared());
    let text = exported(&with_token()).replace("\"accessToken\":\"t1\",", "");
    assert!(!adopt(&mut world, &text));
    let attempt = begin(&mut world, false);
    give(&mut world, attempt, Input::Asked(RefreshTokenStatus::Usable));
    give(&mut world, attempt, Input::Locked(true));
    give(&mut world, attempt, Input::Asked(RefreshTokenStatus::Rotated));
    assert!(matches!(task(&mut world, attempt), Some(Task::AskTabs { .. })));
    give(&mut world, attempt, Input::Asked(RefreshTokenStatus::Usable));
    match task(&mut world, attempt) {
        Some(Task::Post(request)) => {
            assert!(std::str::from_utf8(request.body.expose()).unwrap().contains("refresh_token=r0"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn signing_out_ends_what_came_before_it_and_nothing_else() {
    let mut old = with_token();
    let text = exported(&old);
    let mut other = World::with(PERSON, shared());
    assert!(adopt(&mut other, &text));
    other.events();
    old.sleep(1.0);
    other.sleep(1.0);
    let out = other.time();
    assert!(other.manager.handle_sign_out(out, true, out));
    assert!(matches!(other.events().as_slice(), [Event::SignedOut]));
    assert_eq!(other.state(), State::Empty);
    // A late message brings nothing back; a later login does.
    assert!(!adopt(&mut other, &text));
    old.sleep(3.0);
    old.minted = 1;
    old.answers(",\"expires_in\":600,\"refresh_token\":\"r2\"");
    assert_eq!(old.force().unwrap(), "t2");
    other.sleep(4.0);
    assert!(adopt(&mut other, &exported(&old)));
    // What is merely remembered of an older logout changes nothing.
    let now = other.time();
    assert!(!other.manager.handle_sign_out(out, false, now));
    assert_eq!(other.get().unwrap(), "t2");
    // A clock that was set back meanwhile: who logs in says so.
    let now = other.time();
    assert!(other.manager.handle_sign_out(now.plus(Span::from_secs(3600)), true, now));
    assert!(!adopt(&mut other, &exported(&old)));
    other.manager.handle_sign_in();
    assert!(adopt(&mut other, &exported(&old)));
}

#[test]
fn a_login_in_another_tab_ends_what_is_under_way_for_whoever_was_there_before() {
    let mut world = with_token();
    world.sleep(700.0);
    let attempt = begin(&mut world, false);
    give(&mut world, attempt, Input::Asked(RefreshTokenStatus::Usable));
    give(&mut world, attempt, Input::Locked(true));
    give(&mut world, attempt, Input::Asked(RefreshTokenStatus::Usable));
    assert!(matches!(task(&mut world, attempt), Some(Task::Post(_))));
    world.manager.handle_sign_in();
    let late = r#"{"access_token":"old","token_type":"Bearer","expires_in":600,"refresh_token":"r2"}"#;
    give(&mut world, attempt, Input::Response { status: 200, body: late.as_bytes(), date: None, retry_after: None });
    assert!(task(&mut world, attempt).is_none());
    assert_eq!(world.manager.token(), None);
    assert!(world.manager.refresh_token().is_some_and(|token| token.matches(b"r1")));
}

#[test]
fn a_configured_refresh_token_outlives_an_old_logout() {
    let mut world = World::with(PERSON, shared());
    let now = world.time();
    assert!(!world.manager.handle_sign_out(now, false, now));
    world.reply = Reply::Life(600);
    assert_eq!(world.get().unwrap(), "t1");
}

#[test]
fn nobody_logged_in_anywhere_is_found_out_with_one_question() {
    let source = r#"{"type":"authorization_code","issuer":"https://i.example","clientId":"c","redirectUri":"https://p.example/"}"#;
    let mut world = World::with(source, shared());
    assert_eq!(code(world.get()), Code::Unauthenticated);
    let request = world.request(false, 0);
    let step = world.manager.ask(&request, world.time());
    assert!(matches!(step, Step::Refused(_)), "asked again: {step:?}");
    world.manager.handle_return();
    begin(&mut world, false);
}

/// Numbers that look random, and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// A tab in a crowd: its attempt, and the messages that have not reached it.
struct Tab {
    world: World,
    attempt: Option<AttemptId>,
    inbox: Vec<String>,
    got: usize,
}

/// Tabs that do one thing each in any order, with messages that arrive whenever they like: as long as no tab dies and the lock is
/// one, no refresh token is sent twice, and everybody gets tokens.
#[test]
fn attack_23_no_order_of_events_sends_a_refresh_token_twice() {
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let mut tabs: Vec<_> = (0..4)
            .map(|_| Tab { world: World::with(PERSON, shared()), attempt: None, inbox: Vec::new(), got: 0 })
            .collect();
        let (mut current, mut minted) = ("r0".to_owned(), 0);
        let mut sent = HashSet::new();
        let mut forced = 0;
        let mut lock: Option<usize> = None;
        let mut rotated = HashSet::new();
        for turn in 0..4000 {
            for tab in &mut tabs {
                tab.world.sleep(if turn % 400 == 399 { 700.0 } else { 0.001 });
            }
            let me = dice.below(tabs.len());
            if dice.below(3) == 0 && !tabs[me].inbox.is_empty() {
                let text = tabs[me].inbox.remove(0);
                adopt(&mut tabs[me].world, &text);
                continue;
            }
            let Some(attempt) = tabs[me].attempt else {
                let tab = &mut tabs[me];
                let request = tab.world.request(dice.below(40) == 0, 0);
                forced += usize::from(request.force.is_some());
                match tab.world.manager.ask(&request, tab.world.time()) {
                    Step::Begin(attempt) | Step::Token(Some(attempt)) => tab.attempt = Some(attempt),
                    Step::Token(None) => tab.got += 1,
                    // An answer may come so late that its token has ended.
                    Step::Refused(error) => {
                        assert_eq!(error.code(), Code::RefreshUnavailable, "seed {seed}: {error:?}")
                    }
                    Step::Wait(..) => panic!("a tab waits for itself"),
                }
                continue;
            };
            match task(&mut tabs[me].world, attempt) {
                None => {
                    tabs[me].attempt = None;
                    if lock == Some(me) {
                        lock = None;
                    }
                }
                Some(Task::Lock) => {
                    if lock.is_none() {
                        lock = Some(me);
                        let is_free = dice.below(2) == 0;
                        give(&mut tabs[me].world, attempt, Input::Locked(is_free));
                    }
                }
                Some(Task::AskTabs { long, usual }) => {
                    let is_rotated = |tab: &Tab| {
                        let token = tab.world.manager.refresh_token();
                        rotated
                            .iter()
                            .any(|rotated: &String| token.is_some_and(|token| token.matches(rotated.as_bytes())))
                    };
                    // Others answer when they like; but who must have an answer waits for it.
                    if long > usual && is_rotated(&tabs[me]) || dice.below(3) == 0 {
                        for other in 0..tabs.len() {
                            if other != me && tabs[other].world.manager.export().is_some() {
                                let text = exported(&tabs[other].world);
                                adopt(&mut tabs[me].world, &text);
                            }
                        }
                    }
                    let status =
                        if is_rotated(&tabs[me]) { RefreshTokenStatus::Rotated } else { RefreshTokenStatus::Usable };
                    give(&mut tabs[me].world, attempt, Input::Asked(status));
                }
                Some(Task::Post(request)) => {
                    let body = String::from_utf8(request.body.expose().to_vec()).unwrap();
                    let token =
                        body.split('&').find_map(|pair| pair.strip_prefix("refresh_token=")).unwrap().to_owned();
                    assert!(sent.insert(token.clone()), "seed {seed}: {token} was sent twice");
                    assert_eq!(token, current);
                    minted += 1;
                    current = format!("r{minted}");
                    let answer = format!(
                        r#"{{"access_token":"t{minted}","token_type":"Bearer","expires_in":600,"refresh_token":"{current}"}}"#
                    );
                    let input = Input::Response { status: 200, body: answer.as_bytes(), date: None, retry_after: None };
                    give(&mut tabs[me].world, attempt, input);
                    let text = exported(&tabs[me].world);
                    for (place, tab) in tabs.iter_mut().enumerate() {
                        if place != me {
                            tab.inbox.push(text.clone());
                        }
                    }
                    rotated.insert(token);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(tabs.iter().all(|tab| tab.got > 0), "seed {seed}: somebody got nothing");
        // An hour and more of ten minutes each: few requests, whatever the tabs. Who forces one may have one.
        assert!(sent.len() < 30 + forced, "seed {seed}: {} requests", sent.len());
    }
}
