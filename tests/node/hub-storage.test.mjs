// What a hub's driver asks of its storage, over a SQLite that undoes nothing by itself: all of a turn is written or none of it, and an
// alarm that could not be set is set by whoever asks next.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { Alarm } from "../../pkg/arcp/runtime/alarm.js";
import { StorageFailure, Store } from "../../pkg/arcp/runtime/store.js";
import { transactionsOf } from "../memory/durable-state.mjs";

/** A Durable Object's storage. `fails` says which statements do. */
function storageOf(database, fails = () => false) {
  const exec = (query, ...values) => {
    if (fails(query)) throw new Error("the disk is gone");
    const statement = database.prepare(query);
    const rows = /^\s*(select|pragma)/i.test(query) ? statement.all(...values) : void statement.run(...values);
    return { toArray: () => rows, one: () => rows[0], raw: () => rows.map(Object.values) };
  };
  return { sql: { exec }, transactionSync: transactionsOf(database), deleteAll: async () => {} };
}

/** A core that wants these changes written, and then these rows of logs; what it is given to restore is left to it. */
function coreThatWants(changes, logs = []) {
  let current;
  const cell = (index) => () => current[index];
  return {
    pollStore: () => changes && JSON.stringify(changes),
    pollLog() {
      current = logs.shift();
      return current !== undefined;
    },
    ...{ logStream: cell(0), logFirst: cell(1), logLast: cell(2), logText: cell(3) },
    restore() {},
    restoreLog() {},
  };
}

const logOf = (database) => database.prepare("SELECT stream, first, last, text FROM log").all().map(Object.values);

function opened(fails) {
  const database = new DatabaseSync(":memory:");
  const storage = storageOf(database, (query) => fails?.(query));
  const store = new Store(storage, true);
  store.restore(coreThatWants());
  return { database, store };
}

describe("a turn's changes", () => {
  const kept = [
    ["one", 1, 2, "a\nb"],
    ["two", 1, 1, "c"],
  ];

  test("are written, and what a log drops is dropped", () => {
    const { database, store } = opened();
    store.write(coreThatWants(undefined, [...kept, ["one", 3, 3, "d"]]));
    store.write(coreThatWants({ log: { drop: [["one", 2]] } }));
    assert.deepEqual(logOf(database), [["one", 3, 3, "d"], kept[1]]);
  });

  test("drop what nobody has any more, one row or many", () => {
    const { database, store } = opened();
    const ids = ["job_1", 'job_"2', "job_3", "job_4"];
    const job = (id) => [id, "{}", "sess_1", "echo", "t", "{}", null, "{}", 0, 0, 0, 0, 0, null, null];
    const known = ["a", "b", "c"].map((key) => ["alice", key, "f", "job_1", "{}", 0]);
    const left = (query) => database.prepare(query).all().flatMap(Object.values);
    store.write(coreThatWants({ job: { put: ids.map(job) }, known: { put: known } }));
    const pairs = known.slice(0, 2).map(([owner, key]) => [owner, key]);
    store.write(coreThatWants({ job: { drop: ids.slice(0, 2) }, known: { drop: pairs } }));
    assert.deepEqual([left("SELECT id FROM job"), left("SELECT key FROM known")], [["job_3", "job_4"], ["c"]]);
    store.write(coreThatWants({ job: { drop: ["job_4"] } }));
    assert.deepEqual(left("SELECT id FROM job"), ["job_3"]);
  });

  test("are undone where one of them fails, and that is told", () => {
    let isBroken = false;
    let statements = 0;
    const { database, store } = opened((query) => isBroken && !/^select/i.test(query) && ++statements === 3);
    store.write(coreThatWants(undefined, [...kept]));
    isBroken = true;
    const changes = { log: { drop: [["one", 2]] } };
    const rows = [
      ["one", 3, 3, "d"],
      ["two", 1, 2, "c\ne"],
    ];
    assert.throws(() => store.write(coreThatWants(changes, rows)), StorageFailure);
    assert.equal(statements, 3);
    assert.deepEqual(logOf(database), kept);
  });
});

describe("an alarm that can't be set", () => {
  test("is told in the log, and set by who asks next", async (t) => {
    const told = t.mock.method(console, "error", () => {});
    const asked = [];
    const alarm = new Alarm({
      getAlarm: async () => null,
      async setAlarm(at) {
        asked.push(at);
        if (asked.length === 1) throw new Error("the disk is gone");
      },
    });
    await alarm.restore();
    alarm.set(2000, 1000);
    assert.equal(alarm.isSetBy(2000, 1000), true, "while it is under way nobody sets it again");
    await new Promise(setImmediate);
    assert.match(told.mock.calls[0].arguments[0], /the alarm can't be set/);
    assert.equal(alarm.isSetBy(2000, 1000), false);
    alarm.set(2000, 1000);
    await new Promise(setImmediate);
    assert.deepEqual([asked, alarm.isSetBy(2000, 1000)], [[2000, 2000], true]);
  });
});
