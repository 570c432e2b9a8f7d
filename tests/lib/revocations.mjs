// Revocations over a store in this process, by a clock that the test moves.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Revocations } from "../../pkg/worker/revocations.js";
import { RevocationStore, ready } from "../../pkg/worker.node.js";

await ready();

export const issuer = "https://idp.example";
export const start = Math.floor(Date.now() / 1000);

/** A namespace with the real store over Node's SQLite. `fault` makes it fail; `asked` counts. */
export function namespace() {
  const database = new DatabaseSync(":memory:");
  const exec = (query, ...values) => {
    const statement = database.prepare(query);
    const rows = /^SELECT/.test(query) ? statement.all(...values) : void statement.run(...values);
    return { toArray: () => rows ?? [] };
  };
  const binding = { asked: 0, store: new RevocationStore({ storage: { sql: { exec } } }), database };
  binding.idFromName = (name) => name;
  binding.get = (id) => ({
    async fetch(url, init) {
      assert.equal(id, "revocations");
      binding.asked += 1;
      await binding.fault?.();
      return binding.answer ?? binding.store.fetch(new Request(url, init));
    },
  });
  return binding;
}

/** Two isolates of one deployment, and a clock. */
export function deployment(options = {}) {
  const clock = { ms: start * 1000 };
  const isolate = () => new Revocations({ maxTokenLifetimeSec: 86_400, now: () => clock.ms, ...options });
  return { clock, env: { REVOCATIONS: namespace() }, one: isolate(), other: isolate() };
}

export const jwt = (claims) =>
  `e30.${Buffer.from(JSON.stringify({ iss: issuer, ...claims })).toString("base64url")}.AAAA`;

/** A principal and the credentials it was verified by. */
export function caller(claims = {}, { principal = {}, token } = {}) {
  const all = { sub: "alice", jti: "t1", iat: start - 60, exp: start + 3600, ...claims };
  return [
    { key: `jwt|${issuer}|${all.sub}`, kind: "jwt", issuer, id: all.sub, labels: {}, expiresAt: all.exp, ...principal },
    { scheme: "bearer", token: token ?? jwt(all) },
  ];
}
