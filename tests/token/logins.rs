//! Logging in: what is sent, what is believed, and what is forgotten.

use arcgate::sans_io::{secret::Secret, token::login::PendingLogin};

use super::*;

pub(crate) const SOURCE: &str = r#"{"type":"authorization_code","issuer":"https://i.example","clientId":"c","redirectUri":"https://p.example/cb",
    "scope":"openid a","audience":"https://x.example","authorizationParams":{"prompt":"login"},"postLogoutRedirectUri":"https://p.example/"}"#;
pub(crate) const TOKENS: &str =
    r#"{"access_token":"a","token_type":"Bearer","expires_in":600,"refresh_token":"r1","id_token":"i1"}"#;

pub(crate) fn document(more: &str) -> Reply {
    Reply::Answer(
        200,
        format!(
            r#"{{"issuer":"https://i.example","token_endpoint":"https://i.example/token","revocation_endpoint":"https://i.example/revoke",
                "authorization_endpoint":"https://i.example/auth?x=1","end_session_endpoint":"https://i.example/end"{more}}}"#
        ),
    )
}

pub(crate) fn pending(name: &str, now: Time) -> PendingLogin {
    PendingLogin {
        state: Secret::new(name),
        nonce: "n".into(),
        verifier: Secret::new("v"),
        return_to: Some("/inbox".into()),
        max_age: None,
        begun: now,
    }
}

/// A page that has begun a login and was left.
pub(crate) fn begun(more: &str) -> (World, String) {
    begun_with(more, Options::default())
}

fn begun_with(more: &str, options: Options) -> (World, String) {
    begun_of(SOURCE, more, options)
}

pub(crate) fn begun_of(source: &str, more: &str, options: Options) -> (World, String) {
    let mut world = World::with(source, options);
    world.replies = vec![document(more)];
    let now = world.time();
    let attempt = world.manager.discover(now).unwrap();
    world.run(attempt);
    assert!(world.manager.outcome(attempt).unwrap().is_ok());
    assert!(world.manager.discover(now).is_none());
    let url = world.manager.handle_login(pending("s", now), "challenge", &[]).unwrap();
    (world, url)
}

pub(crate) fn complete(world: &mut World, query: &[(&str, &str)]) -> Result<(), Error> {
    let now = world.time();
    let (attempt, return_to) = world.manager.complete_login(query, now)?;
    assert_eq!(return_to.as_deref(), Some("/inbox"));
    world.run(attempt);
    world.manager.outcome(attempt).expect("an outcome")
}

pub(crate) const ANSWER: [(&str, &str); 2] = [("state", "s"), ("code", "k")];

#[test]
fn a_person_is_sent_with_pkce_and_comes_back_with_a_code() {
    let (world, url) = begun("");
    assert_eq!(
        url,
        "https://i.example/auth?x=1&response_type=code&client_id=c&redirect_uri=https%3A%2F%2Fp.example%2Fcb&scope=openid+a\
         &audience=https%3A%2F%2Fx.example&state=s&nonce=n&code_challenge=challenge&code_challenge_method=S256&prompt=login"
    );
    // The page is left, and another one goes on.
    let kept = world.manager.pending_logins().to_json(world.manager.source_id());
    let (mut world, _) = {
        let (world, url) = begun("");
        (World { manager: world.manager, ..World::of(SOURCE) }, url)
    };
    let now = world.time();
    world.manager.handle_pending_logins("", now);
    assert_eq!(complete(&mut world, &ANSWER).unwrap_err().code(), Code::LoginRejected);
    let now = world.time();
    world.manager.handle_pending_logins(&kept, now);
    world.reply = Reply::Answer(200, TOKENS.into());
    complete(&mut world, &ANSWER).unwrap();
    assert_eq!(world.get().unwrap(), "a");
    assert!(world.requests[0].contains("code=k&code_verifier=v"), "{}", world.requests[0]);
    // Once.
    assert_eq!(complete(&mut world, &ANSWER).unwrap_err().subject(), Some("state"));
    assert_eq!(world.requests.len(), 1);
}

#[test]
fn attack_24_what_is_no_answer_costs_no_request() {
    for (query, more, subject) in [
        (vec![("code", "k")], "", None),
        (vec![("state", "t"), ("code", "k")], "", Some("state")),
        (vec![("state", "s"), ("code", "k"), ("iss", "https://evil.example")], "", Some("iss")),
        (vec![("state", "s"), ("code", "k")], r#","authorization_response_iss_parameter_supported":true"#, Some("iss")),
        (vec![("state", "s"), ("code", "k"), ("code", "l")], "", None),
        (vec![("state", "s"), ("error", "access_denied"), ("code", "k")], "", Some("access_denied")),
        (vec![("state", "s"), ("access_token", "k")], "", None),
    ] {
        let (mut world, _) = begun(more);
        let error = complete(&mut world, &query).unwrap_err();
        assert_eq!((error.code(), error.subject()), (Code::LoginRejected, subject), "{query:?}");
        assert_eq!(world.requests.len(), 1, "{query:?}");
    }
}

#[test]
fn attack_24_an_id_token_that_is_not_good_brings_no_tokens() {
    for (verified, subject) in [
        (Ok(r#"{"nonce":"m","aud":"c"}"#), "nonce"),
        (Ok(r#"{"aud":"c"}"#), "nonce"),
        (Ok(r#"{"nonce":"n","aud":["c","d"]}"#), "azp"),
        (Err("ERR_TOKEN_AUDIENCE"), "ERR_TOKEN_AUDIENCE"),
    ] {
        let (mut world, _) = begun("");
        world.reply = Reply::Answer(200, TOKENS.into());
        world.verified = verified;
        let error = complete(&mut world, &ANSWER).unwrap_err();
        assert_eq!((error.code(), error.subject()), (Code::LoginRejected, Some(subject)));
        assert_eq!(code(world.get()), Code::Unauthenticated);
        assert!(world.manager.export().is_none());
    }
}

#[test]
fn a_second_login_leaves_nothing_of_the_first() {
    let (mut world, _) = begun_with("", Options { has_storage: true, ..Options::default() });
    world.reply = Reply::Answer(200, TOKENS.into());
    complete(&mut world, &ANSWER).unwrap();
    assert!(world.storage.as_deref().unwrap().contains("r1"));
    let now = world.time();
    world.manager.handle_login(pending("t", now), "challenge", &[]).unwrap();
    world.reply =
        Reply::Answer(200, r#"{"access_token":"b","token_type":"Bearer","expires_in":600,"id_token":"i2"}"#.into());
    complete(&mut world, &[("state", "t"), ("code", "l")]).unwrap();
    assert_eq!(world.get().unwrap(), "b");
    assert!(!world.storage.as_deref().unwrap().contains("r1"));
    assert!(world.manager.id_token().unwrap().matches(b"i2"));
    world.sleep(700.0);
    assert_eq!(code(world.get()), Code::Unauthenticated);
}

#[test]
fn logging_out_names_the_login_and_forgets_it() {
    let (mut world, _) = begun("");
    world.reply = Reply::Answer(200, TOKENS.into());
    complete(&mut world, &ANSWER).unwrap();
    assert_eq!(
        world.manager.logout_url().unwrap(),
        "https://i.example/end?client_id=c&post_logout_redirect_uri=https%3A%2F%2Fp.example%2F&id_token_hint=i1"
    );
    world.reply = Reply::Answer(200, String::new());
    let now = world.time();
    let attempt = world.manager.revoke(now).unwrap();
    world.run(attempt);
    assert!(world.manager.outcome(attempt).unwrap().is_ok());
    assert_eq!(world.requests.last().unwrap(), "token=r1&client_id=c");
    assert_eq!(code(world.get()), Code::Unauthenticated);
    assert!(!world.manager.logout_url().unwrap().contains("id_token_hint"));
}

#[test]
fn only_a_source_that_is_logged_in_to_has_logins() {
    let mut world = World::of(PERSON);
    let now = world.time();
    assert_eq!(world.manager.handle_login(pending("s", now), "x", &[]).unwrap_err().code(), Code::Config);
    assert_eq!(world.manager.complete_login(&ANSWER, now).unwrap_err().code(), Code::Config);
    assert!(world.manager.logout_url().is_none());
}

#[test]
fn a_login_has_parameters_of_its_own() {
    let (mut world, url) = begun("");
    assert!(url.contains("prompt=login"), "{url}");
    let own = [("prompt".to_owned(), "none".to_owned()), ("ui_locales".to_owned(), "de".to_owned())];
    let url = world.manager.handle_login(pending("t", world.time()), "challenge", &own).unwrap();
    assert!(url.contains("prompt=none") && url.contains("ui_locales=de") && !url.contains("prompt=login"), "{url}");
}

/// Whoever logs in, and then tokens of a refresh.
fn refreshed(world: &mut World, access: &str, id_token: &str) -> Result<String, Error> {
    world.sleep(700.0);
    world.reply = Reply::Answer(
        200,
        format!(
            r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":600,"refresh_token":"r{}"{id_token}}}"#,
            world.now
        ),
    );
    world.get()
}

#[test]
fn a_token_that_names_nobody_opens_no_door_to_somebody_else() {
    let of = |subject: &str| jwt(&format!(r#"{{"iss":"https://i.example","sub":"{subject}"}}"#));
    let member = |token: &str| format!(r#","id_token":"{token}""#);
    for odd in
        ["xx".to_owned(), "h.e30.x".to_owned(), jwt("{}"), jwt(r#"{"sub":"u"}"#), jwt(r#"{"iss":"https://i.example"}"#)]
    {
        for options in [Options::default(), Options { has_storage: true, ..Options::default() }] {
            let (mut world, _) = begun_with("", options);
            let tokens = TOKENS.replace("\"i1\"", &format!("\"{}\"", of("u")));
            world.reply = Reply::Answer(200, tokens);
            complete(&mut world, &ANSWER).unwrap();
            assert!(refreshed(&mut world, "b", &member(&odd)).is_ok(), "{odd}");
            assert!(world.manager.id_token().is_some_and(|token| token.matches(of("u").as_bytes())), "{odd}");
            assert!(refreshed(&mut world, "c", &member(&of("u"))).is_ok(), "{odd}");
            let refused = refreshed(&mut world, "d", &member(&of("v"))).unwrap_err();
            assert_eq!(refused.code(), Code::RefreshRejected, "{odd}");
        }
    }
}

#[test]
fn an_access_token_that_names_nobody_opens_none_either() {
    let of = |subject: &str| jwt(&format!(r#"{{"iss":"https://i.example","sub":"{subject}"}}"#));
    for between in ["opaque".to_owned(), jwt("{}")] {
        let mut world = World::of(PERSON);
        assert!(refreshed(&mut world, &of("u"), "").is_ok());
        assert!(refreshed(&mut world, &between, "").is_ok());
        assert_eq!(code(refreshed(&mut world, &of("v"), "")), Code::RefreshRejected, "{between}");
        // Who hands tokens in may mean somebody else.
        let Ok(json::Value::Object(answer)) = json::parse(br#"{"access_token":"x","refresh_token":"r"}"#) else {
            panic!()
        };
        let tokens = arcgate::sans_io::token::response::tokens(&answer).unwrap();
        world.manager.handle_tokens(Box::new(tokens), world.time());
        assert!(refreshed(&mut world, &of("v"), "").is_ok(), "{between}");
    }
}
