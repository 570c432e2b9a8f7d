// What a user's own checks make of a token on a request's way: they are shown an object of their own, and what they write counts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticateRequest, JwtVerifier } from "../../pkg/entry.node.js";
import { audience, clock, issuer, makeSigner } from "../conformance/sign.mjs";

const signer = await makeSigner();
const create = (options = {}, provider = {}) =>
  JwtVerifier.create({
    providers: { p: { issuer, audience, jwks: { keys: [signer.jwk] }, ...provider } },
    now: clock,
    ...options,
  });
const request = (token) => new Request("https://w.example/", { headers: { authorization: `Bearer ${token}` } });
const token = await signer.sign({ scope: "read write", sub: "alice" });

test("what the user's own checks write into a token counts, as it does for any verifier", async () => {
  const checkClaims = ({ principal }) => {
    principal.labels.seen = "yes";
    principal.scopes.push("granted");
  };
  const verifier = await create({ checkClaims });
  for (let turn = 0; turn < 3; turn += 1) {
    const principal = await authenticateRequest(request(token), verifier, { scopes: ["granted"] });
    assert.deepEqual([principal.labels, principal.scopes], [{ seen: "yes" }, ["read", "write", "granted"]]);
    assert.ok(Object.isFrozen(principal.labels));
  }
});

test("a check that writes nothing changes nothing, and one that writes anything is heard", async () => {
  const labelClaims = { tenant: "tenant" };
  const one = await signer.sign({ sub: "alice", scope: "read write", tenant: "t" });
  const bob = await signer.sign({ sub: "bob", scope: "none" });
  const plain = await authenticateRequest(request(one), await create({}, { labelClaims }));
  for (const [write, differs] of [
    [() => {}, {}],
    [(principal) => (principal.note = "not a principal's"), {}],
    [(principal) => (principal.id = "mallory"), { id: "mallory", key: plain.key.replace("alice", "mallory") }],
    [(principal) => (principal.key = "forged"), {}],
    [(principal) => delete principal.labels.tenant, { labels: {} }],
    [(principal) => (principal.labels.tenant = "u"), { labels: { tenant: "u" } }],
    [(principal) => (principal.scopes[1] = "admin"), { scopes: ["read", "admin"] }],
    [(principal) => (principal.expiresAt += 1), { expiresAt: plain.expiresAt + 1 }],
  ]) {
    let shown;
    const checkClaims = async ({ principal }) => {
      // Another token is verified meanwhile.
      if (principal.id === "bob") return;
      await authenticateRequest(request(bob), verifier, { scopes: ["none"] });
      shown = principal;
      write(principal);
    };
    const verifier = await create({ checkClaims }, { labelClaims });
    for (let turn = 0; turn < 3; turn += 1) {
      const principal = await authenticateRequest(request(one), verifier, { scopes: ["read"] });
      assert.deepEqual(principal, { ...plain, ...differs }, String(write));
      for (const part of [principal, principal.labels, principal.scopes]) assert.ok(Object.isFrozen(part));
      // It is the check's own object, and what is done to it later is done to nobody.
      assert.ok(shown !== principal && !Object.isFrozen(shown) && !Object.isFrozen(shown.scopes));
      shown.scopes.push("later");
      assert.ok(!principal.scopes.includes("later"));
    }
  }
});

test("a scope that a check takes away is missing, and so is one that was never there", async () => {
  const verifier = await create({ checkClaims: ({ principal }) => void principal.scopes.pop() });
  const idle = await create({ isRevoked: () => false });
  for (let turn = 0; turn < 3; turn += 1) {
    assert.equal((await authenticateRequest(request(token), idle, { scopes: ["write"] })).id, "alice");
    await assert.rejects(authenticateRequest(request(token), idle, { scopes: ["write", "admin"] }), {
      code: "ERR_TOKEN_SCOPE",
    });
    for (const scope of ["write", "admin"])
      await assert.rejects(authenticateRequest(request(token), verifier, { scopes: [scope] }), {
        code: "ERR_TOKEN_SCOPE",
      });
    assert.deepEqual((await authenticateRequest(request(token), verifier, { scopes: ["read"] })).scopes, ["read"]);
  }
});

test("a function that never answers holds its caller for the time of a request, and no longer", async () => {
  const never = () => new Promise(() => {});
  for (const [options, lacking] of [
    [{ isRevoked: never }, "whether the token is revoked was not found out"],
    [{ checkClaims: never }, "the check of the token's claims did not end"],
    [{ isRevoked: () => false, checkClaims: never }, "the check of the token's claims did not end"],
  ]) {
    const verifier = await create({ ...options, jwksCache: { timeoutMs: 20 } });
    for (let turn = 0; turn < 2; turn += 1) {
      await assert.rejects(verifier.verify(token), {
        code: "ERR_VERIFIER_UNAVAILABLE",
        retryable: true,
        details: { fault: "configuration" },
        message: `${lacking} within 20 ms (\`jwksCache.timeoutMs\`)`,
      });
    }
  }
});

test("a function that answers with a promise is heard, and one that answers at once needs no timer", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const slow = await create({ isRevoked: async () => true });
  await assert.rejects(slow.verify(token), { code: "ERR_TOKEN_REVOKED" });
  const set = t.mock.method(globalThis, "setTimeout");
  assert.ok(await (await create({ isRevoked: () => false, checkClaims: () => {} })).verify(token));
  assert.equal(set.mock.callCount(), 0);
});
