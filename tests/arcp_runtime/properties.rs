//! Random timelines: what holds whatever frames, drops, resumes and reports come, and in whatever order.

use proptest::prelude::*;

use super::{
    model::{Jobs, Run},
    steps::steps,
    *,
};

pub(crate) const WINDOW: i64 = 60_000;
const EVENTS: usize = 40;

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens(steps in steps()) {
        let options = json!({"resumeWindowSec": WINDOW / 1000, "maxBufferedEvents": EVENTS, "maxSessions": 3, "maxJobs": 5});
        let mut run = Run { world: World::with(options), sessions: Vec::new(), jobs: Jobs::default() };
        run.connect("alice");
        for step in steps {
            run.step(step);
        }
        // In the end every job has ended, and everybody who is connected knows of those that it follows.
        // Whoever is closed as too slow at the end of its jobs has its window after that.
        run.world.sleep(86_400_000 + WINDOW);
        run.read();
        // Of those who have agreed to acknowledge, nobody is sent more than fits until they do.
        run.acknowledge_all();
        for known in run.sessions.iter().filter(|known| known.is_up && known.previous.is_none()) {
            for (session, job) in &run.jobs.watched {
                let is_submitted = *session == known.client.session && !run.jobs.replayed.contains(&(session.clone(), job.clone()));
                if is_submitted {
                    prop_assert!(known.ends.contains_key(job), "{job} never ended for {session}");
                }
            }
        }
        prop_assert!(run.world.hub.poll_timeout().is_none());
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
