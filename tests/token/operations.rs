//! What somebody asks for beside tokens: a login's code is exchanged, tokens are revoked.

use arcgate::sans_io::{secret::Secret, token::manager::Login};

use super::*;

#[test]
fn a_login_ends_with_tokens_or_says_why_not() {
    let source = r#"{"type":"authorization_code","issuer":"https://i.example","clientId":"c","redirectUri":"https://p.example/"}"#;
    let document =
        Reply::Answer(200, r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/token"}"#.to_owned());
    let login = || Login {
        code: Secret::new("code"),
        verifier: Secret::new("verifier"),
        nonce: "n".to_owned(),
        max_auth_age: None,
    };
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
