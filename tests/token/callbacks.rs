//! Tokens that a function of the user's gives, and those that somebody hands in.

use super::*;

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
    world.manager.handle_tokens(Box::new(arcgate::sans_io::token::response::access_token_only(&token).unwrap()), now);
    assert_eq!(world.get().unwrap(), token);
    world.sleep(99.9);
    assert!(world.get().is_err());
    assert!(world.requests.is_empty());
}

#[test]
fn the_reason_of_an_attempt_has_a_name() {
    let names = [Reason::Initial, Reason::Expiring, Reason::Refused, Reason::Forced].map(Reason::as_str);
    assert_eq!(names, ["initial", "expiring", "refused", "forced"]);
}
