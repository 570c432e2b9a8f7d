//! Refresh tokens: which is sent, which is stored, and what becomes of one that was exchanged.

use super::*;

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
            let tokens = arcgate::sans_io::token::response::access_token_only("new").unwrap();
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
