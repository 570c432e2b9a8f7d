//! What a hub wants written, as the JSON that the driver reads; long texts cross by themselves (`store`).

use super::{
    json::{self, Members},
    runtime::{Changes, Rows},
};

/// What is to be written, but for rows of logs.
pub(super) fn changes(changes: &Changes) -> String {
    let Changes { sessions, jobs, followers, keys, dropped, .. } = changes;
    let tables = [("session", sessions), ("job", jobs), ("follower", followers), ("known", keys)];
    let tables = tables.into_iter().filter(|(_, rows)| !rows.put.is_empty() || !rows.dropped.is_empty());
    let written = tables.fold(Members::new(), |written, (name, Rows { put, dropped })| {
        let of_some = |rows: Members, name: &str, list: &[String]| {
            if list.is_empty() {
                rows
            } else {
                rows.list(name, list)
            }
        };
        written.raw(name, &of_some(of_some(Members::new(), "put", put), "drop", dropped).end())
    });
    if dropped.is_empty() {
        return written.end();
    }
    let pairs = dropped.iter().map(|(stream, last)| format!("[{},{last}]", json::string(stream)));
    written.raw("log", &Members::new().list("drop", pairs).end()).end()
}
