//! What each thing that goes wrong is called, and to whom.

use arcgate::sans_io::error::Fact;

use super::*;

const ISSUER: &str =
    r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c","clientSecret":"hunter2"}"#;
const KEYED: &str = r#"{"type":"client_credentials","tokenEndpoint":"https://i.example/token","clientId":"c","privateKey":true,"algorithm":"RS256"}"#;

fn begin(world: &mut World) -> AttemptId {
    match world.manager.ask(&world.request(false, 0), world.time()) {
        Step::Begin(attempt) => attempt,
        other => panic!("{other:?}"),
    }
}

/// What a source's first task comes to when it fails like this.
fn failed(source: &str, failure: FetchFailure) -> Error {
    let mut world = World::of(source);
    let attempt = begin(&mut world);
    let now = world.time();
    assert!(world.manager.task(attempt, "id", now).is_some());
    world.manager.handle(attempt, Input::Failed(failure), now);
    assert!(world.manager.task(attempt, "id", now).is_none(), "it is over");
    world.get().unwrap_err()
}

#[test]
fn an_endpoint_that_does_not_answer_is_told_from_one_that_answers_oddly() {
    for (failure, what) in [
        (FetchFailure::Timeout, "did not answer in time"),
        (FetchFailure::TooLarge, "answered with more than is read"),
        (FetchFailure::Redirect, "answered with a redirect, which is not followed"),
        (FetchFailure::Abandoned, "was not waited for"),
        (FetchFailure::Network, "can't be reached"),
    ] {
        let error = failed(MACHINE, failure);
        let expected = format!("the token endpoint https://i.example/token {what}");
        assert!(error.message().contains(&expected), "{error}");
        assert_eq!(error.code(), Code::RefreshUnavailable);
    }
}

#[test]
fn what_failed_is_named() {
    for (source, failure, what) in [
        (CALLBACK, FetchFailure::Network, "fetchToken failed"),
        (CALLBACK, FetchFailure::Timeout, "fetchToken did not answer in time"),
        (KEYED, FetchFailure::Network, "the client's key can't sign"),
        (ISSUER, FetchFailure::Abandoned, "the provider's metadata: its server was not waited for"),
    ] {
        let error = failed(source, failure);
        assert!(error.message().contains(what), "{error}");
    }
}

#[test]
fn an_answer_that_is_odd_each_time_is_no_outage_and_silence_is_one() {
    for (failure, is_no) in
        [(FetchFailure::Redirect, true), (FetchFailure::TooLarge, true), (FetchFailure::Timeout, false)]
    {
        let mut world = World::of(PERSON);
        world.reply = Reply::Fails(failure);
        let mut last = None;
        for _ in 0..9 {
            last = world.get().err();
            world.sleep(70.0);
        }
        assert_eq!(last.unwrap().code().is_retryable(), !is_no, "{failure:?}");
    }
}

#[test]
fn a_no_comes_with_a_hint() {
    for (name, hint) in [
        ("invalid_client", "`clientAuth` right?"),
        ("invalid_scope", "ask for that scope?"),
        ("invalid_target", "`audience` or `resource`"),
        ("unauthorized_client", "use this grant?"),
        ("unsupported_grant_type", "use this grant?"),
    ] {
        let mut world = World::of(MACHINE);
        world.reply = error(400, name);
        let error = world.get().unwrap_err();
        assert!(error.message().contains(hint), "{error}");
        assert_eq!(error.code(), Code::RefreshRejected);
    }
    let mut world = World::of(MACHINE);
    world.reply = error(400, "temporarily_unavailable");
    let patient = world.get().unwrap_err();
    assert_eq!(patient.code(), Code::RefreshUnavailable, "it says itself that it is no no");
    assert!(!patient.message().contains('?') && !patient.message().contains("the code"), "{patient}");
}

#[test]
fn a_no_for_good_says_what_ends_it() {
    for (source, fix) in [
        (MACHINE, "times in a row: it is asked again in some hours"),
        (PERSON, "times in a row: it is not asked again until another one is handed in with setToken"),
        (CALLBACK, "times in a row)"),
    ] {
        let mut world = World::of(source);
        let mut last = None;
        for _ in 0..9 {
            world.reply = match source {
                CALLBACK => Reply::Called("7".into()),
                _ => Reply::Answer(401, String::new()),
            };
            last = world.get().err();
            world.sleep(70.0);
        }
        let last = last.unwrap();
        assert!(last.message().contains(fix), "{last}");
    }
}

#[test]
fn metadata_that_can_not_be_had_at_one_place_is_asked_for_at_the_other() {
    let mut world = World::of(ISSUER);
    let attempt = begin(&mut world);
    let now = world.time();
    let Some(Task::Get(url)) = world.manager.task(attempt, "id", now) else { panic!() };
    assert!(url.ends_with("openid-configuration"), "{url}");
    world.manager.handle(attempt, Input::Failed(FetchFailure::Network), now);
    let Some(Task::Get(url)) = world.manager.task(attempt, "id", now) else { panic!() };
    assert!(url.ends_with("oauth-authorization-server"), "{url}");
}

#[test]
fn a_storage_that_fails_is_told_and_one_that_does_not_is_not() {
    for (is_done, told) in [(true, 0), (false, 1)] {
        let mut world = World::stored(MACHINE);
        let attempt = begin(&mut world);
        for _ in 0..3 {
            let now = world.time();
            let reply = Reply::Answer(200, r#"{"access_token":"t","expires_in":600}"#.into());
            let input = match world.manager.task(attempt, "id", now).unwrap() {
                Task::Load => Input::Loaded(None),
                Task::Store(_) => Input::Stored(is_done),
                _ => world.input(&reply),
            };
            world.manager.handle(attempt, input, now);
        }
        assert_eq!(world.get().unwrap(), "t", "all the same");
        let not_stored = world.events().iter().filter(|event| matches!(event, Event::NotStored)).count();
        assert_eq!(not_stored, told, "{is_done}");
    }
}

#[test]
fn tabs_that_can_not_be_asked_keep_nobody() {
    let mut world = World::with(PERSON, Options { is_shared: true, ..Options::default() });
    let attempt = begin(&mut world);
    let now = world.time();
    assert!(matches!(world.manager.task(attempt, "id", now), Some(Task::AskTabs { .. })));
    world.manager.handle(attempt, Input::Failed(FetchFailure::Network), now);
    assert!(matches!(world.manager.task(attempt, "id", now), Some(Task::Lock)));
}

#[test]
fn one_refusal_is_no_failure_of_the_source_and_two_at_once_are() {
    let mut world = World::of(MACHINE);
    for (n, state) in [(1, State::Empty), (2, State::Failed)] {
        let token = world.get().unwrap();
        assert_eq!(world.state(), State::Valid);
        let now = world.time();
        assert!(world.manager.handle_refused_token(&token, now));
        assert_eq!(world.state(), state, "{n}");
    }
    assert_eq!(
        [State::Empty, State::Valid, State::Refreshing, State::Failed].map(State::as_str),
        ["empty", "valid", "refreshing", "failed"]
    );
}

#[test]
fn a_request_is_delicate_that_uses_something_up() {
    for (source, is_delicate) in [(PERSON, true), (MACHINE, false)] {
        let mut world = World::of(source);
        let attempt = begin(&mut world);
        let now = world.time();
        assert!(matches!(world.manager.task(attempt, "id", now), Some(Task::Post(_))));
        assert_eq!(world.manager.is_delicate(attempt), is_delicate);
    }
}

#[test]
fn what_an_answer_says_beside_the_token_is_known() {
    let mut world = World::of(MACHINE);
    assert_eq!((world.manager.scope(), world.manager.server_ahead()), (None, None));
    world.reply = Reply::Answer(200, r#"{"access_token":"t","expires_in":600,"scope":"a b"}"#.into());
    world.date = Some(world.now + 5000);
    world.get().unwrap();
    assert_eq!(world.manager.scope(), Some("a b"));
    assert_eq!(world.manager.server_ahead(), Some(Span::from_secs(5)));
}

#[test]
fn a_sign_out_is_one_of_whoever_has_a_refresh_token_alone() {
    let mut world = World::of(PERSON);
    let now = world.time();
    assert!(world.manager.handle_sign_out(now, true, now));
    assert!(matches!(world.events().as_slice(), [Event::SignedOut]));
    assert!(!world.manager.handle_sign_out(now, true, now), "and there is nothing more to forget");
}

#[test]
fn a_token_that_nobody_uses_is_not_refreshed() {
    let mut other = World::with(PERSON, Options { is_shared: true, ..Options::default() });
    other.reply = Reply::Answer(200, r#"{"access_token":"t","expires_in":600,"refresh_token":"r1"}"#.into());
    other.get().unwrap();
    let text = String::from_utf8(other.manager.export().unwrap().expose().to_vec()).unwrap();
    let mut world = World::with(PERSON, Options { is_shared: true, ..Options::default() });
    world.now = other.now;
    let now = world.time();
    assert!(world.manager.handle_shared_tokens(&text, now));
    world.sleep(590.0);
    assert!(!world.wake());
    assert_eq!(world.deadline(), Some(8.0), "when it ends, and not before");
}

#[test]
fn of_two_places_without_metadata_the_last_is_named() {
    let mut world = World::of(ISSUER);
    world.reply = Reply::Answer(404, String::new());
    let error = world.get().unwrap_err();
    let place = "https://i.example/.well-known/oauth-authorization-server".to_owned();
    assert!(error.facts().contains(&("url", Fact::Text(place))), "{error}");
}

#[test]
fn whoever_can_send_nothing_looks_into_the_storage_and_then_asks_the_tabs() {
    const LOGIN: &str = r#"{"type":"authorization_code","issuer":"https://i.example","clientId":"c","redirectUri":"https://p.example/"}"#;
    for (source, is_refused) in [(LOGIN, false), (PERSON, true)] {
        let mut world = World::with(source, Options { is_shared: true, has_storage: true, ..Options::default() });
        if is_refused {
            world.reply = error(400, "invalid_grant");
            assert_eq!(code(world.get()), Code::RefreshRejected);
            world.sleep(100.0);
        }
        let attempt = begin(&mut world);
        let now = world.time();
        assert!(matches!(world.manager.task(attempt, "id", now), Some(Task::Load)));
        world.manager.handle(attempt, Input::Loaded(None), now);
        assert!(matches!(world.manager.task(attempt, "id", now), Some(Task::AskTabs { .. })), "{source}");
    }
}
