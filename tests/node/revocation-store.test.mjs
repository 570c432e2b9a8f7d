// Revocation: the store, the copies that isolates keep of it, and a store that can't be asked.

import assert from "node:assert/strict";
import { test } from "node:test";
import { failure } from "../lib/failure.mjs";
import { caller, deployment, issuer, namespace, start } from "../lib/revocations.mjs";

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
    const error = await failure(one.isRevoked(env, ...caller()), "ERR_VERIFIER_UNAVAILABLE");
    assert.equal(error.retryable, true);
    await failure(one.revoke(env, { issuer, jti: "x" }), "ERR_VERIFIER_UNAVAILABLE");
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
  const { message } = await failure(one.revoke(env, { issuer, jti: "one too many" }), "ERR_VERIFIER_UNAVAILABLE");
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
