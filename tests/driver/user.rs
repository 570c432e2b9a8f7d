//! What the user's own functions have to say.

use std::{
    future::{pending, poll_fn},
    sync::{
        atomic::{AtomicI64, AtomicUsize, Ordering},
        Arc, Mutex,
    },
    task::{Poll, Waker},
    time::Duration,
};

use arcgate::{
    verifier::{Builder, Event, JwksCache},
    Error,
};

use super::*;

/// A world with more options, whose keys are here.
fn warm(options: impl FnOnce(Builder) -> Builder) -> World {
    let mut world = World::with(options);
    world.verifier.import_keys(&World::warm(&[1]).verifier.export_keys()).unwrap();
    world.tasks.run();
    world
}

#[test]
fn whether_a_token_is_revoked_is_asked_each_time() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let mut world = warm(|builder| {
        builder.is_revoked(move |token| {
            let n = count.fetch_add(1, Ordering::SeqCst);
            async move {
                match n {
                    0 | 1 => Ok(false),
                    2 => Ok(token.principal().id() == "a"),
                    _ => Err("the list can't be read"),
                }
            }
        })
    });
    assert!(world.verifier.asks_revocation());
    assert!(world.verdict(token(1, "a")).is_ok());
    assert!(world.verdict(token(1, "a")).is_ok());
    assert_eq!(world.verdict(token(1, "a")).unwrap_err().code(), Code::TokenRevoked);
    let error = world.verdict(token(1, "a")).unwrap_err();
    assert_eq!(error.code(), Code::VerifierUnavailable);
    assert!(error.code().is_retryable());
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    assert!(world.verdict(super::world::signed(2, "1", "forged")).is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 4, "nobody is asked about a token that is not good");
}

#[test]
fn a_check_of_ones_own_refuses_with_its_own_error() {
    let mut world = warm(|builder| {
        builder.check_claims(|token| async move {
            match token.principal().id() {
                "good" => Ok(()),
                _ => Err(Error::new(Code::PermissionDenied, "not today")),
            }
        })
    });
    assert!(!world.verifier.asks_revocation());
    assert!(world.verdict(token(1, "good")).is_ok());
    for _ in 0..2 {
        assert_eq!(world.verdict(token(1, "bad")).unwrap_err().code(), Code::PermissionDenied);
    }
}

#[test]
fn a_function_that_never_answers_holds_its_caller_for_the_time_of_a_request() {
    let asks_list = |builder: Builder| builder.is_revoked(|_| pending::<Result<bool, Error>>());
    let asks_check = |builder: Builder| builder.check_claims(|_| pending());
    let patient = |builder: Builder| builder.jwks_cache(JwksCache::new().timeout(Duration::from_secs(20)));
    for (mut world, millis) in [
        (warm(asks_list), 5_000),
        (warm(asks_check), 5_000),
        (warm(|builder| asks_list(patient(builder))), 20_000),
        (warm(|builder| asks_check(patient(builder))), 20_000),
    ] {
        let outcomes: Vec<_> = (0..3).map(|n| world.verify(token(1, &n.to_string())).1).collect();
        world.tasks.run();
        world.pass(millis - 1);
        assert!(outcomes.iter().all(|outcome| outcome.take().is_none()), "{millis}");
        world.pass(1);
        for outcome in &outcomes {
            let error = outcome.take().expect("nobody waits any longer").unwrap_err();
            assert_eq!((error.code(), error.is_retryable()), (Code::VerifierUnavailable, true));
            let said = error.message();
            assert!(said.ends_with(&format!("within {millis} ms (`jwks_cache.timeout`)")), "{said}");
        }
    }
}

#[test]
fn a_function_that_answers_in_time_is_heard_and_one_that_answers_at_once_needs_no_timer() {
    let list: Arc<Mutex<(bool, Option<Waker>)>> = Arc::default();
    let own = Arc::clone(&list);
    let mut world = warm(|builder| {
        builder.is_revoked(move |token| {
            let list = Arc::clone(&own);
            poll_fn(move |context| {
                let mut list = list.lock().unwrap();
                if token.principal().id() == "at once" {
                    return Poll::Ready(Ok::<_, Error>(false));
                }
                list.1 = Some(context.waker().clone());
                if list.0 {
                    Poll::Ready(Ok(true))
                } else {
                    Poll::Pending
                }
            })
        })
    });
    assert!(world.verdict(token(1, "at once")).is_ok());
    assert_eq!(world.timers(), 0);
    let (_, slow) = world.verify(token(1, "slow"));
    world.tasks.run();
    assert_eq!(world.timers(), 1);
    world.pass(4_999);
    assert!(slow.take().is_none());
    let waker = {
        let mut list = list.lock().unwrap();
        list.0 = true;
        list.1.take().unwrap()
    };
    waker.wake();
    world.tasks.run();
    assert_eq!(slow.take().unwrap().unwrap_err().code(), Code::TokenRevoked);
}

#[test]
fn a_token_that_ends_while_it_is_asked_about_is_refused() {
    let late = Arc::new(AtomicI64::new(0));
    let (clock, slow) = (Arc::clone(&late), Arc::clone(&late));
    let mut world = warm(|builder| {
        builder.clock(move || arcgate::Time::from_millis(1.8e12 + clock.load(Ordering::SeqCst) as f64)).is_revoked(
            move |_| {
                slow.store(200_000_000, Ordering::SeqCst);
                async { Ok::<_, Error>(false) }
            },
        )
    });
    assert_eq!(world.verdict(token(1, "a")).unwrap_err().code(), Code::TokenExpired);
}

#[test]
fn a_function_may_call_the_verifier_back() {
    let back: Arc<Mutex<Option<arcgate::JwtVerifier>>> = Arc::default();
    let own = Arc::clone(&back);
    let mut world = warm(|builder| {
        builder.is_revoked(move |token| {
            let verifier = own.lock().unwrap().clone();
            async move {
                if token.principal().id() == "inner" {
                    return Ok(false);
                }
                verifier.unwrap().verify(&super::token(1, "inner")).await.map(|_| false)
            }
        })
    });
    *back.lock().unwrap() = Some(world.verifier.clone());
    assert!(world.verdict(token(1, "outer")).is_ok());
}

#[test]
fn scopes_that_a_call_needs_are_asked_for_before_anybody_is() {
    let mut world = warm(|builder| builder.is_revoked(|_| async { Ok::<_, Error>(true) }));
    let verifier = world.verifier.clone();
    let (_, outcome) = world.tasks.add(async move { verifier.verify_with(&token(1, "a"), &["write"]).await });
    world.tasks.run();
    assert_eq!(outcome.take().unwrap().unwrap_err().code(), Code::TokenScope);
}

#[test]
fn a_listener_hears_what_happened_and_no_token() {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let own = Arc::clone(&told);
    let mut world = World::with(|builder| {
        builder.on_event(move |event| {
            let what = match event {
                Event::TokenAccepted { token, .. } => format!("accepted {}", token.principal().id()),
                Event::TokenRefused { error, .. } => format!("refused {}", error.code().as_str()),
                Event::TokenLongLived { provider, .. } => format!("long-lived {provider}"),
                Event::KeysFetched { provider, .. } => format!("fetched {provider}"),
                _ => String::new(),
            };
            assert!(!format!("{event:?}").contains("eyJ"));
            own.lock().unwrap().push(what);
        })
    });
    world.verify(token(1, "a"));
    world.tasks.run();
    world.answer(&[1]);
    let _ = world.verdict(token(1, "a"));
    let _ = world.verdict(super::world::signed(2, "1", "b"));
    let expected = ["fetched a", "accepted a", "long-lived a", "accepted a", "refused ERR_TOKEN_SIGNATURE"];
    assert_eq!(*told.lock().unwrap(), expected);
}
