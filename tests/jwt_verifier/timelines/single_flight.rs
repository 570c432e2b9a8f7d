//! Who fetches and who waits.

use arcgate::{Code, VerifiedToken};

use super::*;
use crate::executor::{all, begin, Task};

/// So many callers at once, each with a token of its own of forty.
async fn at_once(line: &Line, count: usize) -> Vec<Result<VerifiedToken, Error>> {
    let ask = |n| Box::pin(line.verify(token("1", n % 40))) as Task<'_, _>;
    all((0..count).map(ask).collect()).await
}

fn all_accepted(results: &[Result<VerifiedToken, Error>]) {
    for result in results {
        assert!(result.is_ok(), "{result:?}");
    }
}

crate::tests! {
    async fn twenty_cold_callers_cause_one_fetch() {
        let line = Line::new([set(&["1"])]);
        all_accepted(&at_once(&line, 20).await);
        assert_eq!(line.asked(), ["/jwks"]);
    }

    async fn a_thousand_cold_callers_cause_one_fetch() {
        let line = Line::new([set(&["1"])]);
        let results = at_once(&line, 1000).await;
        assert_eq!(results.len(), 1000);
        all_accepted(&results);
        assert_eq!(line.asked(), ["/jwks"]);
    }

    async fn each_of_many_gets_its_own_answer() {
        let line = Line::new([set(&["1", "2"])]);
        let tokens: Vec<_> = (0..200).map(|n| (["1", "2", "3"][n % 3], n % 40)).collect();
        let ask = |(kid, n): &(&'static str, usize)| Box::pin(line.verify(token(kid, *n))) as Task<'_, _>;
        let results: Vec<Result<VerifiedToken, Error>> = all(tokens.iter().map(ask).collect()).await;
        for ((kid, n), result) in tokens.iter().zip(&results) {
            match result {
                Ok(verified) => assert_eq!(verified.principal().id(), format!("of key {kid}: {n}")),
                Err(error) => {
                    assert_eq!(*kid, "3", "{error}");
                    assert!(matches!(error.code(), Code::KeyNotFound | Code::JwksUnavailable), "{error}");
                }
            }
        }
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 134);
    }

    async fn clones_are_the_same_verifier() {
        let line = Line::new([set(&["1"])]);
        let clones = vec![line.verifier.clone(); 20];
        let ask = |(n, verifier): (usize, &'static JwtVerifier)| Box::pin(verifier.verify(token("1", n))) as Task<'_, _>;
        let clones: &'static [JwtVerifier] = clones.leak();
        all_accepted(&all(clones.iter().enumerate().map(ask).collect()).await);
        assert_eq!(line.world.requests(), 1);
    }

    async fn ten_cold_callers_of_a_failing_provider_cause_one_fetch() {
        let line = Line::new([status(503)]);
        for result in at_once(&line, 10).await {
            assert_eq!(result.unwrap_err().code(), Code::JwksUnavailable);
        }
        assert_eq!(line.asked(), ["/jwks"]);
    }

    async fn waiters_are_woken_by_the_answer_and_by_nothing_else() {
        let world = World::new(table()["now"].as_f64().unwrap(), [set(&["1"])]);
        let provider = Provider::jwks_uri(issuer(), format!("{}/jwks", issuer())).any_audience();
        // No pause ever ends: who waited for one would wait for ever.
        let builder = JwtVerifier::builder().provider("one", provider).sleep(|_| std::future::pending());
        let line = Line { verifier: world.around(builder).build().unwrap(), world };
        all_accepted(&at_once(&line, 20).await);
        assert_eq!(line.asked(), ["/jwks"]);
    }

    async fn a_dropped_owner_holds_nobody() {
        let line = Line::new([Answer::Hangs, set(&["1"])]);
        line.world.run_on();
        let mut owner = Box::pin(line.verify(token("1", 0)));
        begin(&mut owner).await;
        drop(owner);
        all_accepted(&at_once(&line, 20).await);
        assert_eq!(line.asked(), ["/jwks", "/jwks"]);
    }

    async fn an_owner_that_nobody_polls_holds_nobody() {
        let line = Line::new([Answer::Hangs, set(&["1"])]);
        line.world.run_on();
        let mut owner = Box::pin(line.verify(token("1", 0)));
        begin(&mut owner).await;
        // Neither polled nor dropped: so it is with a request that workerd has cancelled.
        std::mem::forget(owner);
        all_accepted(&at_once(&line, 20).await);
        assert_eq!(line.asked(), ["/jwks", "/jwks"]);
    }

    async fn waiters_go_on_when_their_owner_is_dropped() {
        let line = Line::new([Answer::Hangs, set(&["1"])]);
        line.world.run_on();
        let mut owner = Box::pin(line.verify(token("1", 0)));
        begin(&mut owner).await;
        let mut waiters: Vec<_> = (1..20).map(|n| Box::pin(line.verify(token("1", n)))).collect();
        for waiter in &mut waiters {
            begin(waiter).await;
        }
        drop(owner);
        let tasks = waiters.into_iter().map(|waiter| waiter as Task<'_, _>).collect();
        all_accepted(&all(tasks).await);
        assert_eq!(line.asked(), ["/jwks", "/jwks"]);
    }

    async fn a_waiter_that_is_dropped_harms_nobody() {
        let line = Line::new([set(&["1"])]);
        let mut owner = Box::pin(line.verify(token("1", 0)));
        begin(&mut owner).await;
        let mut waiter = Box::pin(line.verify(token("1", 1)));
        begin(&mut waiter).await;
        drop(waiter);
        owner.await.unwrap();
        all_accepted(&at_once(&line, 20).await);
        assert_eq!(line.world.requests(), 1);
    }

    async fn whoever_is_dropped_at_any_step_leaves_nothing_hanging() {
        // Dropped after so many turns: in the fetch, in the key's import, in the check.
        for turns in 0..12 {
            let line = Line::new([set(&["1"])]);
            line.world.run_on();
            let mut first = Box::pin(line.verify(token("1", 0)));
            let mut is_over = false;
            for _ in 0..=turns {
                is_over = is_over || crate::executor::poll_once(&mut first).await;
                crate::executor::turn().await;
            }
            if !is_over {
                drop(first);
            }
            line.accepts(token("1", 1)).await;
            line.accepts(token("1", 0)).await;
        }
    }
}
