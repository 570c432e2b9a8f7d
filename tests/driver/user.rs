//! What the user's own functions have to say.

use std::sync::{
    atomic::{AtomicI64, AtomicUsize, Ordering},
    Arc, Mutex,
};

use arcgate::{verifier::Event, Error};

use super::*;

/// A world with more options, whose keys are here.
fn warm(options: impl FnOnce(arcgate::verifier::Builder) -> arcgate::verifier::Builder) -> World {
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
