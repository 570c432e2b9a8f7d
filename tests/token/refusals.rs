//! What is said "no" to, and when that is believed for good.

use arcgate::sans_io::error::Fact;

use super::*;

fn is_final(world: &mut World) -> bool {
    world.events().iter().any(|event| matches!(event, Event::Failed { retry_at: None, .. }))
}

fn status_of(error: &Error) -> Option<u64> {
    error.facts().iter().find_map(|(name, fact)| match fact {
        Fact::Number(number) if *name == "status" => Some(*number),
        _ => None,
    })
}

#[test]
fn an_odd_token_type_is_shown_and_not_called_an_outage() {
    let mut world = World::of(MACHINE);
    world.reply = Reply::Answer(200, r#"{"access_token":"t1","token_type":"DPoP"}"#.into());
    let error = world.get().unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::RefreshRejected, Some("token_type")));
    assert!(error.message().contains("\"DPoP\"") && error.message().contains("https://i.example/token"), "{error}");
}

#[test]
fn a_refusal_that_repeats_is_final_in_whatever_form_it_comes() {
    for (reply, status, subject) in [
        (Reply::Answer(400, r#"{"error":{"code":400,"message":"TOKEN_EXPIRED"}}"#.into()), 400, Some("TOKEN_EXPIRED")),
        (Reply::Answer(401, "<html>".into()), 401, None),
        (Reply::Answer(401, String::new()), 401, None),
        (Reply::Answer(404, "{}".into()), 404, None),
        (error(400, "invalid_client"), 400, Some("invalid_client")),
        (error(400, "temporarily_unavailable"), 400, Some("temporarily_unavailable")),
        (
            Reply::Answer(200, r#"{"ok":false,"error":"invalid_refresh_token"}"#.into()),
            200,
            Some("invalid_refresh_token"),
        ),
    ] {
        for (source, most) in [(PERSON, 4), (MACHINE, 8)] {
            let mut world = World::of(source);
            world.reply = reply.clone();
            let mut last = world.get().unwrap_err();
            let mut said_final = 0;
            for _ in 0..288 {
                world.sleep(300.0);
                last = world.get().unwrap_err();
                said_final += usize::from(is_final(&mut world));
            }
            assert!((4..=most).contains(&world.requests.len()), "{reply:?}: {} requests", world.requests.len());
            assert!(said_final >= 1, "{reply:?}");
            assert_eq!((last.code(), last.subject()), (Code::RefreshRejected, subject), "{last}");
            assert_eq!(status_of(&last), Some(status), "{last}");
            assert!(last.message().contains(&status.to_string()), "{last}");
            // A machine's secret is tried again in some hours, and it is said when; nothing else is.
            assert_eq!(last.retry_delay().is_some(), source == MACHINE, "{last}");
        }
    }
}

#[test]
fn a_no_is_believed_after_some_tries_and_a_minute_and_not_before() {
    let mut world = World::jittered(PERSON, Options::default(), Jitter::Fixed(0.0));
    world.reply = Reply::Answer(401, String::new());
    // Many tries within a minute.
    for _ in 0..30 {
        assert!(world.get().unwrap_err().code().is_retryable());
        world.sleep(1.9);
    }
    // What is no answer neither counts nor excuses.
    world.down();
    assert!(world.get().unwrap_err().code().is_retryable());
    world.sleep(10.0);
    world.reply = Reply::Answer(401, String::new());
    assert!(!world.get().unwrap_err().code().is_retryable());
    // A token in between does.
    let mut world = World::of(PERSON);
    for _ in 0..9 {
        world.reply = Reply::Answer(401, String::new());
        let _ = world.get();
        world.sleep(70.0);
        world.reply = Reply::Life(30);
        world.get().unwrap();
        world.sleep(70.0);
    }
    assert!(!is_final(&mut world));
    // Nor is patience that a server asks for a "no".
    for status in [408, 425, 429, 500, 503] {
        let mut world = World::of(PERSON);
        world.reply = Reply::Answer(status, r#"{"error":"invalid_grant"}"#.into());
        for _ in 0..99 {
            let error = world.get().unwrap_err();
            assert!(error.code().is_retryable() && status_of(&error) == Some(u64::from(status)), "{error}");
            world.sleep(100.0);
        }
    }
}

#[test]
fn what_ends_a_refusal_for_good() {
    let mut world = World::of(PERSON);
    world.reply = Reply::Answer(401, String::new());
    for _ in 0..9 {
        let _ = world.get();
        world.sleep(70.0);
    }
    let asked = world.requests.len();
    let tokens = r#"{"access_token":"new","refresh_token":"r9","expires_in":60}"#;
    let tokens = arcgate::sans_io::token::response::tokens(&json::parse_object(tokens.as_bytes()).unwrap()).unwrap();
    let now = world.time();
    world.manager.handle_tokens(Box::new(tokens), now);
    world.reply = Reply::Life(600);
    world.sleep(100.0);
    assert!(world.get().is_ok());
    assert_eq!(world.requests.len(), asked + 1);
    // Nobody hands a machine another secret: it asks again by itself, seldom.
    let mut world = World::of(MACHINE);
    world.reply = error(401, "invalid_client");
    for _ in 0..9 {
        let _ = world.get();
        world.sleep(70.0);
    }
    world.reply = Reply::Life(600);
    world.sleep(3600.0);
    assert_eq!(code(world.get()), Code::RefreshRejected);
    world.sleep(6.0 * 3600.0);
    assert!(world.get().is_ok());
}

#[test]
fn metadata_that_is_wrong_again_and_again_is_no_outage() {
    let source = r#"{"type":"client_credentials","issuer":"https://i.example/","clientId":"c","clientSecret":"s"}"#;
    let other = r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/token"}"#;
    for (replies, is_no) in [
        ([Reply::Answer(200, other.into()), Reply::Answer(404, String::new())], true),
        ([Reply::Answer(404, String::new()), Reply::Answer(404, String::new())], true),
        ([Reply::Answer(503, String::new()), Reply::Answer(404, String::new())], false),
        ([Reply::Fails(FetchFailure::Network), Reply::Fails(FetchFailure::Network)], false),
    ] {
        let mut world = World::of(source);
        let mut last = None;
        for _ in 0..9 {
            world.replies = replies.to_vec();
            last = world.get().err();
            world.sleep(70.0);
        }
        let last = last.unwrap();
        assert_eq!(last.code().is_retryable(), !is_no, "{last}");
        if matches!(&replies[0], Reply::Answer(503, _)) {
            // The one that is ill, and not that there is nothing at the other.
            assert_eq!(status_of(&last), Some(503), "{last}");
            let place = "https://i.example/.well-known/openid-configuration".to_owned();
            assert!(last.facts().contains(&("url", Fact::Text(place))), "{last}");
        }
        if matches!(&replies[0], Reply::Answer(200, _)) {
            assert!(
                last.message().contains("\"https://i.example/\"") && last.message().contains("\"https://i.example\"")
            );
        }
    }
}

#[test]
fn a_callback_that_says_no_is_believed_and_called_again_after_a_pause() {
    let mut world = World::of(CALLBACK);
    let request = world.request(false, 0);
    for (name, is_permanent, code, subject) in [
        (Some("login_required"), false, Code::RefreshRejected, Some("login_required")),
        (Some("ERR_CONFIG"), true, Code::RefreshRejected, None),
        (Some("hunter2"), false, Code::RefreshUnavailable, None),
        (None, false, Code::RefreshUnavailable, None),
    ] {
        for _ in 0..6 {
            let Step::Begin(attempt) = world.manager.ask(&request, world.time()) else { panic!() };
            let _ = world.manager.task(attempt, "id", world.time());
            let now = world.time();
            world.manager.handle(attempt, Input::Threw { name, is_permanent }, now);
            let Step::Refused(error) = world.manager.ask(&request, world.time()) else { panic!() };
            assert_eq!((error.code(), error.subject()), (code, subject), "{error}");
            assert!(!error.message().contains("hunter2"));
            world.sleep(70.0);
        }
        assert!(!is_final(&mut world), "somebody may log in at any time");
    }
    world.reply = Reply::Called("\"new\"".into());
    assert!(world.get().is_ok());
}

#[test]
fn errors_show_where_and_no_query() {
    let mut world = World::of(&PERSON.replace("/token", "/token?key=hunter2"));
    world.reply = error(400, "invalid_client");
    let error = world.get().unwrap_err();
    assert!(error.message().contains("https://i.example/token ") && !error.message().contains("hunter2"), "{error}");
    assert!(error.facts().contains(&("url", Fact::Text("https://i.example/token".into()))));
}

#[test]
fn a_refresh_token_that_is_refused_for_good_says_with_which_number() {
    for mut world in [World::of(PERSON), World::stored(PERSON)] {
        let body = r#"{"error":"invalid_grant","error_description":"AADSTS700082: r0 hunter2","error_codes":[700082]}"#;
        world.reply = Reply::Answer(400, body.into());
        let error = world.get().unwrap_err();
        assert_eq!(
            (error.code(), error.subject(), status_of(&error)),
            (Code::RefreshRejected, Some("invalid_grant"), Some(400))
        );
        assert!(
            error.facts().contains(&("providerCodes", Fact::List(vec!["AADSTS700082".into()]))),
            "{:?}",
            error.facts()
        );
        assert!(is_final(&mut world) && !error.message().contains("hunter2"));
    }
}

/// What another manager stored.
fn stored(world: &World, token: &str) -> String {
    let (source, now) = (world.manager.source_id(), world.now / 1000);
    let mut quoted = String::new();
    json::write_string(&mut quoted, source);
    format!(
        r#"{{"source":{quoted},"accessToken":"{token}","refreshToken":"r9","obtainedAt":{now},"expiresAt":{}}}"#,
        now + 600
    )
}

#[test]
fn whoever_has_given_up_looks_whether_another_one_has_not() {
    for (source, reply) in [
        (PERSON, Reply::Answer(403, "<html>firewall</html>".into())),
        (PERSON, error(400, "invalid_grant")),
        (MACHINE, error(400, "invalid_client")),
    ] {
        let mut world = World::stored(source);
        world.reply = reply.clone();
        while !is_final(&mut world) {
            assert!(world.get().is_err());
            world.sleep(40.0);
        }
        let requests = world.requests.len();
        // For as long as nothing is stored, nothing is sent; and it is looked up once a minute.
        let mut looks = 0;
        for _ in 0..60 {
            let request = world.request(false, 0);
            if let Step::Begin(attempt) = world.manager.ask(&request, world.time()) {
                looks += 1;
                world.run(attempt);
            }
            assert_eq!(code(world.get()), Code::RefreshRejected);
            world.sleep(10.0);
        }
        assert!((9..=11).contains(&looks), "{reply:?}: {looks} looks");
        world.storage = Some(stored(&world, "theirs"));
        world.sleep(60.0);
        assert_eq!(world.get().unwrap(), "theirs", "{reply:?}");
        assert_eq!(world.requests.len(), requests, "{reply:?}");
    }
}

#[test]
fn a_static_token_is_not_said_to_have_ended_when_it_is_good() {
    let mut world = World::of(r#"{"type":"static","token":"t"}"#);
    let refused = world.force().unwrap_err();
    assert!(refused.message().contains("can't be refreshed") && !refused.message().contains("ended"), "{refused}");
    world.manager.handle_refused_token("t", world.time());
    assert!(world.get().unwrap_err().message().contains("refused"));
}

#[test]
fn a_caller_waits_for_a_refresh_no_longer_than_one_request_may_take() {
    for mut world in [World::of(PERSON), World::stored(PERSON), World::of(MACHINE), World::of(CALLBACK)] {
        let request = world.request(false, 0);
        let Step::Begin(_) = world.manager.ask(&request, world.time()) else { panic!() };
        let begun = world.time();
        // The attempt's owner has not sent anything by the time its own caller waits.
        let Step::Wait(_, until) = world.manager.ask(&request, world.time()) else { panic!() };
        assert!(until.since(begun) <= Options::default().timeout, "{until:?}");
    }
}
