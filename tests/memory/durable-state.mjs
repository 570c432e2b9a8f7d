// What a Durable Object has of the platform, in the memory of one process: its storage, its alarm, its sockets.

import { DatabaseSync } from "node:sqlite";

/** All that `write` does is done, or nothing of it. */
export const transactionsOf = (database) => (write) => {
  database.exec("BEGIN");
  try {
    const result = write();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
};

/** The state of an object. `hub()` is the object, once it is made. */
export function durableState(hub) {
  const database = new DatabaseSync(":memory:");
  const statements = new Map();
  const prepared = (query) => {
    if (!statements.has(query)) statements.set(query, database.prepare(query));
    return statements.get(query);
  };
  const exec = (query, ...values) => {
    const statement = prepared(query);
    statement.setReturnArrays(true);
    const rows = statement.all(...values);
    return { raw: () => rows.values() };
  };
  const sockets = new Set();
  let alarm;
  return {
    storage: {
      sql: { exec },
      transactionSync: transactionsOf(database),
      getAlarm: async () => null,
      async setAlarm(at) {
        clearTimeout(alarm);
        alarm = setTimeout(() => hub().alarm(), at - Date.now());
        alarm.unref();
      },
      async deleteAll() {},
    },
    acceptWebSocket(socket) {
      let attachment;
      socket.serializeAttachment = (value) => (attachment = structuredClone(value));
      socket.deserializeAttachment = () => attachment;
      sockets.add(socket);
      socket.addEventListener("message", ({ data }) => hub().webSocketMessage(socket, data));
      socket.addEventListener("close", ({ code, reason }) => {
        sockets.delete(socket);
        hub().webSocketClose(socket, code, reason, true);
      });
    },
    getWebSockets: () => [...sockets],
    blockConcurrencyWhile: (wait) => wait(),
    abort(reason) {
      throw new Error(reason);
    },
  };
}
