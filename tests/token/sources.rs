//! Each source: what is sent, what is kept, and what ends it.

use arcgate::{secret::Secret, token::manager::Login};

use super::*;

fn rotated(world: &mut World) {
    world.minted += 1;
    let more = format!(",\"expires_in\":600,\"refresh_token\":\"r{}\"", world.minted);
    world.reply = Reply::Answer(200, world.tokens(&more));
}

#[test]
fn client_credentials_ask_with_what_was_configured() {
    let mut world = World::of(
        r#"{"type":"client_credentials","tokenEndpoint":"https://i.example/token","clientId":"c","clientSecret":"hunter2",
            "clientAuth":"client_secret_post","scope":"a b","audience":"x","resource":"https://r.example/","parameters":{"organization":"o"}}"#,
    );
    world.get().unwrap();
    assert_eq!(
        world.requests[0],
        "grant_type=client_credentials&scope=a+b&audience=x&resource=https%3A%2F%2Fr.example%2F&organization=o&client_id=c&client_secret=hunter2"
    );
}

#[test]
fn endpoints_are_discovered_once_and_elsewhere_where_there_is_no_openid() {
    let source = r#"{"type":"client_credentials","issuer":"https://i.example/t","clientId":"c","clientSecret":"s"}"#;
    let document = r#"{"issuer":"https://i.example/t","token_endpoint":"https://i.example/token"}"#;
    let mut world = World::of(source);
    world.replies = vec![Reply::Answer(404, String::new()), Reply::Answer(200, document.into())];
    world.get().unwrap();
    world.sleep(10_000.0);
    world.get().unwrap();
    assert_eq!(world.requests[0], "https://i.example/t/.well-known/openid-configuration");
    assert_eq!(world.requests[1], "https://i.example/.well-known/oauth-authorization-server/t");
    assert_eq!(world.requests.len(), 4);
    assert!(world.requests[3].starts_with("grant_type"));
}

#[test]
fn attack_24_secrets_go_nowhere_that_another_issuer_names() {
    let source = r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c","clientSecret":"s"}"#;
    let mut world = World::of(source);
    let document = r#"{"issuer":"https://evil.example","token_endpoint":"https://evil.example/token"}"#;
    world.reply = Reply::Answer(200, document.into());
    let error = world.get().unwrap_err();
    assert_eq!(error.code(), Code::RefreshUnavailable);
    for part in ["\"https://evil.example\"", "\"https://i.example\"", "`issuer`", "`tokenEndpoint`"] {
        assert!(error.message().contains(part), "{error}");
    }
    let places = ["openid-configuration", "oauth-authorization-server"];
    assert_eq!(world.requests, places.map(|place| format!("https://i.example/.well-known/{place}")));
}

#[test]
fn whatever_fails_at_openids_address_goes_on_to_rfc_8414s() {
    let source = r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c","clientSecret":"s"}"#;
    let document = r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/token"}"#;
    let answer = |status, body: &str| Reply::Answer(status, body.to_owned());
    for first in [
        answer(200, "<!doctype html>"),
        answer(200, r#"{"issuer":"https://i.example"}"#),
        answer(200, r#"{"issuer":"https://other.example","token_endpoint":"https://other.example/token"}"#),
        answer(403, ""),
        answer(429, ""),
        answer(500, ""),
        Reply::Fails(FetchFailure::Timeout),
        Reply::Fails(FetchFailure::Network),
        Reply::Fails(FetchFailure::Redirect),
        Reply::Fails(FetchFailure::TooLarge),
    ] {
        let mut world = World::of(source);
        world.replies = vec![first.clone(), answer(200, document)];
        world.get().unwrap_or_else(|error| panic!("{first:?}: {error}"));
        assert_eq!(world.requests[1], "https://i.example/.well-known/oauth-authorization-server", "{first:?}");
    }
    // And where both fail, both are told.
    let mut world = World::of(source);
    world.replies = vec![Reply::Fails(FetchFailure::Timeout), answer(404, "")];
    let error = world.get().unwrap_err();
    for part in
        ["openid-configuration: did not answer in time", "oauth-authorization-server: answered with the status 404"]
    {
        assert!(error.message().contains(part), "{error}");
    }
    assert_eq!(world.requests.len(), 2);
}

#[test]
fn a_client_with_a_key_signs_by_the_servers_clock() {
    let mut world = World::of(
        r#"{"type":"client_credentials","issuer":"https://i.example","tokenEndpoint":"https://i.example/token","clientId":"c","privateKey":true,"algorithm":"ES256"}"#,
    );
    let server = world.now + 7_200_000;
    world.date = Some(server);
    world.reply = Reply::Answer(503, String::new());
    let _ = world.get();
    world.sleep(61.0);
    let request = world.request(false, 0);
    let Step::Begin(attempt) = world.manager.ask(&request, world.time()) else { panic!() };
    let Some(Task::Sign(input)) = world.manager.task(attempt, "id", world.time()) else { panic!() };
    let claims = URL_SAFE_NO_PAD.decode(input.split('.').nth(1).unwrap()).unwrap();
    let claims = String::from_utf8(claims).unwrap();
    assert!(claims.contains(&format!("\"iat\":{}", server / 1000 + 61)), "{claims}");
    // Providers compare it with the address that they were asked at; not all know their issuer there.
    assert!(claims.contains(r#""aud":"https://i.example/token""#), "{claims}");
    world.run(attempt);
    assert!(world.requests[1].contains(&format!("client_assertion={}", input.split('.').next().unwrap())));
    assert!(world.requests[1].ends_with(".c2ln"));
}

#[test]
fn an_assertions_audience_is_the_endpoint_the_issuer_or_what_was_given() {
    for (options, audience) in [
        (r#""tokenEndpoint":"https://i.example/token""#, "https://i.example/token"),
        (r#""tokenEndpoint":"https://i.example/token","issuer":"https://i.example""#, "https://i.example/token"),
        (r#""issuer":"https://i.example""#, "https://i.example"),
        (r#""tokenEndpoint":"https://i.example/token","assertionAudience":"urn:x""#, "urn:x"),
        (r#""issuer":"https://i.example","assertionAudience":"https://i.example/token""#, "https://i.example/token"),
    ] {
        let mut world = World::of(&format!(
            r#"{{"type":"client_credentials","clientId":"c","privateKey":true,"algorithm":"ES256",{options},
                "assertionHeader":{{"x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA"}}}}"#
        ));
        let document = r#"{"issuer":"https://i.example","token_endpoint":"https://evil.example/token"}"#;
        if !options.contains("tokenEndpoint") {
            world.replies = vec![Reply::Answer(200, document.into())];
        }
        world.get().unwrap();
        let body = world.requests.last().unwrap();
        let input = body.split("client_assertion=").nth(1).unwrap();
        let part = |place| {
            let part: Option<&str> = input.split('.').nth(place);
            String::from_utf8(URL_SAFE_NO_PAD.decode(part.unwrap()).unwrap()).unwrap()
        };
        assert!(part(0).contains(r#""x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA""#), "{}", part(0));
        assert!(part(1).contains(&format!("\"aud\":\"{audience}\"")), "{options}: {}", part(1));
    }
}

#[test]
fn a_rotated_refresh_token_is_stored_before_it_is_used() {
    let mut world = World::stored(PERSON);
    rotated(&mut world);
    let request = world.request(false, 0);
    let Step::Begin(attempt) = world.manager.ask(&request, world.time()) else { panic!() };
    let mut seen = Vec::new();
    while let Some(action) = world.manager.task(attempt, "id", world.time()) {
        seen.push(match action {
            Task::Load => "load",
            Task::Post(_) => "post",
            Task::Store(_) => {
                assert!(world.manager.token().is_none(), "nobody has the token before it is stored");
                "store"
            }
            _ => "other",
        });
        world.step(attempt);
    }
    assert_eq!(seen, ["load", "post", "store"]);
    assert!(world.storage.as_deref().unwrap().contains(r#""refreshToken":"r1""#));
}

#[test]
fn rotation_goes_on_and_an_answer_without_a_new_refresh_token_keeps_the_old() {
    let mut world = World::of(PERSON);
    for (answer_rotates, expected) in [(true, "r0"), (false, "r1"), (false, "r1"), (true, "r1"), (true, "r4")] {
        if answer_rotates {
            rotated(&mut world);
        } else {
            world.answers(",\"expires_in\":600");
        }
        world.get().unwrap();
        assert!(world.requests.last().unwrap().contains(&format!("refresh_token={expected}&")), "{expected}");
        world.sleep(600.0);
    }
}

#[test]
fn only_invalid_grant_is_final_at_once_and_it_says_so() {
    for (reply, is_final) in [
        (error(400, "invalid_grant"), true),
        (error(400, "invalid_client"), false),
        (error(400, "invalid_request"), false),
        (error(400, "temporarily_unavailable"), false),
        (error(500, "invalid_grant"), false),
        (Reply::Answer(400, "<html>".into()), false),
        (Reply::Fails(FetchFailure::Timeout), false),
    ] {
        let mut world = World::of(PERSON);
        world.reply = reply.clone();
        let first = world.get().unwrap_err();
        world.reply = Reply::Life(600);
        world.sleep(86_400.0);
        assert_eq!(world.get().is_err(), is_final, "{reply:?}");
        assert_eq!(world.requests.len(), if is_final { 1 } else { 2 }, "{reply:?}");
        if is_final {
            assert_eq!((first.code(), first.subject()), (Code::RefreshRejected, Some("invalid_grant")));
            assert!(first.retry_delay().is_none());
            let events = world.events();
            assert!(events.iter().any(|event| matches!(event, Event::Failed { retry_at: None, .. })));
            let now = world.time();
            let tokens = arcgate::token::response::bare("new").unwrap();
            world.manager.handle_tokens(Box::new(tokens), now);
            assert_eq!(world.get().unwrap(), "new", "tokens that are handed in end it");
        }
    }
}

#[test]
fn a_valid_token_outlives_its_refresh_token() {
    let mut world = World::of(PERSON);
    world.get().unwrap();
    world.reply = error(400, "invalid_grant");
    world.sleep(3599.0 - 60.0);
    assert_eq!(world.get().unwrap(), "t1");
    world.sleep(30.0);
    assert_eq!(world.get().unwrap(), "t1");
    assert_eq!(world.requests.len(), 2);
    world.sleep(30.0);
    assert_eq!(code(world.get()), Code::RefreshRejected);
}

#[test]
fn a_machines_credentials_are_not_used_up() {
    let mut world = World::of(MACHINE);
    world.reply = error(400, "invalid_grant");
    assert_eq!(code(world.get()), Code::RefreshRejected);
    world.reply = Reply::Life(600);
    world.sleep(61.0);
    assert!(world.get().is_ok());
}

#[test]
fn what_another_isolate_stored_is_used_instead_of_asking() {
    let mut one = World::stored(MACHINE);
    one.get().unwrap();
    let mut other = World::stored(MACHINE);
    other.storage = one.storage.clone();
    other.sleep(10.0);
    assert_eq!(other.get().unwrap(), "t1");
    assert!(other.requests.is_empty());
    assert_eq!(other.manager.expires_at(), one.manager.expires_at());
    other.force().unwrap();
    assert_eq!(other.requests.len(), 1, "what was stored a while ago is not fresh");
    // Ended, refused, or of another client: asked for.
    for (sleep, storage) in
        [(3600.0, one.storage.clone()), (0.0, one.storage.clone().map(|text| text.replace("\\\"c\\\"", "\\\"d\\\"")))]
    {
        let mut other = World::stored(MACHINE);
        other.storage = storage;
        other.sleep(sleep);
        other.get().unwrap();
        assert_eq!(other.requests.len(), 1);
    }
    let now = one.time();
    one.manager.handle_refused_token("t1", now);
    assert_eq!(one.get().unwrap(), "t2", "the refused one is not taken out of the storage again");
}

#[test]
fn a_stored_token_gets_no_more_time_from_a_clock_that_was_set_back() {
    let mut one = World::stored(MACHINE);
    one.get().unwrap();
    let mut other = World::stored(MACHINE);
    other.storage = one.storage.clone();
    other.sleep(-86_400.0);
    other.get().unwrap();
    other.down();
    other.sleep(3600.0);
    assert!(other.get().is_err());
}

#[test]
fn a_refresh_token_that_another_isolate_rotated_is_found_after_a_refusal() {
    let mut world = World::stored(PERSON);
    rotated(&mut world);
    world.get().unwrap();
    let mut other = World::stored(PERSON);
    other.storage = world.storage.clone();
    // It loads, and is overtaken by the other one before its request arrives.
    other.sleep(600.0);
    let request = other.request(false, 0);
    let Step::Begin(attempt) = other.manager.ask(&request, other.time()) else { panic!() };
    other.step(attempt);
    other.storage = other.storage.map(|text| text.replace("\"r1\"", "\"r2\"").replace("1800000000", "1800000500"));
    other.replies = vec![error(400, "invalid_grant")];
    other.reply = Reply::Life(600);
    other.run(attempt);
    assert!(other.requests[0].contains("refresh_token=r1&") && other.requests[1].contains("refresh_token=r2&"));
    assert!(other.get().is_ok());
}

#[test]
fn a_newly_configured_refresh_token_replaces_a_stored_one_that_is_refused() {
    let mut world = World::stored(PERSON);
    rotated(&mut world);
    world.get().unwrap();
    let mut other = World::stored(&PERSON.replace("r0", "seed"));
    other.storage = world.storage;
    other.sleep(700.0);
    other.replies = vec![error(400, "invalid_grant")];
    other.reply = Reply::Life(600);
    assert!(other.get().is_ok());
    assert!(other.requests[0].contains("=r1&") && other.requests[1].contains("=seed&"));
}

#[test]
fn the_configured_refresh_token_is_not_sent_again_once_it_was_replaced() {
    for mut world in [World::of(PERSON), World::stored(PERSON)] {
        rotated(&mut world);
        world.get().unwrap();
        world.sleep(700.0);
        world.reply = error(400, "invalid_grant");
        assert_eq!(code(world.get()), Code::RefreshRejected);
        assert_eq!(world.requests.len(), 2);
        assert!(world.requests[1].contains("refresh_token=r1&"));
    }
}

#[test]
fn attack_23_somebody_elses_tokens_are_refused() {
    let token = |sub: &str, iss: &str| jwt(&format!(r#"{{"iss":"{iss}","sub":"{sub}"}}"#));
    let answer = |access: &str, id: &str| {
        Reply::Answer(
            200,
            format!(
                r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":600,"refresh_token":"r9","id_token":"{id}"}}"#
            ),
        )
    };
    let (alice, mallory, elsewhere) = (token("alice", "i"), token("mallory", "i"), token("alice", "j"));
    for (second, is_good) in [
        (answer("opaque", &alice), true),
        (answer(&alice, &alice), true),
        (answer("opaque", &mallory), false),
        (answer(&mallory, &alice), false),
        (answer("opaque", &elsewhere), false),
    ] {
        let mut world = World::of(PERSON);
        world.reply = answer(&alice, &alice);
        world.get().unwrap();
        world.reply = second;
        world.sleep(10.0);
        assert_eq!(world.force().is_ok(), is_good);
        assert!(is_good || world.get().unwrap() == alice, "the old token is still good");
    }
}

#[test]
fn a_callback_is_told_why_it_is_called() {
    let mut world = World::of(CALLBACK);
    let called = |n: i64, world: &World| {
        Reply::Called(format!(r#"{{"access_token":"c{n}","expires_in":600,"x":{}}}"#, world.now))
    };
    world.reply = called(1, &world);
    assert_eq!(world.get().unwrap(), "c1");
    world.sleep(597.0);
    world.reply = called(2, &world);
    world.get().unwrap();
    assert_eq!(world.get().unwrap(), "c2");
    let now = world.time();
    world.manager.handle_refused_token("c2", now);
    world.reply = called(3, &world);
    world.get().unwrap();
    world.sleep(10.0);
    world.force().unwrap();
    assert_eq!(world.requests, ["initial", "expiring", "refused", "forced"]);
}

#[test]
fn a_callback_that_gives_what_ends_soon_is_not_called_in_a_loop() {
    let mut world = World::of(CALLBACK);
    let exp = world.now / 1000 + 20;
    world.reply = Reply::Called(format!("\"{}\"", jwt(&format!(r#"{{"iat":{},"exp":{exp}}}"#, exp - 3600))));
    for _ in 0..170 {
        world.get().unwrap();
        world.sleep(0.1);
    }
    assert!(world.requests.len() < 12, "{}", world.requests.len());
    world.sleep(30.0);
    for _ in 0..600 {
        assert!(world.get().is_err());
        world.sleep(0.1);
    }
    assert!(world.requests.len() < 40, "{}", world.requests.len());
}

#[test]
fn a_callback_of_whom_our_clock_thinks_too_little_is_believed_once_it_makes_new_tokens() {
    // Our clock is two hours ahead.
    let mut world = World::of(CALLBACK);
    let mut result = Err(Code::Internal);
    for _ in 0..5 {
        let server = world.now / 1000 - 7200;
        world.reply = Reply::Called(format!("\"{}\"", jwt(&format!(r#"{{"iat":{server},"exp":{}}}"#, server + 3600))));
        result = world.get().map_err(|error| error.code());
        world.sleep(61.0);
    }
    assert!(result.is_ok());
    assert!(world.requests.len() <= 4, "{}", world.requests.len());
}

#[test]
fn a_static_token_ends_when_it_says_and_is_replaced_by_hand() {
    let mut world = World::of(r#"{"type":"static","token":"opaque"}"#);
    world.sleep(86_400.0 * 365.0);
    assert_eq!((world.get().unwrap().as_str(), world.deadline()), ("opaque", None));
    let now = world.time();
    assert!(world.manager.handle_refused_token("opaque", now));
    assert_eq!((code(world.get()), world.state()), (Code::RefreshRejected, State::Failed));

    let exp = world.now / 1000 + 100;
    let token = jwt(&format!(r#"{{"exp":{exp}}}"#));
    world.manager.handle_tokens(Box::new(arcgate::token::response::bare(&token).unwrap()), now);
    assert_eq!(world.get().unwrap(), token);
    world.sleep(99.9);
    assert!(world.get().is_err());
    assert!(world.requests.is_empty());
}

#[test]
fn attack_25_nothing_secret_is_in_an_event_an_error_or_a_debug_text() {
    let mut world = World::of(PERSON);
    rotated(&mut world);
    world.get().unwrap();
    world.sleep(10.0);
    for reply in [
        error(400, "invalid_client"),
        error(400, "t1"),
        Reply::Answer(200, "t1 r0 hunter2".into()),
        error(400, "invalid_grant"),
    ] {
        world.reply = reply;
        world.sleep(61.0);
        let error = world.force().unwrap_err();
        let shown = format!("{error:?} {error} {:?} {:?} {:?}", error.subject(), world.events(), world.manager);
        for secret in ["t1", "\"r0", "\"r1", "hunter2"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
}

#[test]
fn the_reason_of_an_attempt_has_a_name() {
    let names = [Reason::Initial, Reason::Expiring, Reason::Refused, Reason::Forced].map(Reason::as_str);
    assert_eq!(names, ["initial", "expiring", "refused", "forced"]);
}

#[test]
fn a_login_ends_with_tokens_or_says_why_not() {
    let source = r#"{"type":"authorization_code","issuer":"https://i.example","clientId":"c","redirectUri":"https://p.example/"}"#;
    let document =
        Reply::Answer(200, r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/token"}"#.to_owned());
    let login = || Login { code: Secret::new("code"), verifier: Secret::new("verifier"), nonce: "n".to_owned() };
    let good = r#"{"access_token":"a","token_type":"Bearer","expires_in":600,"refresh_token":"r1","id_token":"i"}"#;

    let mut world = World::of(source);
    assert_eq!(code(world.get()), Code::Unauthenticated);
    world.replies = vec![document.clone(), Reply::Answer(200, good.to_owned())];
    let now = world.time();
    let attempt = world.manager.login(login(), now);
    world.run(attempt);
    assert!(world.manager.outcome(attempt).unwrap().is_ok());
    assert_eq!(
        world.requests[1],
        "grant_type=authorization_code&code=code&code_verifier=verifier&redirect_uri=https%3A%2F%2Fp.example%2F&client_id=c"
    );
    world.answers(",\"expires_in\":600");
    world.sleep(700.0);
    world.get().unwrap();
    assert_eq!(world.requests[2], "grant_type=refresh_token&refresh_token=r1&client_id=c");

    for (reply, expected) in [
        (error(400, "invalid_grant"), Code::LoginRejected),
        (Reply::Answer(503, String::new()), Code::RefreshUnavailable),
        (Reply::Answer(200, good.replace(",\"id_token\":\"i\"", "")), Code::LoginRejected),
    ] {
        let mut world = World::of(source);
        world.replies = vec![document.clone(), reply];
        let now = world.time();
        let attempt = world.manager.login(login(), now);
        world.run(attempt);
        assert_eq!(world.manager.outcome(attempt).unwrap().unwrap_err().code(), expected);
        assert_eq!(code(world.get()), Code::Unauthenticated);
    }
}

#[test]
fn revoking_forgets_at_once_and_says_whether_the_provider_confirmed() {
    let source = r#"{"type":"refresh_token","issuer":"https://i.example","clientId":"c","refreshToken":"r0"}"#;
    let document = |more: &str| {
        Reply::Answer(
            200,
            format!(r#"{{"issuer":"https://i.example","token_endpoint":"https://i.example/token"{more}}}"#),
        )
    };
    let endpoint = r#","revocation_endpoint":"https://i.example/revoke""#;
    for (more, reply, is_ok) in [
        (endpoint, Reply::Answer(200, String::new()), true),
        (endpoint, Reply::Answer(503, String::new()), false),
        (endpoint, Reply::Fails(FetchFailure::Network), false),
        ("", Reply::Answer(200, String::new()), false),
    ] {
        let mut world = World::stored(source);
        world.replies = vec![document(more)];
        world.get().unwrap();
        world.reply = reply;
        let now = world.time();
        let attempt = world.manager.revoke(now).unwrap();
        assert!(world.manager.token().is_none() && world.manager.export().is_none());
        world.run(attempt);
        let outcome = world.manager.outcome(attempt).map(|outcome| outcome.is_ok());
        assert_eq!(outcome == Some(true), is_ok, "{more}");
        assert_eq!(world.events().iter().any(|event| matches!(event, Event::Revoked)), is_ok);
        if !more.is_empty() {
            assert_eq!(world.requests.last().unwrap(), "token=r0&client_id=c");
        }
    }
}

#[test]
fn after_a_revocation_there_is_nothing_to_refresh_with() {
    for mut world in [World::of(PERSON), World::stored(PERSON)] {
        rotated(&mut world);
        world.get().unwrap();
        let now = world.time();
        let _ = world.manager.revoke(now);
        assert_eq!(code(world.get()), Code::RefreshRejected);
        assert_eq!(world.requests.len(), 1);
    }
}

#[test]
fn a_provider_that_gives_the_same_refresh_token_again_is_understood() {
    let mut world = World::stored(PERSON);
    world.answers(",\"expires_in\":600,\"refresh_token\":\"r0\"");
    world.get().unwrap();
    let mut other = World::stored(PERSON);
    other.storage = world.storage.clone();
    other.sleep(700.0);
    other.minted = 5;
    other.answers(",\"expires_in\":600,\"refresh_token\":\"r0\"");
    other.get().unwrap();
    world.storage = other.storage;
    world.sleep(710.0);
    world.get().unwrap();
    assert_eq!((world.requests.len(), other.requests.len()), (1, 1), "what the other one stored is taken");
}

#[test]
fn an_old_storage_does_not_bring_a_replaced_refresh_token_back() {
    let mut world = World::stored(PERSON);
    rotated(&mut world);
    world.get().unwrap();
    let old = world.storage.clone();
    world.sleep(600.0);
    rotated(&mut world);
    world.get().unwrap();
    // A write that was lost, and a clock that was set back: what is there looks newer than it is.
    world.storage = old;
    world.sleep(-7200.0);
    world.force().unwrap();
    world.sleep(700.0);
    rotated(&mut world);
    world.get().unwrap();
    assert!(world.requests.last().unwrap().contains("refresh_token=r2"), "{:?}", world.requests);
}
