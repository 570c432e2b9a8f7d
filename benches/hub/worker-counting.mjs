// The embedded runtime, with what it writes counted as the platform counts it, and what wakes its objects: GET /counts.

import { createWorker } from "arcgate/worker";
import { telling, woken } from "../../tests/lib/woken.mjs";
import { options } from "./options.mjs";

const app = createWorker(options);
const counts = { rows: 0, statements: 0, alarms: 0, bytes: 0, made: 0, messages: 0, wakings: 0 };

export default telling(app, counts);

export class RuntimeHub extends woken(app.RuntimeHub, counts) {
  constructor(state, env) {
    super(withStorage(state), env);
  }
}

function withStorage(state) {
  const { storage } = state;
  const { sql } = storage;
  const exec = (...statement) => {
    const cursor = sql.exec(...statement);
    counts.statements += 1;
    counts.rows += cursor.rowsWritten;
    counts.bytes = sql.databaseSize;
    return cursor;
  };
  const setAlarm = (at) => {
    counts.alarms += 1;
    return storage.setAlarm(at);
  };
  return replaced(state, { storage: replaced(storage, { sql: replaced(sql, { exec }), setAlarm }) });
}

const replaced = (object, changes) =>
  new Proxy(object, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) return changes[name];
      const value = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
