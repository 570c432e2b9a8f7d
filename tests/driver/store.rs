//! A second tier for keys.

use std::{
    future::{pending, ready},
    sync::{Arc, Mutex},
};

use super::*;

type Shelf = Arc<Mutex<Vec<(String, String)>>>;

/// A world with a second tier that answers with this, or never.
fn with_store(shelf: &Shelf, answers: bool) -> World {
    let (there, here) = (Arc::clone(shelf), Arc::clone(shelf));
    World::with(|builder| {
        builder.jwks_store(
            move |issuer| {
                let found =
                    there.lock().unwrap().iter().rev().find(|(own, _)| *own == issuer).map(|(_, keys)| keys.clone());
                async move {
                    if !answers {
                        pending::<()>().await;
                    }
                    found
                }
            },
            move |issuer, keys| {
                here.lock().unwrap().push((issuer, keys));
                ready(())
            },
        )
    })
}

#[test]
fn what_one_instance_has_fetched_another_need_not() {
    let shelf = Shelf::default();
    let mut one = with_store(&shelf, true);
    let (_, cold) = one.verify(token(1, "cold"));
    one.tasks.run();
    one.answer(&[1]);
    assert!(cold.take().unwrap().is_ok());
    let written = shelf.lock().unwrap().clone();
    assert_eq!((written.len(), written[0].0.as_str()), (1, world::ISSUER));
    assert!(one.verdict(token(1, "again")).is_ok());

    let mut other = with_store(&shelf, true);
    assert!(other.verdict(token(1, "there")).is_ok());
    assert_eq!((other.requests(), shelf.lock().unwrap().len()), (0, 1));
}

#[test]
fn a_second_tier_that_never_answers_holds_everybody_for_a_second_once() {
    let shelf = Shelf::default();
    let mut world = with_store(&shelf, false);
    let outcomes: Vec<_> = (0..10).map(|n| world.verify(token(1, &n.to_string())).1).collect();
    world.tasks.run();
    assert_eq!(world.requests(), 0);
    world.pass(999);
    assert_eq!(world.requests(), 0);
    world.pass(1);
    assert_eq!(world.requests(), 1);
    world.answer(&[1]);
    assert!(outcomes.iter().all(|outcome| outcome.take().unwrap().is_ok()));
    assert!(world.verdict(token(1, "later")).is_ok());
}

#[test]
fn whoever_reads_may_end_in_the_midst_of_it() {
    for leak in [false, true] {
        let shelf = Shelf::default();
        let mut world = with_store(&shelf, false);
        let (reader, _) = world.verify(token(1, "reader"));
        let (_, other) = world.verify(token(1, "other"));
        world.tasks.run();
        if leak {
            world.tasks.leak(reader);
        } else {
            world.tasks.drop(reader);
        }
        world.pass(1000);
        world.answer(&[1]);
        assert!(other.take().unwrap().is_ok());
    }
}

#[test]
fn what_is_no_snapshot_is_left_alone() {
    let shelf = Shelf::default();
    for wrong in ["", "{}", "]", "[1]", "\u{0}"] {
        shelf.lock().unwrap().push((world::ISSUER.into(), wrong.into()));
        let mut world = with_store(&shelf, true);
        let (_, outcome) = world.verify(token(1, "a"));
        world.tasks.run();
        world.answer(&[1]);
        assert!(outcome.take().unwrap().is_ok(), "{wrong}");
    }
}
