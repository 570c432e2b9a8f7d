//! Callers who leave, and performers who are gone without a word: nobody else hangs, and no request is made twice for it.

use std::sync::Arc;

use arcgate::{
    fetch::Response,
    tokens::{CallbackError, Options, Source},
    TokenManager,
};

use super::world::{person, token, Call, Reply, World};

fn each(test: impl Fn(&World, Options)) {
    let world = World::default();
    test(&world, world.options());
    let world = World::default();
    test(&world, world.spawning());
}

#[test]
fn a_thousand_callers_cost_one_request() {
    each(|world, options| {
        let manager = TokenManager::new(super::world::machine(), options).unwrap();
        world.reply(Reply::Holds);
        let mut calls: Vec<_> = (0..1000).map(|_| Call::new(manager.token())).collect();
        for call in &mut calls {
            assert!(world.poll(call).is_none());
        }
        world.release(token("a", 3600));
        for call in &mut calls {
            assert_eq!(world.poll(call).unwrap().unwrap(), "a");
        }
        assert_eq!(world.asked(), 1);
    });
}

#[test]
fn whoever_leaves_at_any_moment_leaves_the_request_to_the_others() {
    each(|world, options| {
        let manager = TokenManager::new(person(), options).unwrap();
        let mut asked = 0;
        for polls in 0..12 {
            world.sleep_for(100);
            manager.invalidate(&format!("a{polls}"));
            world.reply(Reply::Holds);
            let mut first = Call::new(manager.token());
            for _ in 0..polls {
                assert!(first.poll_once().is_none());
                if polls % 2 == 0 {
                    world.run();
                }
            }
            drop(first);
            let mut second = Call::new(manager.token());
            assert!(world.poll(&mut second).is_none(), "{polls}");
            asked += 1;
            assert_eq!(world.asked(), asked, "{polls}");
            let sent = world.requests()[asked - 1].body.clone().unwrap();
            assert!(sent.contains(&format!("refresh_token=r{polls}&")), "{sent}");
            let next = polls + 1;
            let answer = format!(r#"{{"access_token":"a{next}","refresh_token":"r{next}","expires_in":3600}}"#);
            world.release(Response::new(200, answer));
            assert_eq!(world.poll(&mut second).unwrap().unwrap(), format!("a{next}"));
        }
    });
}

#[test]
fn an_answer_that_nobody_waits_for_is_kept() {
    let world = World::default();
    let manager = TokenManager::new(person(), world.options()).unwrap();
    world.reply(Reply::Holds);
    let mut first = Call::new(manager.token());
    assert!(world.poll(&mut first).is_none());
    drop(first);
    world.release(Response::new(200, r#"{"access_token":"a","refresh_token":"r1","expires_in":3600}"#));
    // Long after it counts as lost, and another one may ask: what was answered is looked at first.
    world.sleep_for(70);
    world.reply(Reply::Holds);
    let mut second = Call::new(manager.token());
    let ended = world.poll(&mut second);
    assert_eq!(ended.unwrap().unwrap(), "a");
    let sent: Vec<_> = world.requests().into_iter().filter_map(|request| request.body).collect();
    assert!(sent.iter().all(|body| body.contains("refresh_token=r0")) && sent.len() == 1, "{sent:?}");
}

#[test]
fn whoever_performs_it_and_is_never_polled_again_is_replaced_within_the_cores_bound() {
    let world = World::default();
    let manager = world.machine();
    world.reply(Reply::Holds);
    let mut calls: Vec<_> = (0..100).map(|_| Call::new(manager.token())).collect();
    for call in &mut calls {
        assert!(world.poll(call).is_none());
    }
    assert_eq!(world.asked(), 1);
    world.cancel_all();
    for second in 0..12 {
        assert_eq!(world.asked(), 1 + usize::from(second > 10), "{second}");
        world.pass(1);
        calls.retain_mut(|call| match world.poll(call) {
            Some(ended) => {
                assert_eq!(ended.unwrap(), "a2");
                false
            }
            None => true,
        });
    }
    assert!(calls.is_empty());
    assert_eq!(world.asked(), 2);
    assert_eq!(world.end(manager.token()).unwrap(), "a2");
}

#[test]
fn work_that_a_runtime_drops_is_replaced_too() {
    let world = World::default();
    let manager = world.machine();
    world.reply(Reply::Holds);
    let mut call = Call::new(manager.token());
    assert!(world.poll(&mut call).is_none());
    world.drop_all();
    let ended = (0..15).find_map(|_| {
        world.pass(1);
        world.poll(&mut call)
    });
    assert_eq!(ended.unwrap().unwrap(), "a2");
}

#[test]
fn a_request_that_its_platform_keeps_alive_outlives_the_caller() {
    let world = World::default();
    let manager = TokenManager::new(person(), world.options()).unwrap();
    let kept = world.clone();
    let of_request = manager.wait_until(move |work| kept.spawn(work));
    world.reply(Reply::Holds);
    let mut call = Call::new(of_request.token());
    assert!(world.poll(&mut call).is_none());
    drop((call, of_request));
    world.release(token("a", 3600));
    world.run();
    assert_eq!(world.under_way(), 0);
    assert_eq!(world.end(manager.token()).unwrap(), "a");
    assert_eq!(world.asked(), 1);
}

#[test]
fn a_manager_that_nobody_holds_is_gone_whatever_was_under_way() {
    for has_call in [false, true] {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let source = Source::callback(move |_| {
            let held = Arc::clone(&held);
            async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok::<_, CallbackError>("never")
            }
        });
        let world = World::default();
        let manager = TokenManager::new(source, world.options()).unwrap();
        let mut call = Call::new(manager.token());
        assert!(world.poll(&mut call).is_none());
        // The function holds it, and what it has begun.
        assert_eq!(Arc::strong_count(&alive), 3);
        if has_call {
            drop(manager);
            assert_eq!(Arc::strong_count(&alive), 3);
            drop(call);
        } else {
            drop(call);
            drop(manager);
        }
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}

#[test]
fn a_call_outlives_the_manager_that_it_was_made_of() {
    each(|world, options| {
        let manager = TokenManager::new(super::world::machine(), options).unwrap();
        world.reply(Reply::Holds);
        let mut call = Call::new(manager.token());
        assert!(world.poll(&mut call).is_none());
        drop(manager);
        assert!(world.poll(&mut call).is_none());
        world.release(token("a", 3600));
        assert_eq!(world.poll(&mut call).unwrap().unwrap(), "a");
        drop(call);
        world.run();
        assert_eq!(world.under_way(), 0);
    });
}
