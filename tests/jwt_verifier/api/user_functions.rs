//! Functions of the program's: asked at every verification, and of good tokens only.

use std::sync::{Arc, Mutex};

use arcgate::{verifier::Builder, Code, Error, JwtVerifier, Provider};

use crate::{
    executor::turn,
    timelines::{issuer, set, table, token},
    world::World,
};

type Asked = Arc<Mutex<Vec<String>>>;

fn with(change: impl FnOnce(Builder, Asked) -> Builder) -> (JwtVerifier, Asked, World) {
    let asked = Asked::default();
    let world = World::new(table()["now"].as_f64().unwrap(), [set(&["1"])]);
    let provider = Provider::jwks_uri(issuer(), format!("{}/jwks", issuer())).audience("api");
    let builder = change(JwtVerifier::builder().provider("one", provider), Arc::clone(&asked));
    (world.around(builder).build().unwrap(), asked, world)
}

/// A verifier whose `is_revoked` says this of each token, a turn later.
fn revoking(says: impl Fn(&str) -> Result<bool, &'static str> + Send + Sync + 'static) -> (JwtVerifier, Asked, World) {
    with(|builder, asked| {
        builder.is_revoked(move |token| {
            let id = token.principal().id().to_owned();
            let answer = says(&id);
            asked.lock().unwrap().push(id);
            async move {
                turn().await;
                answer
            }
        })
    })
}

crate::tests! {
    async fn revocation_is_asked_on_every_use() {
        let (verifier, asked, _) = revoking(|_| Ok(false));
        for count in 1..=3 {
            verifier.verify(token("1", 0)).await.unwrap();
            assert_eq!(asked.lock().unwrap().len(), count);
        }
        assert!(verifier.asks_revocation());
    }

    async fn a_revoked_token_is_refused_though_it_was_accepted_before() {
        let is_revoked = Arc::new(Mutex::new(false));
        let says = Arc::clone(&is_revoked);
        let (verifier, ..) = revoking(move |_| Ok(*says.lock().unwrap()));
        verifier.verify(token("1", 0)).await.unwrap();
        *is_revoked.lock().unwrap() = true;
        assert_eq!(verifier.verify(token("1", 0)).await.unwrap_err().code(), Code::TokenRevoked);
        *is_revoked.lock().unwrap() = false;
        verifier.verify(token("1", 0)).await.unwrap();
    }

    async fn who_cant_say_lets_nobody_in() {
        let (verifier, ..) = revoking(|_| Err("no route to the list"));
        for _ in 0..2 {
            let error = verifier.verify(token("1", 0)).await.unwrap_err();
            assert_eq!(error.code(), Code::VerifierUnavailable);
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            assert_eq!(cause.as_deref(), Some("no route to the list"));
            assert!(!format!("{error} {error:?}").contains("route"));
            assert!(error.is_retryable());
        }
    }

    async fn nobody_is_asked_about_a_token_that_is_refused() {
        let (verifier, asked, _) = revoking(|_| Ok(false));
        let (head, _) = token("1", 0).rsplit_once('.').unwrap();
        let (_, other) = token("1", 1).rsplit_once('.').unwrap();
        verifier.verify(&format!("{head}.{other}")).await.unwrap_err();
        verifier.verify("a.b.c").await.unwrap_err();
        verifier.verify(token("2", 0)).await.unwrap_err();
        assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
    }

    async fn a_check_of_the_programs_refuses_with_its_own_error() {
        let (verifier, asked, _) = with(|builder, asked| {
            builder.check_claims(move |token| {
                let id = token.principal().id().to_owned();
                asked.lock().unwrap().push(id.clone());
                async move {
                    turn().await;
                    if id.ends_with(": 1") {
                        return Err(Error::new(Code::TokenClaim, "not one of ours"));
                    }
                    Ok(())
                }
            })
        });
        for _ in 0..2 {
            verifier.verify(token("1", 0)).await.unwrap();
            let error = verifier.verify(token("1", 1)).await.unwrap_err();
            assert_eq!((error.code(), error.message()), (Code::TokenClaim, "not one of ours"));
        }
        assert_eq!(asked.lock().unwrap().len(), 4);
    }

    async fn a_token_that_expires_while_the_program_thinks_is_refused() {
        let world = Arc::new(Mutex::new(None::<World>));
        let inner = Arc::clone(&world);
        let (verifier, _, outer) = with(|builder, _| {
            builder.is_revoked(move |_| {
                inner.lock().unwrap().as_ref().unwrap().sleep(41.0 * 86_400.0);
                async { Ok::<_, Error>(false) }
            })
        });
        *world.lock().unwrap() = Some(outer);
        assert_eq!(verifier.verify(token("1", 0)).await.unwrap_err().code(), Code::TokenExpired);
    }

    async fn attack_27_a_function_may_call_the_verifier_that_it_belongs_to() {
        let own = Arc::new(Mutex::new(None::<JwtVerifier>));
        let inner = Arc::clone(&own);
        let (verifier, asked, _) = with(|builder, asked| {
            builder.check_claims(move |token| {
                let id = token.principal().id().to_owned();
                asked.lock().unwrap().push(id.clone());
                let verifier = inner.lock().unwrap().clone().unwrap();
                let is_first = id.ends_with(": 0");
                async move {
                    if is_first {
                        let within = Box::pin(verifier.verify(crate::timelines::token("1", 1))).await?;
                        assert_eq!(within.principal().id(), "of key 1: 1");
                    }
                    Ok(())
                }
            })
        });
        *own.lock().unwrap() = Some(verifier.clone());
        let verified = verifier.verify(token("1", 0)).await.unwrap();
        assert_eq!(verified.principal().id(), "of key 1: 0");
        assert_eq!(*asked.lock().unwrap(), ["of key 1: 0", "of key 1: 1"]);
        // Or it would keep itself alive.
        own.lock().unwrap().take();
    }
}
