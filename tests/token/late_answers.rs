//! What is late, or of another time than ours, and what it still says.

use super::*;

const ISSUER: &str =
    r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c","clientSecret":"hunter2"}"#;

fn begin(world: &mut World) -> AttemptId {
    match world.manager.ask(&world.request(false, 0), world.time()) {
        Step::Begin(attempt) => attempt,
        other => panic!("{other:?}"),
    }
}

/// An attempt that has sent its request, and is not heard of again.
fn lost(source: &str) -> (World, AttemptId) {
    let mut world = World::of(source);
    let attempt = begin(&mut world);
    assert!(matches!(world.manager.task(attempt, "id", world.time()), Some(Task::Post(_))));
    world.sleep(400.0);
    (world, attempt)
}

#[test]
fn one_that_fails_after_another_has_brought_tokens_says_nothing() {
    let (mut world, attempt) = lost(MACHINE);
    let token = world.get().unwrap();
    world.events();
    let now = world.time();
    world.manager.handle(attempt, Input::Failed(FetchFailure::Timeout), now);
    assert!(world.events().is_empty());
    assert_eq!((world.get().unwrap(), world.state()), (token, State::Valid));
}

#[test]
fn one_that_gets_no_answer_makes_nothing_undone_that_is_over() {
    let (mut world, attempt) = lost(PERSON);
    world.reply = error(400, "invalid_grant");
    assert_eq!(code(world.get()), Code::RefreshRejected);
    world.events();
    let now = world.time();
    world.manager.handle(attempt, Input::Failed(FetchFailure::Timeout), now);
    assert!(world.events().is_empty());
    assert_eq!(code(world.get()), Code::RefreshRejected);
}

#[test]
fn one_that_was_lost_before_tokens_were_handed_in_does_not_take_their_place() {
    let (mut world, attempt) = lost(MACHINE);
    // Another one is under way, too.
    begin(&mut world);
    let now = world.time();
    world
        .manager
        .handle_tokens(Box::new(arcgate::sans_io::token::response::access_token_only("handed-in").unwrap()), now);
    world.answers(",\"expires_in\":600");
    let Reply::Answer(status, body) = world.reply.clone() else { panic!() };
    world.manager.handle(
        attempt,
        Input::Response { status, body: body.as_bytes(), date: None, retry_after: None },
        now,
    );
    assert_eq!(world.get().unwrap(), "handed-in");
}

#[test]
fn endpoints_are_looked_up_again_when_a_request_fails_a_day_later() {
    let mut world = World::of(ISSUER);
    let document = r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/token"}"#;
    world.replies = vec![Reply::Answer(200, document.into())];
    world.get().unwrap();
    let lookups = |world: &World| world.requests.iter().filter(|text| text.contains("well-known")).count();
    for (hours, expected) in [(2, 1), (2, 1), (30, 1), (1, 2)] {
        world.sleep(f64::from(hours) * 3600.0);
        world.down();
        world.get().unwrap_err();
        assert_eq!(lookups(&world) >= 2, expected == 2, "{hours}");
    }
}

#[test]
fn patience_that_is_asked_for_is_kept_though_one_could_look_elsewhere() {
    let mut world = World::stored(MACHINE);
    world.down();
    world.retry_after = Some(3600);
    world.get().unwrap_err();
    world.sleep(100.0);
    assert!(matches!(world.manager.ask(&world.request(false, 0), world.time()), Step::Refused(_)));
}

#[test]
fn why_a_token_was_obtained_is_told_with_it() {
    let mut world = World::of(MACHINE);
    for expected in [Reason::Initial, Reason::Expiring] {
        world.get().unwrap();
        assert!(matches!(world.events().last(), Some(Event::Refreshed { reason, .. }) if *reason == expected));
        world.sleep(4000.0);
    }
}

#[test]
fn machines_and_functions_may_give_tokens_of_whomever_they_like() {
    for source in [MACHINE, CALLBACK] {
        let mut world = World::of(source);
        for subject in ["u", "v"] {
            let token = jwt(&format!(r#"{{"iss":"i","sub":"{subject}"}}"#));
            let answer = format!(r#"{{"access_token":"{token}","expires_in":600}}"#);
            world.reply =
                if source == MACHINE { Reply::Answer(200, answer) } else { Reply::Called(format!("\"{token}\"")) };
            assert_eq!(world.force().unwrap(), token, "{source}");
            world.sleep(100.0);
        }
    }
}

#[test]
fn a_function_may_give_a_token_out_of_a_cache_or_out_of_the_future() {
    for (issued, ends, said, left, ahead) in
        [(-500, 100, 600, 100, None), (100, 700, 600, 600, Some(100)), (0, 60, 60, 60, None)]
    {
        let mut world = World::of(CALLBACK);
        let now = world.now / 1000;
        let token = jwt(&format!(r#"{{"iat":{},"exp":{}}}"#, now + issued, now + ends));
        world.reply = Reply::Called(format!(r#"{{"access_token":"{token}","expires_in":{said}}}"#));
        world.get().unwrap();
        assert_eq!(world.manager.expires_at().unwrap().since(world.time()), Span::from_secs(left), "{issued}");
        assert_eq!(world.manager.server_ahead(), ahead.map(Span::from_secs), "{issued}");
    }
}

#[test]
fn tokens_out_of_a_cache_that_are_still_good_say_nothing_of_the_clocks() {
    let mut world = World::of(CALLBACK);
    for issued in [500, 400] {
        let now = world.now / 1000;
        world.reply =
            Reply::Called(format!("\"{}\"", jwt(&format!(r#"{{"iat":{},"exp":{}}}"#, now - issued, now + 600))));
        world.force().unwrap();
        assert_eq!(world.manager.server_ahead(), None, "{issued}");
        world.sleep(50.0);
    }
}

#[test]
fn endpoints_are_good_for_a_whole_day() {
    let mut world = World::of(ISSUER);
    let document = r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/token"}"#;
    world.replies = vec![Reply::Answer(200, document.into())];
    world.get().unwrap();
    world.down();
    for (secs, lookups) in [(86_400.0, 1), (60.0, 1), (60.0, 2)] {
        world.sleep(secs);
        world.get().unwrap_err();
        assert_eq!(world.requests.iter().filter(|text| text.contains("openid-configuration")).count(), lookups);
    }
}

#[test]
fn a_token_that_is_due_and_unused_has_no_timer_but_that_of_its_end() {
    let source = PERSON.replace("\"clientId\"", "\"issuer\":\"https://i.example\",\"clientId\"");
    let shared = Options { is_shared: true, ..Options::default() };
    let mut other = World::with(&source, shared.clone());
    other.reply = Reply::Answer(200, r#"{"access_token":"t","expires_in":600,"refresh_token":"r1"}"#.into());
    other.get().unwrap();
    let text = String::from_utf8(other.manager.export().unwrap().expose().to_vec()).unwrap();
    let mut world = World::with(&source, shared);
    world.now = other.now;
    let now = world.time();
    assert!(world.manager.handle_shared_tokens(&text, now));
    world.sleep(550.0);
    let now = world.time();
    assert!(world.manager.discover(now).is_some(), "an attempt of another kind");
    assert_eq!(world.deadline(), Some(48.0));
}

#[test]
fn a_machine_sends_no_refresh_token_and_loses_none() {
    let mut world = World::of(MACHINE);
    world.answers(r#","expires_in":600,"refresh_token":"r1""#);
    world.get().unwrap();
    world.sleep(700.0);
    world.events();
    world.reply = error(400, "invalid_grant");
    world.get().unwrap_err();
    assert!(world.requests.iter().all(|body| body.starts_with("grant_type=client_credentials")));
    assert!(matches!(world.events().last(), Some(Event::Failed { retry_at: Some(_), .. })), "it may be otherwise soon");
}
