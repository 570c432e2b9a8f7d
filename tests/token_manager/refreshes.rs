//! Fresh tokens, shared by those who ask at the same time.

use std::sync::{Arc, Mutex};

use arcgate::{
    tokens::{Event, Request, State},
    TokenManager,
};

use super::world::{token, Call, Reply, World};

#[test]
fn calls_for_a_fresh_token_at_one_time_share_it() {
    let world = World::default();
    let manager = world.machine();
    world.end(manager.token()).unwrap();
    let mut calls: Vec<_> = (0..5).map(|_| Call::new(manager.token_with(Request::new().fresh()))).collect();
    for call in &mut calls {
        assert!(call.poll_once().is_none());
    }
    for call in &mut calls {
        assert_eq!(world.poll(call).unwrap().unwrap(), "a2");
    }
}

#[test]
fn a_call_during_a_request_that_began_earlier_gets_the_next_one() {
    let world = World::default();
    let manager = world.machine();
    world.reply(Reply::Holds);
    let mut first = Call::new(manager.token());
    assert!(world.poll(&mut first).is_none());
    assert_eq!(manager.state(), State::Refreshing);
    world.sleep_for(1);
    let mut fresh = Call::new(manager.token_with(Request::new().fresh()));
    assert!(world.poll(&mut fresh).is_none());
    world.release(token("old", 3600));
    assert_eq!(world.poll(&mut first).unwrap().unwrap(), "old");
    assert_eq!(world.poll(&mut fresh).unwrap().unwrap(), "a2");
    assert_eq!(manager.state(), State::Valid);
}

#[test]
fn a_token_that_is_due_is_replaced_beside_whoever_uses_it() {
    let world = World::default();
    let manager = world.machine();
    world.answer(token("a", 600));
    world.end(manager.token()).unwrap();
    world.sleep_for(590);
    world.reply(Reply::Holds);
    assert_eq!(world.end(manager.token()).unwrap(), "a");
    world.run();
    assert_eq!(world.asked(), 2);
    world.release(token("b", 600));
    world.run();
    assert_eq!(world.end(manager.token()).unwrap(), "b");
}

#[test]
fn where_nothing_goes_on_beside_those_who_ask_bring_what_is_due() {
    let world = World::default();
    let manager = TokenManager::new(super::world::machine(), world.options()).unwrap();
    world.answer(token("a", 600));
    world.end(manager.token()).unwrap();
    world.sleep_for(590);
    // Nobody waits for the next one: each call takes it a step on.
    let tokens: Vec<_> = (0..4).map(|_| world.end(manager.token()).unwrap()).collect();
    assert_eq!((tokens.first().unwrap().as_str(), tokens.last().unwrap().as_str()), ("a", "a2"));
    assert_eq!(world.asked(), 2);
}

#[test]
fn nobody_waits_for_what_has_ended_since_they_asked() {
    let world = World::default();
    let first = Arc::new(Mutex::new(None::<Call<String>>));
    let (ending, ended) = (world.clone(), Arc::clone(&first));
    // What another thread may do there: a listener hears of an old token's end after the manager has said what to wait for.
    let options = world.options().on_event(move |event| {
        let first = ended.lock().unwrap().take();
        if let (Event::Expired, Some(mut first)) = (event, first) {
            ending.release(token("b", 3600));
            assert_eq!(ending.poll(&mut first).unwrap().unwrap(), "b");
        }
    });
    let manager = TokenManager::new(super::world::machine(), options).unwrap();
    world.answer(token("a", 60));
    world.end(manager.token()).unwrap();
    world.sleep_for(57);
    world.reply(Reply::Holds);
    let mut call = Call::new(manager.token_with(Request::new().fresh()));
    assert!(world.poll(&mut call).is_none());
    *first.lock().unwrap() = Some(call);
    world.sleep_for(4);
    assert_eq!(world.end(manager.token()).unwrap(), "b");
    assert_eq!(world.asked(), 2);
}
