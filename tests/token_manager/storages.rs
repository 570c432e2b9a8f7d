//! Storages that keep, fail and hang.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

use arcgate::{
    fetch::Response,
    tokens::{Event, Options, Request, Storage},
    TokenManager,
};

use super::world::{machine, person, Call, Reply, World};

#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    text: Option<String>,
    fails: bool,
    hangs: bool,
    writes: Vec<String>,
    waiting: Vec<Waker>,
}

impl Shelf {
    async fn ready(&self) -> Result<(), &'static str> {
        poll_fn(|context| {
            let mut inner = self.0.lock().unwrap();
            match (inner.hangs, inner.fails) {
                (true, _) => {
                    inner.waiting.push(context.waker().clone());
                    Poll::Pending
                }
                (false, true) => Poll::Ready(Err("out of order")),
                (false, false) => Poll::Ready(Ok(())),
            }
        })
        .await
    }

    fn set(&self, fails: bool, hangs: bool) {
        let mut inner = self.0.lock().unwrap();
        (inner.fails, inner.hangs) = (fails, hangs);
        inner.waiting.drain(..).for_each(Waker::wake);
    }

    fn text(&self) -> Option<String> {
        self.0.lock().unwrap().text.clone()
    }
}

impl Storage for Shelf {
    type Error = &'static str;

    async fn load(&self) -> Result<Option<String>, Self::Error> {
        self.ready().await?;
        Ok(self.text())
    }

    async fn store(&self, tokens: &str) -> Result<(), Self::Error> {
        self.0.lock().unwrap().writes.push(tokens.to_owned());
        self.ready().await?;
        self.0.lock().unwrap().text = Some(tokens.to_owned());
        Ok(())
    }

    async fn delete(&self) -> Result<(), Self::Error> {
        self.ready().await?;
        self.0.lock().unwrap().text = None;
        Ok(())
    }
}

fn each(test: impl Fn(&World, &dyn Fn(&Shelf) -> Options)) {
    let world = World::default();
    test(&world, &|shelf| world.options().storage(shelf.clone()));
    let world = World::default();
    test(&world, &|shelf| world.spawning().storage(shelf.clone()));
}

#[test]
fn another_manager_goes_on_with_what_is_stored() {
    each(|world, options| {
        let shelf = Shelf::default();
        let first = TokenManager::new(machine(), options(&shelf)).unwrap();
        assert_eq!(world.end(first.token()).unwrap(), "a1");
        let second = TokenManager::new(machine(), options(&shelf)).unwrap();
        assert_eq!(world.end(second.token()).unwrap(), "a1");
        assert_eq!(world.asked(), 1);
        // Of another source nothing is taken.
        let other = TokenManager::new(machine().scope("x"), options(&shelf)).unwrap();
        assert_eq!(world.end(other.token()).unwrap(), "a2");
        assert!(world.events().iter().any(|event| matches!(event, Event::Adopted { .. })));
    });
}

#[test]
fn a_storage_that_fails_or_hangs_costs_no_token() {
    for (fails, hangs) in [(true, false), (false, true)] {
        each(|world, options| {
            let shelf = Shelf::default();
            shelf.set(fails, hangs);
            let manager = TokenManager::new(machine(), options(&shelf)).unwrap();
            let mut call = Call::new(manager.token());
            // Five seconds to read, and five to write.
            let ended = (0..12).find_map(|_| {
                let ended = world.poll(&mut call);
                world.pass(1);
                ended
            });
            assert_eq!(ended.unwrap().unwrap(), "a1");
            assert!(world.events().iter().any(|event| matches!(event, Event::NotStored)));
            assert_eq!(shelf.text(), None);
        });
    }
}

#[test]
fn a_refresh_token_survives_whoever_leaves_between_answer_and_store() {
    each(|world, options| {
        let shelf = Shelf::default();
        let manager = TokenManager::new(person(), options(&shelf)).unwrap();
        let mut call = Call::new(manager.token());
        world.reply(Reply::Holds);
        assert!(world.poll(&mut call).is_none());
        shelf.set(false, true);
        world.release(Response::new(200, r#"{"access_token":"a1","refresh_token":"r1","expires_in":3600}"#));
        assert!(world.poll(&mut call).is_none());
        assert_eq!(shelf.0.lock().unwrap().writes.len(), 1);
        drop(call);
        shelf.set(false, false);
        assert_eq!(world.end(manager.token()).unwrap(), "a1");
        assert!(shelf.text().unwrap().contains(r#""refreshToken":"r1""#));
        world.end(manager.token_with(Request::new().fresh())).unwrap();
        let sent: Vec<_> = world.requests().into_iter().filter_map(|request| request.body).collect();
        assert!(sent.len() == 2 && sent[0].contains("=r0&") && sent[1].contains("=r1&"), "{sent:?}");
    });
}

#[test]
fn what_is_handed_in_is_stored_and_what_is_revoked_is_not_there_any_more() {
    each(|world, options| {
        let shelf = Shelf::default();
        let manager = TokenManager::new(machine(), options(&shelf)).unwrap();
        world.end(manager.set_token("t")).unwrap();
        assert!(shelf.text().unwrap().contains(r#""accessToken":"t""#));
        // The endpoint's place for that is not known.
        world.end(manager.revoke()).unwrap_err();
        assert_eq!(shelf.text(), None);
        shelf.set(true, false);
        world.end(manager.set_token("t")).unwrap();
        assert!(world.events().iter().any(|event| matches!(event, Event::NotStored)));
    });
}
