// The embedded runtime, with what it writes counted as the platform counts it, and what wakes its objects: GET /counts.

import { createWorker } from "arcgate/worker";
import { options } from "./options.mjs";

const app = createWorker(options);
const counts = { rows: 0, statements: 0, alarms: 0, bytes: 0, made: 0, messages: 0, wakings: 0 };

export default {
  fetch(request, env, ctx) {
    return new URL(request.url).pathname === "/counts" ? Response.json(counts) : app.fetch(request, env, ctx);
  },
};

export class RuntimeHub extends app.RuntimeHub {
  constructor(state, env) {
    super(withStorage(state), env);
    counts.made += 1;
  }

  webSocketMessage(...told) {
    counts.messages += 1;
    return super.webSocketMessage(...told);
  }

  alarm() {
    counts.wakings += 1;
    return super.alarm();
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
