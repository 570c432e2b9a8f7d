//! A storage as the driver has it, a hub that is lost, and one that goes on with what was stored.

use std::collections::BTreeMap;

use arcgate::sans_io::{
    arcp::runtime::{self, Changes},
    json,
};

use super::*;

// As JavaScript gets it.
#[path = "../../src/js/arcp_runtime/rows.rs"]
mod rows;

/// Tables by what their rows are found by, and the log by stream and first number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Storage {
    pub(crate) tables: BTreeMap<&'static str, BTreeMap<String, Value>>,
    pub(crate) log: BTreeMap<(String, i64), (i64, String)>,
    /// What each connection's socket carries.
    pub(crate) attached: BTreeMap<u32, String>,
    /// Turns in which something was written.
    pub(crate) writes: usize,
    /// When the hub is lost in the next turn in which it writes.
    pub(crate) crash: Option<Crash>,
    /// Rows are read in parts of so many.
    pub(crate) part: usize,
    /// Somebody else has written here.
    pub(crate) is_damaged: bool,
}

/// What somebody else does to a storage: which table, or the log; which row; which column, and what is put there.
#[derive(Clone, Debug)]
pub(crate) struct Damage {
    pub(crate) table: usize,
    pub(crate) row: usize,
    pub(crate) column: usize,
    pub(crate) value: Value,
}

/// When a hub is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    /// What it wanted to write was not written, so nothing was sent either.
    BeforeWriting,
    /// It was written, and nothing was sent.
    AfterWriting,
}

const TABLES: [(&str, usize); 4] = [("session", 1), ("job", 1), ("follower", 2), ("known", 2)];

impl Storage {
    /// Writes; what is dropped goes first.
    pub(crate) fn write(&mut self, changes: &Changes) {
        self.writes += 1;
        let written: Value = serde_json::from_str(&rows::changes(changes)).unwrap();
        for (table, columns) in TABLES {
            let rows = self.tables.entry(table).or_default();
            let list = |what: &str| written[table][what].as_array().cloned().unwrap_or_default();
            for key in list("drop") {
                let key = if columns == 1 { json!([key]) } else { key };
                assert!(rows.remove(&key.to_string()).is_some() || self.is_damaged, "{table} {key} was not there");
            }
            for row in list("put") {
                let key = Value::from(row.as_array().unwrap()[..columns].to_vec());
                rows.insert(key.to_string(), row);
            }
        }
        for pair in written["log"]["drop"].as_array().into_iter().flatten() {
            let (stream, up_to) = (pair[0].as_str().unwrap(), pair[1].as_i64().unwrap());
            let before = self.log.len();
            self.log.retain(|(own, _), (last, _)| own != stream || *last > up_to);
            assert!(self.log.len() < before || self.is_damaged, "nothing of {stream} was there");
        }
        for row in &changes.log {
            assert!(row.text.len() <= 1_500_000, "a value of the storage has 2 MB");
            let before = self.log.insert((row.stream.clone(), row.first), (row.last, row.text.clone()));
            let grows = before.is_none_or(|(last, text)| last < row.last && row.text.starts_with(&text));
            assert!(grows || self.is_damaged, "{} {} was there", row.stream, row.first);
        }
    }

    pub(crate) fn damage(&mut self, damage: &Damage) {
        self.is_damaged = true;
        let Damage { table, row, column, value } = damage;
        let Some((table, _)) = TABLES.get(table % 6) else {
            let rows = self.log.len().max(1);
            let Some((_, (last, text))) = self.log.iter_mut().nth(row % rows) else { return };
            match (value, column % 3) {
                (Value::String(other), 0) => other.clone_into(text),
                (Value::String(other), _) => {
                    let mut at = column % (text.len() + 1);
                    while !text.is_char_boundary(at) {
                        at -= 1;
                    }
                    text.insert_str(at, other);
                }
                (Value::Number(number), _) => *last = number.as_i64().unwrap_or(0),
                _ => text.truncate(0),
            }
            return;
        };
        let Some(rows) = self.tables.get_mut(table).filter(|rows| !rows.is_empty()) else { return };
        let at = row % rows.len();
        let row = rows.values_mut().nth(at).and_then(Value::as_array_mut).unwrap();
        match value {
            Value::Bool(true) => row.truncate(*column),
            value => {
                let at = column % row.len().max(1);
                row.get_mut(at).into_iter().for_each(|cell| *cell = value.clone());
            }
        }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.tables.values().map(BTreeMap::len).sum::<usize>() + self.log.len()
    }

    pub(crate) fn table(&self, name: &str) -> Vec<Value> {
        self.tables.get(name).map(|rows| rows.values().cloned().collect()).unwrap_or_default()
    }

    fn restore(&self, hub: &mut Hub) {
        for (table, _) in TABLES {
            for rows in self.table(table).chunks(self.part.max(1)) {
                hub.handle_stored_rows(table, &json!(rows).to_string());
            }
        }
        for ((stream, first), (last, text)) in &self.log {
            hub.handle_stored_log(stream, *first, *last, text);
        }
    }
}

impl World {
    /// With a storage.
    pub(crate) fn stored(options: Value) -> Self {
        let mut options = options;
        options["storage"] = json!(true);
        let mut world = Self::with(options);
        world.storage = Some(Storage::default());
        world
    }

    /// The hub is lost, and another goes on with what is stored: over the sockets that there are, or without them.
    pub(crate) fn restart(&mut self, has_sockets: bool) {
        self.seed += 1;
        let mut hub = Hub::new(&self.config, self.seed).unwrap();
        let storage = self.storage.as_mut().unwrap();
        storage.crash = None;
        storage.restore(&mut hub);
        if has_sockets {
            for (conn, attachment) in &storage.attached {
                assert!(hub.handle_reattached(*conn, attachment) || storage.is_damaged, "{attachment}");
            }
        } else {
            storage.attached.clear();
        }
        self.paused.clear();
        self.hub = hub;
        self.hub.handle_restored(self.time());
        self.drain();
    }

    pub(crate) fn storage(&mut self) -> &mut Storage {
        self.storage.as_mut().unwrap()
    }

    /// Something is to be written. False: the hub is lost.
    pub(crate) fn store(&mut self, changes: &Changes) -> bool {
        let storage = self.storage.as_mut().expect("there is no storage");
        if storage.crash != Some(Crash::BeforeWriting) {
            storage.write(changes);
        }
        storage.crash.is_none()
    }
}
