//! Where tokens come from, and what is asked for them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use arcgate::{
    fetch::Response,
    tokens::{CallbackError, Reason, Request, Source, State, Tokens},
    Code, Error, Time, TokenManager,
};

use super::world::{machine, person, token, World};

fn body(world: &World, index: usize) -> String {
    world.requests()[index].body.clone().unwrap_or_default()
}

#[test]
fn a_machine_shows_its_secret_in_the_header_or_in_the_body() {
    let world = World::default();
    let source = machine().scope("a b").audience("https://x").resource("urn:y").parameter("z", "1");
    let basic = TokenManager::new(source, world.spawning()).unwrap();
    assert_eq!(world.end(basic.token()).unwrap(), "a1");
    let request = &world.requests()[0];
    assert_eq!((request.method, request.url.as_str()), ("POST", "https://i.example/token"));
    assert_eq!(
        body(&world, 0),
        "grant_type=client_credentials&scope=a+b&audience=https%3A%2F%2Fx&resource=urn%3Ay&z=1"
    );
    let header = |name: &str| request.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
    assert_eq!(header("authorization"), Some("Basic YzpodW50ZXIy"));
    assert_eq!(header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header("accept"), Some("application/json"));

    let source = Source::client_credentials_at("https://i.example/token", "c").client_secret_post("hunter2");
    let post = TokenManager::new(source, world.spawning()).unwrap();
    assert_eq!(world.end(post.authorization()).unwrap(), "Bearer a2");
    assert_eq!(body(&world, 1), "grant_type=client_credentials&client_id=c&client_secret=hunter2");
}

#[test]
fn the_issuers_metadata_say_where() {
    let world = World::default();
    let metadata = r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/t"}"#;
    world.answer(Response::new(404, ""));
    world.answer(Response::new(200, metadata));
    let source = Source::client_credentials("https://i.example", "c").client_secret("s");
    let manager = TokenManager::new(source, world.spawning()).unwrap();
    assert_eq!(world.end(manager.token()).unwrap(), "a3");
    let urls: Vec<_> = world.requests().into_iter().map(|request| (request.method, request.url)).collect();
    assert_eq!(
        urls,
        [
            ("GET", "https://i.example/.well-known/openid-configuration".to_owned()),
            ("GET", "https://i.example/.well-known/oauth-authorization-server".to_owned()),
            ("POST", "https://i.example/t".to_owned()),
        ]
    );
    assert!(world.requests()[0].timeout.is_some());
}

#[test]
fn a_callback_is_told_why_it_is_asked() {
    let world = World::default();
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&reasons);
    let source = Source::callback(move |reason| {
        let mut reasons = told.lock().unwrap();
        reasons.push(reason);
        let tokens = Tokens::new(format!("t{}", reasons.len())).expires_in(Duration::from_secs(600));
        async move { Ok::<_, CallbackError>(tokens) }
    });
    let manager = TokenManager::new(source, world.spawning()).unwrap();
    assert_eq!(world.end(manager.token()).unwrap(), "t1");
    manager.invalidate("another one");
    assert_eq!(world.end(manager.token()).unwrap(), "t1");
    manager.invalidate("t1");
    assert_eq!(world.end(manager.token()).unwrap(), "t2");
    assert_eq!(world.end(manager.token_with(Request::new().fresh())).unwrap(), "t3");
    world.sleep_for(599);
    assert_eq!(world.end(manager.token()).unwrap(), "t4");
    assert_eq!(*reasons.lock().unwrap(), [Reason::Initial, Reason::Refused, Reason::Forced, Reason::Expiring]);
}

#[test]
fn what_a_callback_fails_with_says_whether_it_is_asked_again() {
    let mut causes = 0;
    for (error, code) in [
        (CallbackError::temporary(), Code::RefreshUnavailable),
        (CallbackError::permanent(), Code::RefreshRejected),
        (CallbackError::named("login_required"), Code::RefreshRejected),
        (std::fmt::Error.into(), Code::RefreshUnavailable),
        (Error::new(Code::RefreshRejected, "hunter2").into(), Code::RefreshRejected),
    ] {
        let world = World::default();
        let source = Source::callback(move |_| {
            let error = error.clone();
            async move { Err::<String, _>(error) }
        });
        let manager = TokenManager::new(source, world.spawning()).unwrap();
        let error = world.end(manager.token()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains("the source's callback") && !error.message().contains("hunter2"), "{error}");
        let is_own = |cause: &(dyn std::error::Error + 'static)| cause.is::<Error>() || cause.is::<std::fmt::Error>();
        assert!(std::error::Error::source(&error).is_none_or(is_own), "{error}");
        causes += usize::from(std::error::Error::source(&error).is_some());
        assert_eq!(manager.state(), State::Failed);
    }
    assert_eq!(causes, 2, "what was an error of somebody's is there for whoever asks");
}

#[test]
fn a_callback_that_gives_no_token_is_a_failure_that_names_it() {
    let world = World::default();
    let source = Source::callback(|_| async { Ok::<_, CallbackError>("no token") });
    let error = world.end(TokenManager::new(source, world.spawning()).unwrap().token()).unwrap_err();
    assert!(error.message().contains("the source's callback gave no usable token"), "{error}");
}

#[test]
fn a_callback_may_take_a_minute() {
    let world = World::default();
    let source = Source::callback(|_| std::future::pending::<Result<String, CallbackError>>());
    let manager = TokenManager::new(source, world.spawning()).unwrap();
    let mut call = super::world::Call::new(manager.token());
    for second in 0..60 {
        assert!(world.poll(&mut call).is_none(), "{second}");
        world.pass(1);
    }
    let error = world.poll(&mut call).unwrap().unwrap_err();
    assert_eq!(error.code(), Code::RefreshUnavailable);
}

#[test]
fn a_fixed_token_stays_until_another_one_is_handed_in() {
    let world = World::default();
    let manager = TokenManager::new(Source::fixed("t1"), world.spawning()).unwrap();
    assert_eq!(world.end(manager.token()).unwrap(), "t1");
    manager.invalidate("t1");
    let error = world.end(manager.token()).unwrap_err();
    assert_eq!(error.code(), Code::RefreshRejected);
    assert!(error.message().contains("`set_token`"), "{error}");
    world.end(manager.set_token("t2")).unwrap();
    assert_eq!(world.end(manager.token()).unwrap(), "t2");
    let end = Time::from_millis(1_800_000_600_000.0);
    world.end(manager.set_token(Tokens::new("t3").expires_at(end).scope("s"))).unwrap();
    assert_eq!((manager.expires_at(), manager.scope().as_deref()), (Some(end), Some("s")));
    let error = world.end(manager.set_token(Tokens::from_json("{}"))).unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::Config, Some("token")));
    assert_eq!(world.end(manager.token()).unwrap(), "t3");
}

#[test]
fn a_refresh_tokens_successor_takes_its_place() {
    let world = World::default();
    let manager = TokenManager::new(person(), world.spawning()).unwrap();
    world.answer(Response::new(200, r#"{"access_token":"a1","refresh_token":"r1","expires_in":3600}"#));
    assert_eq!(world.end(manager.token()).unwrap(), "a1");
    assert_eq!(body(&world, 0), "grant_type=refresh_token&refresh_token=r0&client_id=c");
    // It counts once: it is not broken off.
    assert_eq!(world.requests()[0].timeout, None);
    for (index, sent) in ["r1", "r1", "r2"].iter().enumerate() {
        if index == 1 {
            world.answer(Response::new(200, r#"{"access_token":"a3","refresh_token":"r2","expires_in":3600}"#));
        }
        world.end(manager.token_with(Request::new().fresh())).unwrap();
        assert!(body(&world, index + 1).contains(&format!("refresh_token={sent}&")), "{index}");
    }
}

#[test]
fn a_longer_life_is_asked_for_where_a_connection_stays() {
    let world = World::default();
    let manager = world.machine();
    world.answer(token("short", 100));
    assert_eq!(world.end(manager.token()).unwrap(), "short");
    world.sleep_for(60);
    assert_eq!(world.end(manager.token()).unwrap(), "short");
    let long = Request::new().min_validity(Duration::from_secs(300));
    assert_eq!(world.end(manager.token_with(long)).unwrap(), "a2");
}

#[test]
fn revoking_forgets_and_tells_the_provider() {
    let world = World::default();
    let metadata = r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/t","revocation_endpoint":"https://i.example/r"}"#;
    world.answer(Response::new(200, metadata));
    world.answer(token("a", 3600));
    world.answer(Response::new(200, ""));
    let source = Source::client_credentials("https://i.example", "c").client_secret("s");
    let manager = TokenManager::new(source, world.options()).unwrap();
    world.end(manager.token()).unwrap();
    world.end(manager.revoke()).unwrap();
    assert_eq!(world.requests()[2].url, "https://i.example/r");
    assert_eq!(body(&world, 2), "token=a");
    assert_eq!(manager.state(), State::Empty);

    // A provider that has no place for it.
    let manager = world.machine();
    world.end(manager.token()).unwrap();
    let error = world.end(manager.revoke()).unwrap_err();
    assert!(error.code() == Code::Config && error.message().contains("revocation_endpoint"), "{error}");
    assert_eq!(manager.expires_at(), None);
}

#[test]
fn a_manager_that_is_closed_gives_nothing() {
    let world = World::default();
    let manager = world.machine();
    world.end(manager.token()).unwrap();
    manager.clone().close();
    for error in [world.end(manager.token()).unwrap_err(), world.end(manager.set_token("t")).unwrap_err()] {
        assert_eq!(error.code(), Code::Aborted);
    }
    assert_eq!(world.under_way(), 0);
}
