//! A forced refresh: a token that was asked for after the call, and one request for all who came by then.

use super::*;

fn ask(world: &mut World, request: &Request) -> Step {
    let now = world.time();
    world.manager.ask(request, now)
}

fn begins(world: &mut World, request: &Request) -> AttemptId {
    match ask(world, request) {
        Step::Begin(attempt) => attempt,
        other => panic!("{other:?}"),
    }
}

fn waits(world: &mut World, request: &Request, attempt: AttemptId) {
    match ask(world, request) {
        Step::Wait(on, _) => assert_eq!(on, attempt),
        other => panic!("{other:?}"),
    }
}

fn has(world: &mut World, request: &Request, token: &str) {
    match ask(world, request) {
        Step::Token(_) => assert_eq!(world.manager.token(), Some(token)),
        other => panic!("{other:?}"),
    }
}

/// Sends the request of an attempt, of which the answer has not come.
fn send(world: &mut World, attempt: AttemptId) {
    assert!(matches!(world.manager.task(attempt, "id", world.time()), Some(Task::Post(_) | Task::Callback(_))));
}

fn answer(world: &mut World, attempt: AttemptId) {
    world.minted += 1;
    let now = world.time();
    let body = world.tokens(",\"expires_in\":3600");
    let input = if world.manager.source_id().contains("callback") {
        Input::Called(body.as_bytes())
    } else {
        Input::Response { status: 200, body: body.as_bytes(), date: None, retry_after: None }
    };
    world.manager.handle(attempt, input, now);
}

#[test]
fn those_who_come_at_the_same_time_share_one_request() {
    for source in [MACHINE, PERSON] {
        for has_token in [false, true] {
            let mut world = World::of(source);
            if has_token {
                world.get().unwrap();
            }
            let requests: Vec<_> = (0..5).map(|_| world.request(true, 0)).collect();
            let attempt = begins(&mut world, &requests[0]);
            for request in &requests[1..] {
                waits(&mut world, request, attempt);
            }
            send(&mut world, attempt);
            answer(&mut world, attempt);
            let newest = format!("t{}", world.minted);
            for request in &requests {
                has(&mut world, request, &newest);
            }
        }
    }
}

#[test]
fn who_comes_during_an_attempt_joins_the_one_next_attempt() {
    for (source, is_first_forced) in [(MACHINE, true), (MACHINE, false), (PERSON, true), (CALLBACK, false)] {
        let mut world = World::of(source);
        let first = world.request(is_first_forced, 0);
        let attempt = begins(&mut world, &first);
        send(&mut world, attempt);
        // No time has passed, by the clock.
        let late: Vec<_> = (0..5).map(|_| world.request(true, 0)).collect();
        for request in &late {
            waits(&mut world, request, attempt);
        }
        answer(&mut world, attempt);
        has(&mut world, &first, "t1");
        let next = begins(&mut world, &late[0]);
        for request in &late[1..] {
            waits(&mut world, request, next);
        }
        let later = world.request(true, 0);
        waits(&mut world, &later, next);
        send(&mut world, next);
        answer(&mut world, next);
        for request in late.iter().chain([&later, &first]) {
            has(&mut world, request, "t2");
        }
    }
}

#[test]
fn an_attempt_that_fails_tells_those_who_wait_for_the_next_one() {
    let mut world = World::of(MACHINE);
    let first = world.request(true, 0);
    let attempt = begins(&mut world, &first);
    send(&mut world, attempt);
    let late = world.request(true, 0);
    waits(&mut world, &late, attempt);
    let now = world.time();
    world.manager.handle(attempt, Input::Response { status: 503, body: b"", date: None, retry_after: None }, now);
    assert!(matches!(ask(&mut world, &late), Step::Refused(_)), "the provider is left alone for a while");
}

fn exported(world: &World) -> String {
    String::from_utf8(world.manager.export().unwrap().expose().to_vec()).unwrap()
}

#[test]
fn another_tabs_token_is_enough_only_if_it_was_asked_for_since() {
    for (head_start, is_enough) in [(5, false), (0, false), (-5, true)] {
        let options = Options { is_shared: true, ..Options::default() };
        let (mut one, mut two) = (World::with(PERSON, options.clone()), World::with(PERSON, options));
        one.get().unwrap();
        let now = two.time();
        assert!(two.manager.handle_shared_tokens(&exported(&one), now));
        one.sleep(60.0);
        two.now = one.now + head_start;
        one.minted = 1;
        one.answers(",\"expires_in\":600,\"refresh_token\":\"r2\"");
        let request = two.request(true, 0);
        let attempt = begins(&mut two, &request);
        // The other tab has the lock, and its answer comes much later than the call.
        assert_eq!(one.force().unwrap(), "t2");
        two.now = one.now + 2000;
        let now = two.time();
        assert!(two.manager.handle_shared_tokens(&exported(&one), now));
        two.manager.handle(attempt, Input::Locked(false), now);
        if is_enough {
            has(&mut two, &request, "t2");
        } else {
            two.minted = 2;
            two.run(attempt);
            has(&mut two, &request, "t3");
            assert!(two.requests[0].contains("refresh_token=r2&"), "with the newest refresh token all the same");
        }
    }
}

#[test]
fn another_machines_token_is_not_enough_for_nobody_knows_by_which_clock() {
    let (mut one, mut two) = (World::stored(PERSON), World::stored(PERSON));
    one.get().unwrap();
    two.storage = one.storage.clone();
    two.get().unwrap();
    let request = two.request(true, 0);
    let attempt = begins(&mut two, &request);
    one.sleep(5.0);
    one.answers(",\"expires_in\":600,\"refresh_token\":\"r2\"");
    one.force().unwrap();
    two.storage = one.storage.clone();
    two.sleep(6.0);
    two.minted = 7;
    two.run(attempt);
    has(&mut two, &request, "t8");
    assert!(two.requests[0].contains("refresh_token=r2&"));
}
