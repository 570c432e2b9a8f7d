//! What a login or a revocation that comes to nothing is called.

use arcgate::sans_io::token::manager::Unverifiable;

use super::{
    logins::{begun, complete, pending, ANSWER, TOKENS},
    *,
};

#[test]
fn parameters_of_a_login_replace_those_of_their_names_alone() {
    for (name, shown) in [("ui_locales", "prompt=login&ui_locales=x"), ("prompt", "S256&prompt=x")] {
        let (mut world, _) = begun("");
        let own = [(name.to_owned(), "x".to_owned())];
        let url = world.manager.handle_login(pending("t", world.time()), "challenge", &own).unwrap();
        assert!(url.ends_with(shown), "{url}");
    }
}

#[test]
fn a_login_whose_tokens_are_of_no_use_is_rejected() {
    let (mut world, _) = begun("");
    world.reply = Reply::Answer(200, r#"{"access_token":"a","token_type":"DPoP","refresh_token":"r1"}"#.into());
    let error = complete(&mut world, &ANSWER).unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::LoginRejected, Some("token_type")));
    assert!(world.manager.refresh_token().is_none(), "whose it is nobody knows");
    let (mut world, _) = begun("");
    world.reply = super::error(400, "invalid_grant");
    let error = complete(&mut world, &ANSWER).unwrap_err();
    assert!(error.message().contains("the code is not of this login"), "{error}");
}

#[test]
fn an_id_token_that_is_not_good_is_refused_in_the_verifiers_words() {
    for (verified, end) in
        [("ERR_TOKEN_AUDIENCE", "is not good"), ("ERR_TOKEN_AUDIENCE it is for x", "is not good: it is for x")]
    {
        let (mut world, _) = begun("");
        world.reply = Reply::Answer(200, TOKENS.into());
        world.verified = Err(verified);
        let error = complete(&mut world, &ANSWER).unwrap_err();
        assert!(error.message().ends_with(end), "{error}");
        assert_eq!(error.subject(), Some("ERR_TOKEN_AUDIENCE"));
    }
}

/// A login whose ID token is about to be verified.
fn verifying() -> (World, AttemptId) {
    let (mut world, _) = begun("");
    world.reply = Reply::Answer(200, TOKENS.into());
    let now = world.time();
    let (attempt, _) = world.manager.complete_login(&ANSWER, now).unwrap();
    while !matches!(world.manager.task(attempt, "id", now), Some(Task::Verify { .. })) {
        assert!(world.step(attempt));
    }
    (world, attempt)
}

#[test]
fn keys_that_can_not_be_had_are_an_outage_of_their_server() {
    let (mut world, attempt) = verifying();
    let now = world.time();
    let keys = Unverifiable {
        why: "no keys",
        status: Some(503),
        url: Some("https://i.example/keys?x=1"),
        retry_after: Some(Span::from_secs(7)),
    };
    world.manager.handle_unverifiable(attempt, keys, now);
    assert!(world.manager.task(attempt, "id", now).is_none());
    let error = world.manager.outcome(attempt).unwrap().unwrap_err();
    assert_eq!((error.code(), error.retry_delay()), (Code::RefreshUnavailable, Some(Span::from_secs(7))));
    assert!(error.message().ends_with("no keys"), "{error}");
    let (mut world, attempt) = verifying();
    let now = world.time();
    world.manager.handle(attempt, Input::Failed(FetchFailure::Timeout), now);
    let error = world.manager.outcome(attempt).unwrap().unwrap_err();
    assert!(error.message().contains("the provider's keys") && error.message().ends_with("in time"), "{error}");
}

#[test]
fn a_login_that_asks_for_no_id_token_needs_none() {
    let (mut world, _) = begun("");
    world.reply = Reply::Answer(200, r#"{"access_token":"a","expires_in":600}"#.into());
    assert!(complete(&mut world, &ANSWER).unwrap_err().message().contains("no ID token"));
    let source = logins::SOURCE.replace("openid a", "openidx a");
    let (mut world, _) = logins::begun_of(&source, "", Options::default());
    world.reply = Reply::Answer(200, r#"{"access_token":"a","expires_in":600}"#.into());
    complete(&mut world, &ANSWER).unwrap();
    assert_eq!(world.get().unwrap(), "a");
}

#[test]
fn a_revocation_that_is_refused_says_why() {
    for (body, subject) in [(r#"{"error":"unsupported_token_type"}"#, Some("unsupported_token_type")), ("<html>", None)]
    {
        let (mut world, _) = begun("");
        world.reply = Reply::Answer(200, TOKENS.into());
        complete(&mut world, &ANSWER).unwrap();
        world.reply = Reply::Answer(400, body.into());
        let now = world.time();
        let attempt = world.manager.revoke(now).unwrap();
        world.run(attempt);
        let error = world.manager.outcome(attempt).unwrap().unwrap_err();
        assert_eq!((error.code(), error.subject()), (Code::RefreshRejected, subject));
    }
}

#[test]
fn a_second_login_that_is_refused_costs_the_first_nothing() {
    let (mut world, _) = begun("");
    world.reply = Reply::Answer(200, TOKENS.into());
    complete(&mut world, &ANSWER).unwrap();
    let now = world.time();
    world.manager.handle_login(pending("t", now), "challenge", &[]).unwrap();
    world.reply = super::error(400, "invalid_grant");
    let error = complete(&mut world, &[("state", "t"), ("code", "l")]).unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::LoginRejected, Some("invalid_grant")));
    assert!(world.manager.refresh_token().is_some_and(|token| token.matches(b"r1")));
    assert_eq!(world.get().unwrap(), "a");
}

#[test]
fn who_was_logged_in_is_told_to_log_in_again() {
    let (mut world, _) = begun("");
    world.reply = Reply::Answer(200, TOKENS.into());
    complete(&mut world, &ANSWER).unwrap();
    world.reply = Reply::Answer(401, String::new());
    world.sleep(700.0);
    let mut last = None;
    for _ in 0..9 {
        last = world.get().err();
        world.sleep(70.0);
    }
    assert!(last.unwrap().message().contains("times in a row: log in again"));
}
