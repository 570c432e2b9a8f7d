//! Tabs that share tokens: who sends what, and what each believes of the others.

use super::*;

pub(crate) fn shared() -> Options {
    Options { is_shared: true, ..Options::default() }
}

fn begin(world: &mut World, force: bool) -> AttemptId {
    match world.manager.ask(&world.request(force, 0), world.time()) {
        Step::Begin(attempt) => attempt,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn task(world: &mut World, attempt: AttemptId) -> Option<Task> {
    let now = world.time();
    world.manager.task(attempt, "unguessable", now)
}

pub(crate) fn give(world: &mut World, attempt: AttemptId, input: Input<'_>) {
    let now = world.time();
    world.manager.handle(attempt, input, now);
}

pub(crate) fn exported(world: &World) -> String {
    String::from_utf8(world.manager.export().unwrap().expose().to_vec()).unwrap()
}

pub(crate) fn adopt(world: &mut World, text: &str) -> bool {
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
fn a_refresh_token_has_rotated_when_another_one_is_there() {
    let world = with_token();
    assert!(world.manager.has_rotated("r0") && !world.manager.has_rotated("r1"));
    assert!(!World::with(MACHINE, shared()).manager.has_rotated("r0"), "none is there");
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
    let now = other.time();
    other.manager.handle_sign_in(now);
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
    let now = world.time();
    world.manager.handle_sign_in(now);
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
    let now = world.time();
    world.manager.handle_return(now);
    begin(&mut world, false);
}

fn hear(world: &mut World, message: &str) -> TabMessage {
    let now = world.time();
    world.manager.handle_tab_message(message, now)
}

#[test]
fn what_another_tab_says_counts_as_far_as_it_is_understood() {
    let old = with_token();
    let mut new = World::with(PERSON, shared());
    let said = |text: &str, more: &str| format!(r#"{{"fresh":{}{more}}}"#, serde_json::json!(text));
    for odd in [
        "",
        "null",
        "[]",
        "7",
        "\"ask\"",
        "{}",
        r#"{"ask":"yes"}"#,
        r#"{"ask":1}"#,
        r#"{"fresh":7,"out":"1","refused":true}"#,
        r#"{"fresh":"{}"}"#,
        r#"{"fresh":"t1"}"#,
        r#"{"out":null}"#,
    ] {
        assert_eq!(hear(&mut new, odd), TabMessage::default(), "{odd}");
    }
    assert!(hear(&mut new, r#"{"ask":true}"#).asks);
    let tokens = exported(&old);
    assert_eq!(hear(&mut new, &said(&tokens, "")), TabMessage { has_tokens: true, ..TabMessage::default() });
    assert_eq!(hear(&mut new, &said(&tokens, "")), TabMessage::default(), "no news");
    assert_eq!(new.manager.token(), Some("t1"));
    assert_eq!(hear(&mut new, r#"{"refused":"t2"}"#), TabMessage::default());
    assert_eq!(new.manager.token(), Some("t1"));
    hear(&mut new, r#"{"refused":"t1"}"#);
    assert_eq!(new.manager.token(), None);
    let out = format!(r#"{{"out":{}}}"#, new.now);
    assert_eq!(hear(&mut new, &out), TabMessage { is_signed_out: true, ..TabMessage::default() });
    assert_eq!(hear(&mut new, &out), TabMessage::default(), "nothing is left");
    // What came before that is not taken over again, unless somebody has signed in since.
    let mut other = World::with(PERSON, shared());
    let out = format!(r#"{{"out":{}}}"#, other.now + 1);
    hear(&mut other, &out);
    assert_eq!(hear(&mut other, &said(&tokens, r#","isLogin":"true""#)), TabMessage::default());
    assert!(hear(&mut other, &said(&tokens, r#","isLogin":true"#)).has_tokens);
}
