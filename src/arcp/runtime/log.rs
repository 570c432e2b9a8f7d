//! A stream of entries in the storage: a session's frames, or a job's events. Many entries are one row, for what is written in one
//! turn is written at once.

use std::collections::VecDeque;

use super::changes::LogRow;
use crate::arcp::checksum;

/// A row is not made longer than this, in bytes, unless it has one entry: a value of the storage may have 2 MB.
const MOST: usize = 1 << 20;

/// The last row grows until it has so many bytes: to write a short row once more costs no more than to write another, and one row is to be
/// dropped later in place of many. Beyond a quarter of SQLite's page a row takes pages of its own, each of which is written, too:
/// with 4096 here an echo's turn wrote six of them, with this four.
const GROWS: usize = 480;

/// So many rows, or so many bytes of them, may be of no more use before they are dropped.
const IDLE_ROWS: usize = 8;
const IDLE_BYTES: usize = 128 << 10;

/// An entry, as it is written: a number, if it has one, a flag, and two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogEntry<'e> {
    pub(super) number: Option<i64>,
    pub(super) flag: bool,
    pub(super) texts: (&'e str, &'e str),
}

impl<'e> LogEntry<'e> {
    fn write(&self, out: &mut String) {
        let (one, other) = self.texts;
        let number = self.number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let flag = if self.flag { "~" } else { "" };
        out.push_str(&format!("{flag}{number} {} {} {:x}\n", one.len(), other.len(), self.sum()));
        for part in [one, other, "\n"] {
            out.push_str(part);
        }
    }

    fn sum(&self) -> u32 {
        let (one, other) = self.texts;
        let number = self.number.unwrap_or(i64::MIN).to_le_bytes();
        checksum::sum(&[&number, &[u8::from(self.flag)], one.as_bytes(), other.as_bytes()])
    }

    /// All entries of a row; none where it is no row, or not as it was written.
    pub(super) fn read(mut text: &'e str) -> Option<Vec<Self>> {
        let mut entries = Vec::new();
        while !text.is_empty() {
            let (head, rest) = text.split_once('\n')?;
            let (flag, head) = head.strip_prefix('~').map_or((false, head), |head| (true, head));
            let mut parts = head.split(' ');
            let number = match parts.next()? {
                "-" => None,
                number => Some(number.parse().ok()?),
            };
            let (one, other) = (parts.next()?.parse::<usize>().ok()?, parts.next()?.parse::<usize>().ok()?);
            let end = one.checked_add(other)?;
            let texts = (rest.get(..one)?, rest.get(one..end)?);
            text = rest.get(end..)?.strip_prefix('\n')?;
            let entry = Self { number, flag, texts };
            // Older versions have written none.
            if parts.next().is_some_and(|sum| u32::from_str_radix(sum, 16) != Ok(entry.sum())) {
                return None;
            }
            entries.push(entry);
        }
        Some(entries)
    }
}

/// Which rows of a stream the storage has.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredLog {
    /// The last entry of each, and its bytes.
    rows: VecDeque<(i64, usize)>,
    bytes: usize,
    /// The last entry that was ever written, or passed over.
    last: i64,
    /// Everything up to here is dropped.
    dropped: i64,
    /// The last row while it grows, with the number of its first entry.
    tail: Option<(i64, String)>,
    /// So many rows and bytes, which are of no more use, go when it is next written.
    going: (usize, usize),
}

impl StoredLog {
    pub(super) const fn last(&self) -> i64 {
        self.last
    }

    pub(super) const fn dropped(&self) -> i64 {
        self.dropped
    }

    pub(super) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// How many rows there are, and their bytes; without those that go when it is next written.
    pub(super) fn load(&self) -> (usize, usize) {
        let (rows, bytes) = self.going;
        (self.rows.len().saturating_sub(rows), self.bytes.saturating_sub(bytes))
    }

    /// How many rows, and how many bytes of them, hold nothing that comes after `gone`.
    pub(super) fn idle(&self, gone: i64) -> (usize, usize) {
        let rows = self.rows.partition_point(|(last, _)| *last <= gone);
        (rows, self.rows.iter().take(rows).map(|(_, bytes)| bytes).sum())
    }

    /// Whether there is more of them than what goes already.
    pub(super) fn can_press(&self, gone: i64) -> bool {
        self.idle(gone).0 > self.going.0
    }

    /// There is no room: what is of no more use goes when it is next written, however little it is.
    pub(super) fn press(&mut self, gone: i64) {
        self.going = self.idle(gone);
    }

    /// A row is there.
    pub(super) fn add(&mut self, last: i64, bytes: usize) {
        self.rows.push_back((last, bytes));
        self.bytes += bytes;
        self.last = last;
    }

    /// The last row grows no more.
    pub(super) fn seal(&mut self) {
        self.tail = None;
    }

    /// Writes entries, the first of which has the number after [`Self::last`].
    pub(super) fn write<'e>(
        &mut self,
        stream: &str,
        entries: impl Iterator<Item = LogEntry<'e>>,
        out: &mut Vec<LogRow>,
    ) {
        let mut entries = entries.peekable();
        if entries.peek().is_none() {
            return;
        }
        let mut next = self.last + 1;
        let (mut first, mut text) = self.tail.take().map_or((next, String::new()), |tail| {
            let (_, bytes) = self.rows.pop_back().unwrap_or_default();
            self.bytes = self.bytes.saturating_sub(bytes);
            tail
        });
        let mut one = String::new();
        for entry in entries {
            one.clear();
            entry.write(&mut one);
            if !text.is_empty() && text.len() + one.len() > MOST {
                self.add(next - 1, text.len());
                out.push(LogRow { stream: stream.to_owned(), first, last: next - 1, text: std::mem::take(&mut text) });
                first = next;
            }
            text.push_str(&one);
            next += 1;
        }
        self.add(next - 1, text.len());
        if text.len() < GROWS {
            self.tail = Some((first, text.clone()));
        }
        out.push(LogRow { stream: stream.to_owned(), first, last: next - 1, text });
    }

    /// Everything up to `gone` is of no more use: what has to be dropped, if it is worth it by now.
    pub(super) fn drop_idle(&mut self, gone: i64) -> Option<i64> {
        if gone > self.last {
            // What came and went before it was written.
            let had_rows = !self.rows.is_empty();
            *self = Self { last: gone, dropped: gone, ..Self::default() };
            return had_rows.then_some(gone);
        }
        let is_pressed = std::mem::take(&mut self.going).0 > 0;
        let (idle, bytes) = self.idle(gone);
        if idle < IDLE_ROWS && bytes < IDLE_BYTES && !is_pressed {
            return None;
        }
        let last = self.rows.drain(..idle).next_back().map(|(last, _)| last)?;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.dropped = last;
        if self.rows.is_empty() {
            self.tail = None;
        }
        Some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'e>(one: &'e str, other: &'e str) -> LogEntry<'e> {
        LogEntry { number: None, flag: false, texts: (one, other) }
    }

    #[test]
    fn entries_are_read_as_they_were_written() {
        let entries = [
            entry("", ""),
            LogEntry { number: Some(-7), flag: true, texts: ("job\n", "{\"ä\":\"\u{0}\"}") },
            LogEntry { number: Some(12), flag: false, texts: ("- 1 2\n", "\n\n") },
        ];
        let mut rows = Vec::new();
        let mut log = StoredLog::default();
        log.write("s", entries.into_iter(), &mut rows);
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((row.first, row.last, log.last(), log.load()), (1, 3, 3, (1, row.text.len())));
        assert_eq!(LogEntry::read(&row.text).unwrap(), entries);
        assert_eq!(LogEntry::read(""), Some(Vec::new()));
        let last = row.text.len() - 1;
        for damaged in ["x", "- 1 1\n", "- 1 1\nab", "- 1\nab\n", "1 2\n", "- 1 9\nä\n", &row.text[..last]] {
            assert!(LogEntry::read(damaged).is_none(), "{damaged}");
        }
        assert!(LogEntry::read(&format!("- {} 2\nab\n", usize::MAX)).is_none());
        for at in 0..row.text.len() {
            let mut damaged = row.text.clone().into_bytes();
            damaged[at] ^= 1;
            let text = String::from_utf8(damaged);
            assert!(text.is_err() || LogEntry::read(&text.unwrap()).is_none(), "the byte {at}");
        }
        assert_eq!(LogEntry::read("- 1 1\nab\n"), Some(vec![entry("a", "b")]), "from before there were sums");
    }

    #[test]
    fn a_row_has_its_bound() {
        let (half, whole) = ("x".repeat(MOST / 2), "x".repeat(MOST));
        let mut rows = Vec::new();
        StoredLog::default().write("s", [&*half, &half, &whole, ""].into_iter().map(|text| entry(text, "")), &mut rows);
        assert_eq!(rows.iter().map(|row| (row.first, row.last)).collect::<Vec<_>>(), [(1, 1), (2, 2), (3, 3), (4, 4)]);
    }

    #[test]
    fn what_is_of_no_use_is_dropped_in_batches() {
        let (mut log, mut rows) = (StoredLog::default(), Vec::new());
        for _ in 0..2 * IDLE_ROWS {
            log.seal();
            log.write("s", [entry("a", "b"), entry("c", "d")].into_iter(), &mut rows);
        }
        let batch = 2 * i64::try_from(IDLE_ROWS).unwrap();
        assert_eq!((log.drop_idle(batch - 1), log.dropped()), (None, 0), "the last of these is half in use");
        assert_eq!((log.drop_idle(batch + 1), log.dropped()), (Some(batch), batch));
        assert_eq!((log.drop_idle(batch + 1), log.load().0, log.last()), (None, IDLE_ROWS, 2 * batch));
        assert_eq!(
            (log.drop_idle(2 * batch + 5), log.load(), log.last()),
            (Some(2 * batch + 5), (0, 0), 2 * batch + 5)
        );
        assert_eq!((log.drop_idle(2 * batch + 6), log.dropped()), (None, 2 * batch + 6));
        log.write("s", [entry(&"x".repeat(IDLE_BYTES), "")].into_iter(), &mut rows);
        let row = rows.last().unwrap();
        assert_eq!((row.first, row.last), (2 * batch + 7, 2 * batch + 7));
        assert_eq!(log.drop_idle(row.last), Some(row.last));
    }

    #[test]
    fn the_last_row_grows() {
        let (mut log, mut rows) = (StoredLog::default(), Vec::new());
        for text in ["a", "b", &"c".repeat(GROWS), "d"] {
            log.write("s", [entry(text, "")].into_iter(), &mut rows);
        }
        log.write("s", [].into_iter(), &mut rows);
        assert_eq!(rows.iter().map(|row| (row.first, row.last)).collect::<Vec<_>>(), [(1, 1), (1, 2), (1, 3), (4, 4)]);
        assert_eq!((log.load(), log.last()), ((2, rows[2].text.len() + rows[3].text.len()), 4));
        assert_eq!(LogEntry::read(&rows[2].text).map(|entries| entries.len()), Some(3));
        // What is dropped doesn't come back.
        log.drop_idle(9);
        log.write("s", [entry("e", "")].into_iter(), &mut rows);
        assert_eq!(rows.last().map(|row| (row.first, row.last)), Some((10, 10)));
    }
}
