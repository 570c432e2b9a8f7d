//! Attempts whose steps interleave with callers, time and loss, before a provider that rotates refresh tokens and ends a grant when
//! one comes twice.

mod turn;

use std::collections::HashSet;

use proptest::prelude::*;

use self::turn::{turn, Turn};
use super::*;

/// What came of a task, on its way to the machine.
enum Coming {
    Loaded(Option<String>),
    Stored,
    /// An answer, and the refresh token that it replaces.
    Answer(u16, String, Option<usize>),
}

struct UnderWay {
    id: AttemptId,
    coming: Option<Coming>,
    /// When its request was sent, by the machine's clock.
    sent: Option<i64>,
}

struct Stage {
    world: World,
    is_person: bool,
    under_way: Vec<UnderWay>,
    lost: Vec<AttemptId>,
    /// Milliseconds that have passed, and those that the machine's clock shows: it never goes back.
    real: i64,
    shown: i64,
    life: Option<u16>,
    /// The provider's side: the refresh token that is good, and whether the grant lives.
    current: usize,
    is_alive: bool,
    /// Refresh tokens whose successors have arrived.
    replaced: HashSet<usize>,
    /// A request was lost or overtaken, so the provider may see its refresh token twice.
    is_excused: bool,
    ends: Vec<(String, i64)>,
}

impl Stage {
    fn new(is_person: bool, has_storage: bool, random: f64) -> Self {
        let options = Options { has_storage, ..Options::default() };
        Self {
            world: World::jittered(if is_person { PERSON } else { MACHINE }, options, Jitter::Fixed(random)),
            is_person,
            under_way: Vec::new(),
            lost: Vec::new(),
            real: 0,
            shown: 0,
            life: Some(600),
            current: 0,
            is_alive: true,
            replaced: HashSet::new(),
            is_excused: false,
            ends: Vec::new(),
        }
    }

    fn sleep(&mut self, millis: i64) {
        self.world.now += millis;
        self.real += millis;
        self.shown += millis;
    }

    fn jump(&mut self, millis: i64) {
        // The driver's timer reads the clock at least once a minute: what passes unread around a jump can't be known.
        let _ = self.world.manager.handle_refused_token("none", self.world.time());
        self.world.now += millis;
        let _ = self.world.manager.handle_refused_token("none", self.world.time());
        self.shown += millis.max(0);
    }

    fn begin(&mut self, id: AttemptId) -> Result<(), TestCaseError> {
        self.lost.retain(|lost| *lost != id);
        if self.under_way.iter().any(|known| known.id == id) {
            return Ok(());
        }
        self.under_way.push(UnderWay { id, coming: None, sent: None });
        self.act(self.under_way.len() - 1)
    }

    /// A caller: whether it has a token, or was told to come again.
    fn ask(&mut self, force: bool, min_secs: i64) -> Result<Option<Result<(), Error>>, TestCaseError> {
        let request = self.world.request(force, min_secs);
        match self.world.manager.ask(&request, self.world.time()) {
            Step::Token(beside) => {
                let token = self.world.manager.token().unwrap_or_default();
                let end = self.ends.iter().find(|(known, _)| known == token).map(|(_, end)| *end);
                prop_assert!(end.is_some_and(|end| self.real < end), "an expired token was handed out: {token}");
                if let Some(id) = beside {
                    self.begin(id)?;
                }
                Ok(Some(Ok(())))
            }
            Step::Begin(id) => {
                self.begin(id)?;
                Ok(None)
            }
            Step::Wait(_, until) => {
                let wait = until.since(self.world.time());
                prop_assert!(wait > Span::ZERO && wait <= Span::from_secs(61), "{wait:?}");
                Ok(None)
            }
            Step::Refused(error) => Ok(Some(Err(error))),
        }
    }

    /// What was under way for an attempt is over; it goes on at once, as the driver does.
    fn step(&mut self, place: usize) -> Result<(), TestCaseError> {
        let now = self.world.time();
        let id = self.under_way[place].id;
        let coming = self.under_way[place].coming.take();
        let input = match &coming {
            None => return self.act(place),
            Some(Coming::Loaded(text)) => Input::Loaded(text.as_deref()),
            Some(Coming::Stored) => Input::Stored(true),
            Some(Coming::Answer(status, body, replaced)) => {
                self.under_way[place].sent = None;
                self.replaced.extend(replaced);
                Input::Response { status: *status, body: body.as_bytes(), date: None, retry_after: None }
            }
        };
        self.world.manager.handle(id, input, now);
        self.act(place)
    }

    fn act(&mut self, place: usize) -> Result<(), TestCaseError> {
        let now = self.world.time();
        let Some(action) = self.world.manager.task(self.under_way[place].id, "unguessable", now) else {
            self.under_way.remove(place);
            return Ok(());
        };
        let coming = match action {
            Task::Load => Coming::Loaded(self.world.storage.clone()),
            Task::Store(text) => {
                self.world.storage = Some(String::from_utf8(text.expose().to_vec()).unwrap());
                Coming::Stored
            }
            Task::Delete => {
                self.world.storage = None;
                Coming::Stored
            }
            Task::Post(request) => {
                let body = String::from_utf8(request.body.expose().to_vec()).unwrap();
                self.check_alone(place)?;
                self.under_way[place].sent = Some(self.shown);
                self.provider(&body)?
            }
            other => panic!("{other:?}"),
        };
        self.under_way[place].coming = Some(coming);
        Ok(())
    }

    /// No other request is under way, but for those that count as lost.
    fn check_alone(&mut self, place: usize) -> Result<(), TestCaseError> {
        let limit = if self.is_person { 60_000 } else { 10_000 };
        for (other, under_way) in self.under_way.iter().enumerate() {
            let Some(sent) = under_way.sent.filter(|_| other != place) else { continue };
            prop_assert!(self.shown - sent >= limit, "two requests at once, after {} ms", self.shown - sent);
            self.is_excused = true;
        }
        Ok(())
    }

    /// The provider gets a request, and does what it asks for; its answer is on its way.
    fn provider(&mut self, body: &str) -> Result<Coming, TestCaseError> {
        let Some(life) = self.life else { return Ok(Coming::Answer(503, "down".into(), None)) };
        let sent = body.split("refresh_token=r").nth(1).map(|rest| rest.split('&').next().unwrap().parse().unwrap());
        if let Some(sent) = sent {
            prop_assert!(!self.replaced.contains(&sent), "r{sent} was sent although its successor had come");
            if sent != self.current || !self.is_alive {
                self.is_alive = false;
                prop_assert!(self.is_excused, "r{sent} was sent twice, and no answer was lost");
                return Ok(Coming::Answer(400, r#"{"error":"invalid_grant"}"#.into(), None));
            }
        }
        self.current += 1;
        let life = i64::from(life);
        let token = format!("t{}", self.current);
        self.ends.push((token.clone(), self.real + life * 1000));
        let refresh = if self.is_person { format!(r#","refresh_token":"r{}""#, self.current) } else { String::new() };
        let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{life}{refresh}}}"#);
        Ok(Coming::Answer(200, body, sent))
    }

    fn lose(&mut self, place: usize) {
        let lost = self.under_way.remove(place);
        // What the provider did is known to nobody.
        self.is_excused |= lost.sent.is_some();
        self.lost.push(lost.id);
    }

    /// Lets everybody go on until nothing is under way.
    fn finish(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..200 {
            if self.under_way.is_empty() {
                return Ok(());
            }
            self.step(0)?;
        }
        panic!("an attempt goes on and on");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_interleaves(
        turns in prop::collection::vec(turn(), 1..200),
        is_person: bool,
        has_storage: bool,
        random in 0.0..1.0f64,
    ) {
        let mut stage = Stage::new(is_person, has_storage, random);
        for turn in turns {
            match turn {
                Turn::Sleep(millis) => stage.sleep(i64::from(millis)),
                Turn::Jump(millis) => stage.jump(i64::from(millis)),
                Turn::Ask { force, min_secs } => {
                    stage.ask(force, i64::from(min_secs))?;
                }
                Turn::Wake => {
                    let now = stage.world.time();
                    if let Some(id) = stage.world.manager.wake(now) {
                        stage.begin(id)?;
                    }
                }
                Turn::Invalidate => {
                    let token = stage.world.manager.token().unwrap_or("none").to_owned();
                    let now = stage.world.time();
                    stage.world.manager.handle_refused_token(&token, now);
                }
                Turn::Step(which) if !stage.under_way.is_empty() => {
                    stage.step(usize::from(which) % stage.under_way.len())?;
                }
                Turn::Lose(which) if !stage.under_way.is_empty() => {
                    let place = usize::from(which) % stage.under_way.len();
                    stage.lose(place);
                }
                Turn::Notice(which) if !stage.lost.is_empty() => {
                    let place = usize::from(which) % stage.lost.len();
                    let id = stage.lost.remove(place);
                    let now = stage.world.time();
                    if stage.world.manager.take_over(id, now) {
                        stage.begin(id)?;
                    }
                }
                Turn::Provider(life) => stage.life = life,
                Turn::Step(_) | Turn::Lose(_) | Turn::Notice(_) => {}
            }
        }
        // Progress: the provider is well, time passes, whoever asks has a token, or knows that the grant is over.
        stage.life = Some(600);
        stage.finish()?;
        stage.sleep(130_000);
        let mut outcome = None;
        for _ in 0..4 {
            outcome = stage.ask(false, 0)?;
            if outcome.is_some() {
                break;
            }
            stage.finish()?;
        }
        match outcome {
            Some(Ok(())) => {}
            Some(Err(error)) => prop_assert!(!stage.is_alive && error.code() == Code::RefreshRejected, "{error:?}"),
            None => prop_assert!(false, "no progress"),
        }
    }
}
