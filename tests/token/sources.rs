//! Each source: what is sent, what is kept, and what ends it.

use super::*;

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
