// What is a trap and what is none; and that a trap takes the module that it happened in, and no other.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JwtVerifier, ready, StaticBearerVerifier, TokenManager } from "../../pkg/entry.node.js";
import { client } from "../../pkg/platform/modules/client.js";
import { verify } from "../../pkg/platform/modules/verify.js";
import { isTrap } from "../../pkg/platform/trap.js";
import { audience, clock, issuer, makeSigner } from "../conformance/sign.mjs";

await ready();

const thrownBy = (work) => {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  return assert.fail("nothing was thrown");
};

/** What a call into the module throws where the stack ends within it: it needs more than the glue does. */
function overflowInside() {
  const nested = `{"id":"me","labels":${"[".repeat(31)}1${"]".repeat(31)}}`;
  const work = () => verify.bindings.toPrincipal(nested);
  const at = (depth) => (depth === 0 ? work() : at(depth - 1));
  for (let depth = 1000; ; depth += 20) {
    try {
      at(depth);
    } catch (thrown) {
      // It refuses what it has read, otherwise.
      if (thrown instanceof Error) return thrown;
    }
  }
}

/** Has the stack end within a call of this verifier's, which stays borrowed. */
function breakOff(core) {
  const nested = `[{"keys":${"[".repeat(31)}${"]".repeat(31)}}]`;
  const at = (depth) => (depth === 0 ? core.handleSnapshots(nested, 0) : at(depth - 1));
  for (let depth = 1000; ; depth += 1) {
    try {
      at(depth);
    } catch {
      // Refused, or the stack has ended in JavaScript.
    }
    try {
      core.snapshots();
    } catch {
      return;
    }
    assert.ok(depth < 50_000, "it never ends within the module");
  }
}

describe("a trap is", () => {
  test("an error of the module's own", () => {
    assert.equal(isTrap(thrownBy(() => verify.bindings.trapForTests())), true);
  });

  test("a stack that ends inside the module", () => {
    const error = overflowInside();
    assert.ok(error instanceof RangeError, String(error));
    assert.match(error.stack.split("\n")[1], /wasm-function/, "not in the glue");
    assert.equal(verify.recoverFrom(error), true);
  });

  // As the others write it.
  const overflow = (name, message, stack) => Object.assign(new Error(message), { name, stack });
  test("the same in Firefox and in Safari", () => {
    const stack =
      "http://x/pkg/wasm/verify.wasm:wasm-function[12]:0x1f2\ntoPrincipal@http://x/pkg/wasm/verify.js:1:2\n";
    assert.equal(isTrap(overflow("InternalError", "too much recursion", `f@${stack}`)), true);
    assert.equal(
      isTrap(overflow("RangeError", "Maximum call stack size exceeded.", "<?>.wasm-function[7]@[wasm code]\n")),
      true,
    );
  });

  test("perhaps a stack that ends where nobody says", () => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      const dive = () => dive();
      assert.equal(isTrap(thrownBy(dive)), true);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});

describe("no trap is", () => {
  const dive = () => dive();
  for (const [what, work] of Object.entries({
    "a stack that ends in JavaScript": dive,
    "a number out of range": () => new Array(-1),
    "bytes for which there is no memory": () => new ArrayBuffer(Number.MAX_SAFE_INTEGER),
    "a text": () => {
      throw "Maximum call stack size exceeded";
    },
  })) {
    test(what, () => assert.equal(isTrap(thrownBy(work)), false));
  }

  test("what the user's functions throw: verifiers and managers keep what they have", async () => {
    const before = [verify.epoch, client.epoch];
    const signer = await makeSigner();
    const verifier = await JwtVerifier.create({
      providers: { p: { issuer, audience, jwks: { keys: [signer.jwk] } } },
      now: clock,
      checkClaims: dive,
    });
    await assert.rejects(verifier.verify(await signer.sign()), { code: "ERR_TOKEN_CLAIM" });
    const manager = await TokenManager.create({ type: "callback", fetchToken: () => "a" }, { now: dive });
    await assert.rejects(manager.getToken());
    assert.deepEqual([verify.epoch, client.epoch], before);
  });
});

describe("a trap takes", () => {
  test("no verifier for ever, where the stack had no room left to say so", async () => {
    const signer = await makeSigner();
    const token = await signer.sign();
    const verifier = await JwtVerifier.create({
      providers: { p: { issuer, audience, jwks: { keys: [signer.jwk] } } },
      now: clock,
    });
    const { prototype } = verify.bindings.VerifierCore;
    const { begin } = prototype;
    let core;
    prototype.begin = function (...args) {
      core = this;
      return begin.apply(this, args);
    };
    await verifier.verify(token);
    prototype.begin = begin;

    const before = verify.epoch;
    breakOff(core);
    assert.equal(verify.epoch, before, "nobody has seen it");
    await assert.rejects(verifier.verify(token), { code: "ERR_INTERNAL", retryable: true });
    assert.equal(verify.epoch, before + 1);
    assert.equal((await verifier.verify(token)).principal.id, "user-1");
  });

  test("the module that it happened in: what the other one made lives on", async () => {
    const signer = await makeSigner();
    const token = await signer.sign();
    const verifier = await JwtVerifier.create({
      providers: { p: { issuer, audience, jwks: { keys: [signer.jwk] } } },
      now: clock,
    });
    await verifier.verify(token);
    const manager = await TokenManager.create({ type: "static", token: "own" });
    const before = [verify.epoch, client.epoch];
    assert.throws(() => client.call("trapForTests"), { code: "ERR_INTERNAL", retryable: true });
    assert.deepEqual([verify.epoch, client.epoch], [before[0], before[1] + 1]);
    assert.equal((await verifier.verify(token)).principal.id, "user-1");
    assert.equal(await manager.getToken(), "own");

    assert.throws(() => verify.call("trapForTests"), { code: "ERR_INTERNAL" });
    assert.deepEqual([verify.epoch, client.epoch], [before[0] + 1, before[1] + 1]);
    assert.equal((await verifier.verify(token)).principal.id, "user-1");
  });
});

test("known tokens are known after a trap", async () => {
  const verifier = await StaticBearerVerifier.create({ robot: "r-1", human: "h-1" });
  const idOf = async (token) => (await verifier.authenticate({ scheme: "bearer", token }, {}))?.id;
  assert.equal(await idOf("human"), "h-1");
  assert.equal(verify.recoverFrom(thrownBy(() => verify.bindings.trapForTests())), true);
  assert.deepEqual([await idOf("human"), await idOf("robot"), await idOf("other")], ["h-1", "r-1", undefined]);
});
