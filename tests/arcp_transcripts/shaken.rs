//! The transcripts as a corpus: frames are bent, steps left out, doubled and mixed, and whatever comes of it, no machine
//! panics, waits for an instant that has passed, says what is no frame, or does for a stranger what it does for a principal.
//! `ARCGATE_FUZZ_ROUNDS` makes it run longer.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    client, gate,
    play::{instant, transcripts, Make, Play},
    runtime,
};

/// xorshift64*: the same rounds each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize) % sides.max(1)
    }

    fn bend(&mut self, text: &str, others: &[String]) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.roll(3) {
            let at = self.roll(bytes.len() + 1);
            match self.roll(9) {
                0 => bytes.truncate(at),
                1 if at < bytes.len() => bytes[at] ^= 1 << self.roll(8),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.insert(at, *b"{}[]\",:\\0-9.eEu"[..].get(self.roll(15)).unwrap()),
                4 => {
                    // A piece again, or a piece of another frame.
                    let source = if self.roll(2) == 0 { text } else { &others[self.roll(others.len())] };
                    let from = self.roll(source.len() + 1);
                    let piece = source.as_bytes()[from..].iter().take(self.roll(80)).copied();
                    bytes.splice(at..at, piece.collect::<Vec<_>>());
                }
                5 => {
                    let odd = ["-1", "1e308", "9007199254740993", "null", "true", "\"\"", "[]", "{}", "0.5", "1e999"];
                    let number = bytes.iter().skip(at).position(u8::is_ascii_digit);
                    if let Some(found) = number {
                        bytes.splice(at + found..=at + found, odd[self.roll(odd.len())].bytes());
                    }
                }
                6 => {
                    let deep = 1 + self.roll(60);
                    bytes.splice(at..at, "[".repeat(deep).bytes());
                }
                7 => bytes.extend_from_slice(&[0xf0, 0x9f, 0x98, 0x80]),
                _ => {
                    let text = String::from_utf8_lossy(&bytes).replace("sess_1", "sess_2").replace("job_1", "job_2");
                    bytes = text.into_bytes();
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// What was done, as far as it must hold whatever came in.
#[derive(Default)]
struct Witness {
    has_principal: bool,
    done: BTreeSet<String>,
}

impl Witness {
    fn sees(&mut self, step: &Map<String, Value>) {
        self.has_principal |= step.contains_key("accepts");
    }

    fn hears(&mut self, folder: &str, action: &Value) {
        let what = action["do"].as_str().unwrap().to_owned();
        if let Some(text) = action.get("text").and_then(Value::as_str) {
            let frame: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{folder}: no JSON: {text}"));
            assert_eq!(frame["arcp"], "1.1", "{folder}: {text}");
            assert!(frame["payload"].is_object(), "{folder}: {text}");
            assert!(frame["id"].as_str().is_some_and(|id| id.len() == 26), "{folder}: {text}");
            assert!(text.len() < 100_000, "{folder}: {} bytes for what came in", text.len());
        }
        let is_upstream = matches!(what.as_str(), "open" | "forward" | "sendUpstream" | "mac");
        assert!(folder != "gate" || !is_upstream || self.has_principal, "{what} for a stranger");
        self.done.insert(what);
    }
}

fn shake(folder: &str, make: Make) {
    let rounds = std::env::var("ARCGATE_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(40_u64);
    let all = transcripts(folder);
    let frames: Vec<String> = all
        .iter()
        .flat_map(|(_, text)| text.lines())
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|line| line.get("frame").map(Value::to_string))
        .collect();
    let mut done = BTreeSet::new();
    for (at, (name, text)) in all.iter().enumerate() {
        for round in 0..rounds {
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (round << 16) ^ at as u64);
            let mut witness = Witness::default();
            play(Play::new(name.clone(), text, make), &mut dice, &frames, &mut witness, folder);
            done.extend(witness.done);
        }
    }
    // Not everything was turned away at the door.
    for what in ["send", "close"] {
        assert!(done.contains(what), "{folder}: nothing was a {what}");
    }
}

fn play(mut play: Play, dice: &mut Dice, frames: &[String], witness: &mut Witness, folder: &str) {
    play.is_shaken = true;
    while let Some((_, mut line)) = play.lines.pop_front() {
        let at = line.remove("at").and_then(|at| play.instant_of(&at)).unwrap_or(play.now).max(play.now);
        play.pass(at + dice.roll(2) as i64 * dice.roll(40_000) as i64, folder);
        match line.remove("expect") {
            Some(expected) => {
                if let Some((_, action)) = play.done.pop_front() {
                    witness.hears(folder, &action);
                    if let Some(action) = play.shown(action) {
                        // For the names in it.
                        let _ = play.matches(&expected, &action, "");
                    }
                }
            }
            None => {
                let step = play.filled(Value::Object(line));
                let mut step = step.as_object().unwrap().clone();
                let times = match dice.roll(8) {
                    0 => 0,
                    1 => 2,
                    _ => 1,
                };
                for _ in 0..times {
                    if let (Some(text), 0..=2) = (step.get("text").and_then(Value::as_str), dice.roll(10)) {
                        let bent = dice.bend(text, frames);
                        step.insert("text".to_owned(), bent.into());
                    }
                    witness.sees(&step);
                    play.machine.take(&step, instant(play.now));
                    play.drain();
                }
            }
        }
    }
    play.pass(play.now + 4_000_000, folder);
    while let Some((_, action)) = play.done.pop_front() {
        witness.hears(folder, &action);
    }
}

#[test]
fn no_machine_is_shaken() {
    shake("gate", gate::make);
    shake("runtime", runtime::make);
    shake("client", client::make);
}
