// Revocation: which tokens an entry is about, and what a gate makes of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gate, recoverFrom } from "../../pkg/platform/modules/gate.js";
import { createWorker } from "../../pkg/worker.node.js";
import { envelope } from "../lib/arc.mjs";
import { failure } from "../lib/failure.mjs";
import { caller, deployment, issuer, jwt, namespace, start } from "../lib/revocations.mjs";

test("without the binding nothing is asked, and revoking names it", async () => {
  const { one } = deployment();
  for (const env of [undefined, {}, { REVOCATIONS: null }]) {
    assert.equal(await one.isRevoked(env, ...caller()), false);
    assert.match(
      (await failure(one.revoke(env, { issuer, jti: "t1" }), "ERR_CONFIG")).message,
      /`REVOCATIONS` is not bound/,
    );
  }
  const kv = { REVOCATIONS: { get: async () => null, put: async () => {} } };
  assert.match((await failure(one.isRevoked(kv, ...caller()), "ERR_CONFIG")).message, /Durable Object namespace/);
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

test("entries end when no token is left that they are about; a token that lives longer is refused", async () => {
  const { env, one, clock } = deployment({ maxTokenLifetimeSec: 3600 });
  await one.revoke(env, { issuer, jti: "t1" });
  const count = () => env.REVOCATIONS.database.prepare("SELECT COUNT(*) AS n FROM entries").get().n;
  assert.equal(count(), 1);
  await failure(one.isRevoked(env, ...caller({ iat: start, exp: start + 3601 })), "ERR_TOKEN_CLAIM");
  await failure(one.isRevoked(env, ...caller({ iat: undefined, exp: start + 3601 })), "ERR_TOKEN_CLAIM");
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
    assert.match((await failure(one.revoke(env, entry), "ERR_CONFIG")).message, pattern);
  }
  assert.equal(env.REVOCATIONS.asked, 0);
});

test("what is no text is no name, whatever it would say of itself as JSON", async () => {
  const { env, one } = deployment();
  const saying = (value) => ({ toJSON: () => value });
  class Method {
    issuer = issuer;
    sub() {}
  }
  class Id {
    issuer = issuer;
    jti() {}
  }
  const text = /^`entry\.(issuer|jti|sub)` must be a string of 1 to 1024 characters \(https/;
  const instant = /^`entry\.before` must be an instant that is not in the future: seconds since 1970 \(https/;
  for (const [entry, pattern] of [
    [new Method(), text],
    [new Id(), text],
    [{ issuer, sub() {} }, text],
    [{ issuer: new URL(issuer) }, text],
    [{ issuer, sub: new Date(0) }, text],
    [{ issuer, sub: saying("alice") }, text],
    [{ issuer, sub: saying(42) }, text],
    [{ issuer, jti: saying(undefined) }, text],
    [{ issuer, sub: Symbol("alice") }, text],
    [{ issuer, sub: 42n }, text],
    [{ issuer, before: saying(5) }, instant],
    [{ issuer, before: saying(undefined) }, instant],
    [{ issuer, before: () => 5 }, instant],
    [{ issuer, before: null }, instant],
    [{ issuer, [Symbol("sub")]: "alice" }, /^`entry\..* is not an option/],
    [{ issuer, helper() {} }, /^`entry\.helper` is not an option/],
  ]) {
    assert.match((await failure(one.revoke(env, entry), "ERR_CONFIG")).message, pattern);
  }
  assert.equal(env.REVOCATIONS.asked, 0);
  class Helped {
    issuer = issuer;
    sub = "alice";
    before = undefined;
    helper() {}
  }
  await one.revoke(env, new Helped());
  assert.equal(await one.isRevoked(env, ...caller()), true);
  assert.equal(await one.isRevoked(env, ...caller({ sub: "bob" })), false);
});

test("names begin with whatever tokens' names begin with", async () => {
  const { env, one } = deployment();
  await one.revoke(env, { issuer, sub: "\0root" });
  await one.revoke(env, { issuer, jti: "\0" });
  assert.equal(await one.isRevoked(env, ...caller({ sub: "\0root" })), true);
  assert.equal(await one.isRevoked(env, ...caller({ jti: "\0" })), true);
  assert.equal(await one.isRevoked(env, ...caller({ sub: "root" })), false);
});

test("a trap while the store is asked makes nobody's token good again", async () => {
  const { env, one, other, clock } = deployment();
  const trap = () =>
    assert.throws(
      () => gate.bindings.trapForTests(),
      (thrown) => recoverFrom(thrown),
    );
  await other.revoke(env, { issuer, jti: "t1" });
  assert.equal(await one.isRevoked(env, ...caller()), true);
  clock.ms += 3000;
  let traps = 2;
  env.REVOCATIONS.fault = () => traps-- > 0 && trap();
  const asked = env.REVOCATIONS.asked;
  assert.equal(await one.isRevoked(env, ...caller()), true, "the one after it asks from the beginning");
  assert.equal(env.REVOCATIONS.asked, asked + 3);
  clock.ms += 3000;
  assert.equal(await one.isRevoked(env, ...caller()), true);
});

test("a replica that was never whole says nothing", () => {
  const replica = new gate.bindings.RevocationReplica(3600);
  const ask = () => replica.isRevoked(issuer, "alice", undefined, undefined, undefined, false, 0);
  assert.equal(ask(), undefined);
  replica.handleChanges(JSON.stringify({ epoch: "e", seq: 1, more: true, entries: [] }), 0);
  assert.equal(ask(), undefined, "there is more");
  replica.handleChanges(JSON.stringify({ epoch: "e", seq: 1, more: false, entries: [] }), 0);
  assert.equal(ask(), 0);
  replica.free();
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
