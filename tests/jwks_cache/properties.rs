//! Random timelines: what holds whatever happens, and in whatever order.

use proptest::prelude::*;

use super::*;

const COOLDOWN: i64 = 5000;
const MAX_AGE: i64 = 600_000;
const STALE: i64 = 3_600_000;

#[derive(Clone, Debug)]
enum Event {
    /// Time passes.
    Sleep(i64),
    /// Somebody sets the clock, by this many milliseconds; more than what is taken for jitter, if back.
    Set(i64),
    /// A token of this key comes.
    Token(u8),
    /// So many tokens with names that nobody has.
    Flood(u8),
    /// The oldest, or the newest, fetch under way is answered with these keys; none of them is a failure.
    Answer { newest: bool, keys: Vec<u8> },
    /// It ends in another way.
    Fail { newest: bool, how: u8 },
    /// Its owner is cancelled without a word.
    Lose { newest: bool },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let hour = 3_600_000;
    let event = prop_oneof![
        4 => (1..3000_i64).prop_map(Event::Sleep),
        2 => (1000..900_000_i64).prop_map(Event::Sleep),
        1 => prop_oneof![Just(-24 * hour), Just(-hour), Just(hour), Just(24 * hour), -5000..-1000_i64, 0..5000_i64].prop_map(Event::Set),
        6 => (1..4_u8).prop_map(Event::Token),
        3 => (1..30_u8).prop_map(Event::Flood),
        5 => (any::<bool>(), prop::collection::vec(1..4_u8, 0..3)).prop_map(|(newest, keys)| Event::Answer { newest, keys }),
        2 => (any::<bool>(), 0..4_u8).prop_map(|(newest, how)| Event::Fail { newest, how }),
        1 => any::<bool>().prop_map(|newest| Event::Lose { newest }),
    ];
    prop::collection::vec(event, 1..200)
}

/// What the test knows by itself, in time that really passes; a clock set forward counts, one set back doesn't.
#[derive(Default)]
struct Model {
    elapsed: i64,
    /// When fetches began.
    begun: Vec<i64>,
    under_way: Vec<(FetchId, i64)>,
    /// For each key, when the latest request began whose answer had it.
    shown: [Option<i64>; 5],
}

struct Run {
    world: World,
    model: Model,
}

impl Run {
    fn new() -> Self {
        Self { world: World::new(), model: Model::default() }
    }

    fn begun(&mut self, fetch: FetchId) {
        let now = self.model.elapsed;
        self.model.begun.push(now);
        self.model.under_way.push((fetch, now));
        // Whatever the order: one ordinary fetch a cooldown, and one that takes over.
        let recent = self.model.begun.iter().filter(|at| now - **at < COOLDOWN).count();
        assert!(recent <= 2, "{recent} fetches within a cooldown");
        let live = self.model.under_way.iter().filter(|(_, at)| now - at < 5000).count();
        assert!(live <= 2, "{live} fetches under way");
    }

    fn token(&mut self, kid: u8) {
        let decision = self.world.ask(&kid.to_string());
        match decision {
            Decision::Fetch(fetch) => {
                assert!(self.world.request(fetch).is_some());
                self.begun(fetch);
            }
            Decision::Use { refresh, .. } => {
                let shown = self.model.shown[usize::from(kid)].expect("a key that was never published");
                assert!(self.model.elapsed - shown < MAX_AGE + STALE, "a key that nobody vouches for any more");
                if let Some(fetch) = refresh {
                    self.begun(fetch);
                }
            }
            Decision::Wait { until, .. } => {
                let wait = millis(until.since(self.world.time()));
                assert!(wait > 0 && wait <= 6000, "a wait of {wait} ms");
            }
            Decision::Unavailable { retry_after, .. } => {
                let pause = millis(retry_after);
                assert!(pause > 0 && pause <= 300_000, "a pause of {pause} ms");
            }
            Decision::NotFound => {
                let shown = self.model.shown[usize::from(kid)];
                assert_ne!(shown, Some(self.model.elapsed), "a key of this very moment was not found");
            }
            Decision::Ambiguous => panic!("no name is there twice"),
        }
    }

    fn pick(&mut self, newest: bool) -> Option<(FetchId, i64)> {
        let under_way = &mut self.model.under_way;
        if under_way.is_empty() {
            return None;
        }
        Some(under_way.remove(if newest { under_way.len() - 1 } else { 0 }))
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Sleep(span) => {
                self.world.now += span;
                self.model.elapsed += span;
            }
            Event::Set(step) => {
                // Somebody is there to see it: what the clock does while nobody looks, nobody can know.
                self.token(4);
                self.world.now += step;
                self.model.elapsed += (*step).max(0);
                self.token(4);
            }
            Event::Token(kid) => self.token(*kid),
            Event::Flood(count) => {
                for _ in 0..*count {
                    // Key 4 is never published.
                    self.token(4);
                }
            }
            Event::Answer { newest, keys } => {
                let Some((fetch, began)) = self.pick(*newest) else { return };
                let mut keys = keys.clone();
                keys.dedup();
                for key in &keys {
                    let shown = &mut self.model.shown[usize::from(*key)];
                    *shown = (*shown).max(Some(began));
                }
                self.world.answer(fetch, &keys);
            }
            Event::Fail { newest, how } => {
                let Some((fetch, _)) = self.pick(*newest) else { return };
                match how {
                    0 => self.world.fail(fetch, FetchFailure::Abandoned),
                    1 => self.world.fail(fetch, FetchFailure::Timeout),
                    2 => self.world.respond(fetch, 503, b"", None, Some("3600")),
                    _ => self.world.respond(fetch, 200, b"<html>", None, None),
                };
            }
            Event::Lose { newest } => {
                // A late answer may still come, but not from this test.
                self.pick(*newest);
            }
        }
    }

    /// From any state, a provider that is well gets its key accepted by a caller who comes back as told.
    fn progresses(&mut self) {
        self.model.under_way.clear();
        let start = self.model.elapsed;
        for _ in 0..20 {
            let pause = match self.world.ask("3") {
                Decision::Use { .. } => return,
                Decision::Fetch(fetch) => {
                    self.world.answer(fetch, &[3]);
                    0
                }
                Decision::Wait { until, .. } => millis(until.since(self.world.time())),
                Decision::Unavailable { retry_after, .. } => millis(retry_after),
                // The set of this very moment lacks it.
                Decision::NotFound => 1,
                Decision::Ambiguous => panic!("no name is there twice"),
            };
            self.world.now += pause;
            self.model.elapsed += pause;
            assert!(self.model.elapsed - start <= 330_000, "no progress for {} ms", self.model.elapsed - start);
        }
        panic!("no progress in 20 tries");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bounded_fetches_bounded_age_and_progress(events in events()) {
        let mut run = Run::new();
        for event in &events {
            run.apply(event);
        }
        run.progresses();
    }
}
