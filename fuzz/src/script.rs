//! Scripts: what comes in, line by line.
//!
//! `$session`, `$job`, `$token` and `$id` stand for what the machine said last, since no fuzzer could guess them.

use std::{borrow::Cow, collections::BTreeMap};

use arcgate::sans_io::{arcp::Envelope, json::Value};

/// More lines than this say nothing new, and take time.
const MOST_LINES: usize = 300;
/// When all scripts begin, in milliseconds since 1970.
pub(crate) const START: i64 = 1_800_000_000_000;

/// A line: its first character, and the rest.
pub(crate) fn lines(script: &str) -> impl Iterator<Item = (char, &str)> {
    script.lines().take(MOST_LINES).filter_map(|line| {
        let first = line.chars().next()?;
        Some((first, &line[first.len_utf8()..]))
    })
}

/// The text of a script; what is no UTF-8 is replaced, as frames are text.
pub(crate) fn text(data: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(data)
}

/// A line's first word as a number, and what follows it.
pub(crate) fn number(rest: &str) -> (Option<i64>, &str) {
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    (word.parse().ok(), rest)
}

/// Milliseconds that pass: not for ever, so that what is far away still comes.
pub(crate) fn millis(rest: &str) -> i64 {
    number(rest).0.unwrap_or(1_000).clamp(0, 200_000_000)
}

/// How far a clock is set.
pub(crate) fn jump(rest: &str) -> i64 {
    number(rest).0.unwrap_or(-1_000).clamp(-1_000_000_000, 1_000_000_000)
}

/// What the machine said last under each name.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<&'static str, String>);

impl Names {
    /// Looks at a frame that the machine wrote: it must be an envelope.
    pub(crate) fn hears(&mut self, text: &str) -> String {
        self.notes(&Envelope::parse(text).unwrap_or_else(|wrong| panic!("{wrong:?} in what was said: {text}")))
    }

    /// As [`Self::hears`], of a machine that passes on what others wrote: half a character is their own affair.
    pub(crate) fn hears_relayed(&mut self, text: &str) -> String {
        self.notes(&Envelope::relayed(text).unwrap_or_else(|wrong| panic!("{wrong:?} in what was passed on: {text}")))
    }

    fn notes(&mut self, envelope: &Envelope<'_>) -> String {
        let of_payload = |name: &str| envelope.get(name).and_then(Value::as_str);
        for (name, value) in [
            ("$session", envelope.session_id()),
            ("$job", envelope.job_id().or(of_payload("job_id"))),
            ("$token", of_payload("resume_token")),
            ("$id", Some(envelope.id())),
        ] {
            if let Some(value) = value {
                self.0.insert(name, value.to_owned());
            }
        }
        envelope.kind().to_owned()
    }

    /// A text with the names filled in.
    pub(crate) fn fill<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !text.contains('$') {
            return Cow::Borrowed(text);
        }
        Cow::Owned(self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value)))
    }
}

/// What a machine keeps, about: as long as its members are when they are shown.
pub(crate) fn weight(machine: &impl std::fmt::Debug) -> usize {
    struct Count(usize);
    impl std::fmt::Write for Count {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }
    let mut count = Count(0);
    let _ = std::fmt::write(&mut count, format_args!("{machine:?}"));
    count.0
}
