//! Plays a transcript: inputs go into a machine at their times, and what it does is held against what is expected, action by
//! action, with its time. What is not expected fails.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::Path,
};

use arcgate::sans_io::time::{Span, Time};
use serde_json::{Map, Value};

/// When every transcript begins, in seconds since 1970.
const START: i64 = 1_800_000_000;

/// One of the machines, as a transcript drives it.
pub(crate) trait Machine {
    /// Takes one step of the transcript: all members but `at`.
    fn take(&mut self, step: &Map<String, Value>, now: Time);
    /// What there is to do now.
    fn actions(&mut self) -> Vec<Value>;
    /// When it wants to be told the time.
    fn deadline(&self) -> Option<Time>;
    /// Tells it the time.
    fn tick(&mut self, now: Time);
}

/// The time of a step.
pub(crate) fn instant(ms: i64) -> Time {
    Time::from_millis((START * 1000) as f64).plus(Span::from_millis(ms))
}

/// Plays all transcripts of a folder. `make` makes a machine from the first line.
pub(crate) fn play_all(folder: &str, make: Make) {
    for (name, text) in transcripts(folder) {
        Play::new(name, &text, make).run();
    }
}

/// Makes a machine from the first line of a transcript.
pub(crate) type Make = fn(&Map<String, Value>, Time) -> Box<dyn Machine>;

/// The transcripts of a folder, by name.
pub(crate) fn transcripts(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(folder);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let name = |file: &Path| file.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|file| (name(file), fs::read_to_string(file).unwrap())).collect()
}

pub(crate) struct Play {
    name: String,
    pub(crate) lines: VecDeque<(usize, Map<String, Value>)>,
    pub(crate) machine: Box<dyn Machine>,
    /// What it did and nobody has looked at yet, with its time.
    pub(crate) done: VecDeque<(i64, Value)>,
    pub(crate) now: i64,
    names: BTreeMap<String, Value>,
    /// The frames by their ids: a frame that is replayed is the same frame.
    ids: BTreeMap<String, String>,
    made: u64,
    /// Whether what goes in is not what the transcript says.
    pub(crate) is_shaken: bool,
}

impl Play {
    pub(crate) fn new(name: String, text: &str, make: Make) -> Self {
        let head = text.lines().next().and_then(|head| serde_json::from_str::<Map<String, Value>>(head).ok());
        let machine = make(&head.unwrap_or_default(), instant(0));
        Self::of(name, text, machine)
    }

    /// A transcript, and the machine that it is played with.
    pub(crate) fn of(name: String, text: &str, machine: Box<dyn Machine>) -> Self {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let mut lines: VecDeque<_> = lines
            .map(|(at, line)| match serde_json::from_str(line) {
                Ok(Value::Object(line)) => (at + 1, line),
                _ => panic!("{name}:{}: no JSON object", at + 1),
            })
            .collect();
        let (_, head) = lines.pop_front().unwrap();
        for member in ["shows", "cites"] {
            assert!(head.contains_key(member), "{name}:1: `{member}` is missing");
        }
        Self {
            name,
            lines,
            machine,
            done: VecDeque::new(),
            now: 0,
            names: BTreeMap::new(),
            ids: BTreeMap::new(),
            made: 0,
            is_shaken: false,
        }
    }

    pub(crate) fn run(mut self) {
        self.drain();
        while let Some((number, mut line)) = self.lines.pop_front() {
            let place = format!("{}:{number}", self.name);
            if let Some(Value::String(name)) = line.get("at").filter(|_| line.contains_key("expect")) {
                self.await_action(&name.clone(), &place);
            }
            let at = line.remove("at").and_then(|at| self.instant_of(&at)).unwrap_or_else(|| panic!("{place}: `at`"));
            self.pass(at, &place);
            match line.remove("expect") {
                Some(expected) => self.expect(at, &expected, &place),
                None => {
                    self.nothing(&place);
                    let step = self.filled(Value::Object(line));
                    self.machine.take(step.as_object().unwrap(), instant(at));
                    self.drain();
                }
            }
        }
        let end = format!("{}: at its end", self.name);
        self.nothing(&end);
    }

    /// Milliseconds, or a list of them and of `$names` to be added up: for pauses that the machine draws and tells.
    pub(crate) fn instant_of(&self, at: &Value) -> Option<i64> {
        match at {
            Value::Array(parts) => parts.iter().map(|part| self.instant_of(part)).sum(),
            Value::String(name) => self.names.get(name).and_then(Value::as_i64),
            at => at.as_i64(),
        }
    }

    /// Lets the time pass until something is done, and gives that instant a name: for what the machine draws and tells nobody.
    fn await_action(&mut self, name: &str, place: &str) {
        while !self.names.contains_key(name) && self.done.is_empty() {
            let due = self.machine.deadline().unwrap_or_else(|| panic!("{place}: nothing will be done"));
            self.pass(due.since(instant(0)).as_millis(), place);
        }
        let when = self.done.front().map_or(self.now, |(when, _)| *when);
        self.names.entry(name.to_owned()).or_insert_with(|| when.into());
    }

    pub(crate) fn drain(&mut self) {
        for action in self.machine.actions() {
            self.done.push_back((self.now, action));
        }
    }

    /// Lets the time pass, deadline by deadline.
    pub(crate) fn pass(&mut self, at: i64, place: &str) {
        assert!(at >= self.now, "{place}: time goes backwards");
        let mut turns = 0;
        while let Some(due) = self.machine.deadline() {
            let due = due.since(instant(0)).as_millis();
            if due > at {
                break;
            }
            turns += 1;
            assert!(turns < 10_000, "{place}: the deadline at {due} does not move");
            self.now = self.now.max(due);
            self.machine.tick(instant(self.now));
            self.drain();
        }
        self.now = at;
    }

    /// Nothing was done that no line expects; the audit log may be left out.
    fn nothing(&mut self, place: &str) {
        self.done.retain(|(_, action)| action["do"] != "audit");
        if let Some((at, action)) = self.done.front() {
            panic!("{place}: not expected, at {at}: {action}");
        }
    }

    fn expect(&mut self, at: i64, expected: &Value, place: &str) {
        if expected["do"] != "audit" {
            while self.done.front().is_some_and(|(_, action)| action["do"] == "audit") {
                self.done.pop_front();
            }
        }
        let Some((when, action)) = self.done.pop_front() else {
            panic!("{place}: nothing was done, instead of {expected}")
        };
        let action = self.opened(action, place);
        if let Err(why) = self.matches(expected, &action, "") {
            panic!("{place}: {why}\n  expected: {expected}\n  done:     {action}");
        }
        assert_eq!(when, at, "{place}: the time of {action}");
    }

    /// An action whose `text` is a frame shows it as `frame`. What every frame has is checked here and left out.
    pub(crate) fn opened(&mut self, mut action: Value, place: &str) -> Value {
        let Some(text) = action.get("text").and_then(Value::as_str).map(str::to_owned) else { return action };
        let mut frame: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{place}: no JSON: {text}"));
        let members = frame.as_object_mut().unwrap();
        assert_eq!(members.remove("arcp"), Some("1.1".into()), "{place}: {text}");
        let id = members.remove("id").and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default();
        let is_ulid = id.len() == 26 && id.bytes().all(|byte| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(&byte));
        assert!(is_ulid, "{place}: no ULID (ARCP 1.1 §5): {text}");
        self.names.insert("$id".to_owned(), id.clone().into());
        let first = self.ids.entry(id).or_insert_with(|| text.clone());
        assert_eq!(*first, text, "{place}: one id for two frames");
        let action = action.as_object_mut().unwrap();
        action.remove("text");
        action.insert("frame".to_owned(), frame);
        Value::Object(std::mem::take(action))
    }

    /// As `opened`, for a machine that may have said anything.
    pub(crate) fn shown(&mut self, mut action: Value) -> Option<Value> {
        if let Some(text) = action.get("text").and_then(Value::as_str) {
            let mut frame: Value = serde_json::from_str(text).ok()?;
            frame.as_object_mut()?.remove("arcp");
            let id = frame.as_object_mut()?.remove("id")?;
            self.names.insert("$id".to_owned(), id);
            action.as_object_mut()?.remove("text");
            action.as_object_mut()?.insert("frame".to_owned(), frame);
        }
        Some(action)
    }

    /// `"*"` is anything; `"$name"` is anything once and the same ever after; `"..."` among an object's members allows others.
    pub(crate) fn matches(&mut self, expected: &Value, found: &Value, path: &str) -> Result<(), String> {
        match (expected, found) {
            (Value::String(any), _) if any == "*" => Ok(()),
            (Value::String(name), _) if name.starts_with('$') => match self.names.get(name) {
                Some(known) if known == found => Ok(()),
                Some(known) => Err(format!("{path}: {found} is not {known}, which {name} was")),
                None => {
                    self.names.insert(name.clone(), found.clone());
                    Ok(())
                }
            },
            (Value::Object(expected), Value::Object(found)) => {
                for (name, value) in expected.iter().filter(|(name, _)| *name != "...") {
                    let Some(found) = found.get(name) else { return Err(format!("{path}.{name} is missing")) };
                    self.matches(value, found, &format!("{path}.{name}"))?;
                }
                match found.keys().find(|name| !expected.contains_key(*name)) {
                    Some(more) if !expected.contains_key("...") => Err(format!("{path}.{more} is more than expected")),
                    _ => Ok(()),
                }
            }
            (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
                for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
                    self.matches(expected, found, &format!("{path}[{at}]"))?;
                }
                Ok(())
            }
            _ if expected == found => Ok(()),
            _ => Err(format!("{path}: {found} instead of {expected}")),
        }
    }

    /// A step with its `$names` filled in, and what every frame has.
    pub(crate) fn filled(&mut self, step: Value) -> Value {
        match step {
            Value::String(name) if name.starts_with('$') => match self.names.get(&name) {
                Some(value) => value.clone(),
                None if self.is_shaken => name.into(),
                None => panic!("{}: {name} is not known yet", self.name),
            },
            Value::Array(items) => items.into_iter().map(|item| self.filled(item)).collect(),
            Value::Object(members) => {
                let mut filled = Map::new();
                for (name, value) in members {
                    let mut value = self.filled(value);
                    if name == "frame" {
                        self.complete(&mut value);
                        filled.insert("text".to_owned(), value.to_string().into());
                    } else {
                        filled.insert(name, value);
                    }
                }
                Value::Object(filled)
            }
            value => value,
        }
    }

    fn complete(&mut self, frame: &mut Value) {
        let Some(members) = frame.as_object_mut() else { return };
        self.made += 1;
        members.entry("arcp").or_insert_with(|| "1.1".into());
        let id = format!("01JTRANSCR1PT{:013}", self.made);
        members.entry("id").or_insert_with(|| id.into());
        members.entry("payload").or_insert_with(|| Value::Object(Map::new()));
        // What the machine answers may name it.
        self.names.insert("$sent".to_owned(), members["id"].clone());
    }
}
