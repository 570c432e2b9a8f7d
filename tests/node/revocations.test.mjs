// Revocation: the store, the copies that isolates keep of it, and a store that can't be asked. The clock is the test's.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { ArcgateError, ready } from "../../pkg/entry.node.js";
import { Revocations } from "../../pkg/revocations.js";
import { createWorker, RevocationStore } from "../../pkg/worker.js";
import { envelope } from "../lib/arc.mjs";

await ready();

const issuer = "https://idp.example";
const start = Math.floor(Date.now() / 1000);

/** A namespace with the real store over Node's SQLite. `fault` makes it fail; `asked` counts. */
function namespace() {
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
function deployment(options = {}) {
  const clock = { ms: start * 1000 };
  const isolate = () => new Revocations({ maxTokenLifetimeSec: 86_400, now: () => clock.ms, ...options });
  return { clock, env: { REVOCATIONS: namespace() }, one: isolate(), other: isolate() };
}

const jwt = (claims) => `e30.${Buffer.from(JSON.stringify({ iss: issuer, ...claims })).toString("base64url")}.AAAA`;

/** A principal and the credentials it was verified by. */
function caller(claims = {}, { principal = {}, token } = {}) {
  const all = { sub: "alice", jti: "t1", iat: start - 60, exp: start + 3600, ...claims };
  return [
    { key: `jwt|${issuer}|${all.sub}`, kind: "jwt", issuer, id: all.sub, labels: {}, expiresAt: all.exp, ...principal },
    { scheme: "bearer", token: token ?? jwt(all) },
  ];
}

async function fails(promise, code) {
  const error = await promise.then(
    () => assert.fail("it succeeded"),
    (thrown) => thrown,
  );
  assert.ok(error instanceof ArcgateError, error?.stack);
  assert.equal(error.code, code, error.message);
  return error;
}

test("without the binding nothing is asked, and revoking names it", async () => {
  const { one } = deployment();
  for (const env of [undefined, {}, { REVOCATIONS: null }]) {
    assert.equal(await one.isRevoked(env, ...caller()), false);
    assert.match(
      (await fails(one.revoke(env, { issuer, jti: "t1" }), "ERR_CONFIG")).message,
      /`REVOCATIONS` is not bound/,
    );
  }
  const kv = { REVOCATIONS: { get: async () => null, put: async () => {} } };
  assert.match((await fails(one.isRevoked(kv, ...caller()), "ERR_CONFIG")).message, /Durable Object namespace/);
});

test("an entry names a token, a subject until an instant, or an issuer until an instant; and nobody of another issuer", async () => {
  const table = [
    [{ jti: "t1" }, {}, true],
    [{ jti: "t1" }, { jti: "t2" }, false],
    [{ jti: "t1" }, { jti: undefined }, false],
    [{ jti: "t1", sub: "alice" }, {}, true],
    [{ jti: "t1", sub: "bob" }, {}, false],
    [{ jti: "t1", before: start - 100 }, {}, false],
    [{ sub: "alice" }, {}, true],
    [{ sub: "alice" }, { sub: "bob" }, false],
    [{ sub: "alice", before: start - 61 }, {}, false],
    [{ sub: "alice", before: start - 60 }, {}, true],
    [{ sub: "alice", before: start - 9999 }, { iat: undefined }, true],
    [{ sub: "alice" }, { iat: start + 1 }, false],
    [{}, {}, true],
    [{ before: start - 61 }, {}, false],
    [{ sub: "alice", issuer: "https://other.example" }, {}, false],
  ];
  for (const [entry, claims, expected] of table) {
    const { env, one, other } = deployment();
    await one.revoke(env, { issuer, ...entry });
    for (const isolate of [one, other])
      assert.equal(await isolate.isRevoked(env, ...caller(claims)), expected, JSON.stringify([entry, claims]));
  }
});

test("other kinds of principals are not looked up; a token found elsewhere is known by its principal alone", async () => {
  const { env, one } = deployment();
  await one.revoke(env, { issuer, sub: "alice", before: start - 9999 });
  await one.revoke(env, { issuer, jti: "t1" });
  assert.equal(await one.isRevoked(env, ...caller({}, { principal: { kind: "static", issuer: undefined } })), false);
  for (const token of ["opaque", "a.b.c", undefined, jwt({ iss: "https://other.example", sub: "alice" })]) {
    const [principal] = caller();
    assert.equal(await one.isRevoked(env, principal, { scheme: "x-vendor.a.b", token }), true, "without iat: revoked");
    const bob = caller({ sub: "bob" })[0];
    assert.equal(await one.isRevoked(env, bob, { scheme: "x-vendor.a.b", token }), false);
  }
});

test("another isolate knows within two seconds, and asks no oftener than it must", async () => {
  const { env, one, other, clock } = deployment();
  assert.equal(await other.isRevoked(env, ...caller()), false);
  const before = env.REVOCATIONS.asked;
  for (let round = 0; round < 100; round += 1) await other.isRevoked(env, ...caller({ jti: `${round}` }));
  assert.equal(env.REVOCATIONS.asked, before);
  await one.revoke(env, { issuer, jti: "t1" });
  assert.equal(await one.isRevoked(env, ...caller()), true, "here at once");
  clock.ms += 2000;
  assert.equal(await other.isRevoked(env, ...caller()), false, "as old as it may be");
  clock.ms += 1;
  assert.equal(await other.isRevoked(env, ...caller()), true);
  // A session's question wants a fresher copy.
  await one.revoke(env, { issuer, jti: "t2" });
  clock.ms += 501;
  assert.equal(await other.isRevoked(env, ...caller({ jti: "t2" }), { maxAgeMs: 500 }), true);
});

test("a copy is brought up to date beside a request, once a second", async () => {
  const { env, one, other, clock } = deployment();
  await other.isRevoked(env, ...caller());
  await one.revoke(env, { issuer, jti: "t1" });
  clock.ms += 1500;
  const works = [];
  const ask = () => other.isRevoked(env, ...caller(), { waitUntil: (work) => works.push(work) });
  assert.deepEqual([await ask(), works.length], [false, 1]);
  await Promise.all(works);
  assert.deepEqual([await ask(), works.length], [true, 1]);
  clock.ms += 60_000;
  await other.isRevoked(env, ...caller());
  clock.ms -= 120_000;
  const before = env.REVOCATIONS.asked;
  await other.isRevoked(env, ...caller());
  assert.equal(env.REVOCATIONS.asked, before + 1, "a clock that was set back makes no copy young");
});

test("whoever can't be looked up is not let in", async () => {
  for (const break_ of [
    (binding) => {
      binding.fault = () => Promise.reject(new Error("down"));
    },
    (binding) => {
      binding.answer = new Response("busy", { status: 503 });
    },
    (binding) => {
      binding.answer = new Response("{");
    },
  ]) {
    const { env, one, clock } = deployment();
    await one.isRevoked(env, ...caller());
    break_(env.REVOCATIONS);
    assert.equal(await one.isRevoked(env, ...caller()), false, "a copy that is young enough serves");
    clock.ms += 2001;
    const error = await fails(one.isRevoked(env, ...caller()), "ERR_VERIFIER_UNAVAILABLE");
    assert.equal(error.retryable, true);
    await fails(one.revoke(env, { issuer, jti: "x" }), "ERR_VERIFIER_UNAVAILABLE");
  }
});

test("entries end when no token is left that they are about; a token that lives longer is refused", async () => {
  const { env, one, clock } = deployment({ maxTokenLifetimeSec: 3600 });
  await one.revoke(env, { issuer, jti: "t1" });
  const count = () => env.REVOCATIONS.database.prepare("SELECT COUNT(*) AS n FROM entries").get().n;
  assert.equal(count(), 1);
  await fails(one.isRevoked(env, ...caller({ iat: start, exp: start + 3601 })), "ERR_TOKEN_CLAIM");
  await fails(one.isRevoked(env, ...caller({ iat: undefined, exp: start + 3601 })), "ERR_TOKEN_CLAIM");
  const shortLived = caller({ iat: start, exp: start + 3600 });
  clock.ms += 3_899_000;
  assert.equal(await one.isRevoked(env, ...shortLived), true, "as long as the tolerance may be");
  env.REVOCATIONS.database.prepare("UPDATE entries SET expires = 0").run();
  clock.ms += 3000;
  assert.equal(await one.isRevoked(env, ...shortLived), false, "copies drop it, too");
  await one.revoke(env, { issuer, jti: "t2" });
  assert.equal(count(), 1, "and the store, when it next takes one");
});

test("one name is one entry, and the later instant holds", async () => {
  const { env, one } = deployment();
  await one.revoke(env, { issuer, sub: "alice", before: start - 10 });
  await one.revoke(env, { issuer, sub: "alice", before: start - 100 });
  assert.equal(await one.isRevoked(env, ...caller({ iat: start - 11 })), true);
  assert.equal(env.REVOCATIONS.database.prepare("SELECT COUNT(*) AS n FROM entries").get().n, 1);
  await one.revoke(env, { issuer, jti: "t9", before: start - 100 });
  await one.revoke(env, { issuer, jti: "t9" });
  assert.equal(await one.isRevoked(env, ...caller({ sub: "carol", jti: "t9", iat: start })), true);
});

test("a subject that says nothing is not one: the principal's id is", async () => {
  for (const nothing of ["", null, []]) {
    const { env, one, other } = deployment();
    const service = () => caller({ sub: nothing, jti: nothing }, { principal: { id: "a-service", key: "k" } });
    assert.equal(await other.isRevoked(env, ...service()), false);
    await one.revoke(env, { issuer, sub: "a-service" });
    assert.equal(await one.isRevoked(env, ...service()), true);
  }
});

test("an integer subject is its digits, however it is written", async () => {
  const { env, one, other } = deployment();
  const payload = (sub) =>
    Buffer.from(`{"iss":"${issuer}","sub":${sub},"iat":${start - 60},"exp":${start + 600}}`).toString("base64url");
  const who = (sub) => [
    { kind: "jwt", issuer, id: "someone@example.com", expiresAt: start + 600 },
    { scheme: "bearer", token: `e30.${payload(sub)}.s` },
  ];
  await one.revoke(env, { issuer, sub: "42" });
  await one.revoke(env, { issuer, sub: 7 });
  await one.revoke(env, { issuer, sub: "12345678901234567891" });
  for (const [sub, revoked] of [
    ["42", true],
    ["42.0", true],
    ["4.2e1", true],
    ['"42"', true],
    ["7", true],
    ["43", false],
    ["12345678901234567891", true],
    ["12345678901234567890", false],
    ["4.25", false],
    ["-42", false],
  ]) {
    assert.equal(await one.isRevoked(env, ...who(sub)), revoked, sub);
    assert.equal(await other.isRevoked(env, ...who(sub)), revoked, sub);
  }
});

test("more entries than an answer holds, a store that is full, one that was emptied", async () => {
  const { env, one, other, clock } = deployment();
  const insert = env.REVOCATIONS.database.prepare("INSERT INTO entries (name, before, expires) VALUES (?, NULL, ?)");
  for (let index = 0; index < 19_999; index += 1)
    insert.run(JSON.stringify([issuer, `bulk-${index}`, null]), start + 7200);
  assert.equal(await other.isRevoked(env, ...caller({ jti: "bulk-19998" })), true);
  assert.equal(env.REVOCATIONS.asked, 10);
  await one.revoke(env, { issuer, jti: "the last one" });
  const { message } = await fails(one.revoke(env, { issuer, jti: "one too many" }), "ERR_VERIFIER_UNAVAILABLE");
  assert.match(message, /full/);
  await one.revoke(env, { issuer, jti: "the last one" });
  // Another store under the same name: what was copied of the old one is not taken for its content.
  env.REVOCATIONS.store = namespace().store;
  clock.ms += 2001;
  assert.equal(await other.isRevoked(env, ...caller({ jti: "bulk-1" })), false);
  await one.revoke(env, { issuer, jti: "a new one" });
  clock.ms += 2001;
  assert.equal(await other.isRevoked(env, ...caller({ jti: "a new one" })), true);
});

test("what can't be meant is an error of the caller", async () => {
  const { env, one } = deployment();
  for (const [entry, pattern] of [
    [undefined, /`entry` must be an object/],
    [{}, /`entry.issuer`/],
    [{ issuer: 7 }, /`entry.issuer`/],
    [{ issuer, jti: "" }, /`entry.jti`/],
    [{ issuer, sub: "x".repeat(1025) }, /`entry.sub`/],
    [{ issuer, sub: undefined }, /`entry.sub`/],
    [{ issuer, jti: undefined, sub: "alice" }, /`entry.jti`/],
    [new Map([["issuer", issuer]]), /`entry` must be an object/],
    [Object.assign(Object.create({ subject: "alice" }), { issuer }), /`entry.subject` is not an option/],
    [{ issuer, subject: "alice" }, /`entry.subject` is not an option/],
    [{ issuer, sub: "alice", before: Date.now() }, /`entry.before` .*seconds/],
    [{ issuer, sub: "alice", before: "now" }, /`entry.before`/],
    [{ issuer, sub: "alice", before: Number.NaN }, /`entry.before`/],
  ]) {
    assert.match((await fails(one.revoke(env, entry), "ERR_CONFIG")).message, pattern);
  }
  assert.equal(env.REVOCATIONS.asked, 0);
});

test("the gate asks for each request, tells nothing of why, and answers 503 when it can't ask", async () => {
  const env = { REVOCATIONS: namespace() };
  const [principal, { token }] = caller();
  const events = [];
  const app = createWorker({
    verifier: { authenticate: async () => principal },
    agents: { echo: async () => "hi" },
    audit: (event) => events.push(event),
  });
  const post = () =>
    app.fetch(
      new Request("http://127.0.0.1/arc", {
        method: "POST",
        body: JSON.stringify(envelope()),
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      }),
      env,
      { waitUntil() {} },
    );
  assert.equal((await post()).status, 200);
  await app.revoke(env, { issuer, jti: "t1" });
  const refused = await post();
  assert.deepEqual([refused.status, (await refused.json()).error.code], [401, -44001]);
  assert.equal(refused.headers.get("www-authenticate"), 'Bearer realm="arcgate", error="invalid_token"');
  assert.equal(events.at(-1).reason, "ERR_TOKEN_REVOKED");
  env.REVOCATIONS = namespace();
  env.REVOCATIONS.fault = () => Promise.reject(new Error("down"));
  const down = await post();
  assert.deepEqual([down.status, down.headers.has("retry-after")], [503, true]);
});
