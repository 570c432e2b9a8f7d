//! Random timelines: what holds whatever frames, drops, resumes and reports come, and in whatever order.

use proptest::prelude::*;

use super::{
    known::{Jobs, Kind},
    model::Run,
    steps::{steps, steps_and_losses, Step},
    storage::Damage,
    *,
};

pub(crate) const WINDOW: i64 = 60_000;
const EVENTS: usize = 40;

fn damage() -> impl Strategy<Value = Damage> {
    let texts =
        ["", "-", "- 1 1\nab\n", "~5 0 2\n{}\n", "sess_", "job_1", "{}", "[]", "null", "99999999999999999999", "0 0 0"];
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!({"a": 1})),
        any::<i64>().prop_map(Value::from),
        (-2..3_i64).prop_map(Value::from),
        Just(json!(1e300)),
        Just(json!(0.5)),
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    (any::<usize>(), any::<usize>(), 0..600_usize, value).prop_map(|(table, row, column, value)| Damage {
        table,
        row,
        column,
        value,
    })
}

fn options() -> Value {
    json!({"resumeWindowSec": WINDOW / 1000, "maxBufferedEvents": EVENTS, "maxSessions": 3, "maxJobs": 5})
}

/// In the end every job has ended, and everybody who is connected knows of those that it follows.
fn play(world: World, steps: Vec<Step>) -> Run {
    let mut run = Run { world, sessions: Vec::new(), jobs: Jobs::default() };
    run.connect("alice", Kind::Acks);
    for step in steps {
        run.step(step);
    }
    if let Some(storage) = &mut run.world.storage {
        storage.crash = None;
    }
    // Whoever is closed as too slow at the end of its jobs has its window after that.
    run.world.sleep(86_400_000 + WINDOW);
    run.read();
    // Of those who have agreed to acknowledge, nobody is sent more than fits until they do.
    run.acknowledge_all();
    for known in run.sessions.iter().filter(|known| known.is_up && known.previous.is_none()) {
        for (session, job) in &run.jobs.watched {
            let place = (session.clone(), job.clone());
            if *session == known.client.session && !run.jobs.replayed.contains(&place) {
                assert!(known.ends.contains_key(job), "{job} never ended for {session}");
            }
        }
    }
    run
}

/// Everybody goes.
fn end(run: &mut Run) {
    for known in &run.sessions {
        run.world.drop_conn(&known.client.clone());
    }
    run.world.sleep(WINDOW);
    assert_eq!(run.world.hub.counts().0, 0, "no session is left");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens(steps in steps()) {
        let mut run = play(World::with(options()), steps);
        prop_assert!(run.world.hub.poll_timeout().is_none());
        end(&mut run);
    }

    /// The same, whenever the hub is lost, and in whatever state of what it writes.
    #[test]
    fn whatever_is_lost(steps in steps_and_losses()) {
        let mut run = play(World::stored(options()), steps);
        end(&mut run);
        run.world.sleep(2 * 86_400_000);
        prop_assert!(run.world.hub.is_empty() && run.world.hub.poll_timeout().is_none());
        let left = run.world.storage();
        prop_assert_eq!(left.rows(), 0, "nothing is left: {:?}", left);
    }

    /// Nothing that stands in the storage stops the hub, nor whoever comes next.
    #[test]
    fn whatever_the_storage_says(steps in steps(), damages in prop::collection::vec(damage(), 1..12), has_sockets in any::<bool>()) {
        let mut run = Run { world: World::stored(options()), sessions: Vec::new(), jobs: Jobs::default() };
        run.connect("alice", Kind::Acks);
        for step in steps {
            run.step(step);
        }
        let mut world = run.world;
        damages.iter().for_each(|damage| world.storage().damage(damage));
        for has_sockets in [has_sockets, false] {
            world.restart(has_sockets);
            let client = world.connect("carol");
            let job = world.submit(&client, &json!({"agent": "echo"}));
            world.output(&job, &json!(1));
            let got = world.got(client.conn);
            prop_assert_eq!(types(&got), ["job.result"]);
            world.drop_conn(&client);
        }
        world.sleep(2 * 86_400_000);
        prop_assert!(world.hub.is_empty());
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,200}", cut in 0..400_usize, fill in any::<u8>()) {
        let mut world = World::new();
        let client = world.connect("alice");
        let job = world.submit(&client, &json!({"agent": "count"}));
        let whole = Frame::new("job.submit", "01J", "{\"agent\":\"echo\",\"input\":{\"a\":[1,2,{\"b\":\"c\"}]}}").write();
        let mut damaged = whole.into_bytes();
        let at = cut % damaged.len();
        damaged[at] = fill;
        let damaged = String::from_utf8_lossy(&damaged).into_owned();
        let mut client = client;
        for text in [&text, &damaged, &damaged[..damaged.floor_char_boundary(at)].to_owned()] {
            world.hub.handle_event(&job, text, world.time());
            world.hub.handle_hello(77, text, &[0; 32], false, world.time());
            world.text(client.conn, text);
            if world.got(client.conn).iter().any(|frame| frame.get("close").is_some()) {
                client = world.resume(&client, 0);
                world.got(client.conn);
            }
        }
        world.hub.handle_output(&job, Some(&text), world.time());
        world.drain();
    }
}
