// What is counted by address, and what resume tokens are sealed with.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission, addressKey } from "../../pkg/arcp/gate/admission.js";
import { resumeSealer, secretOf } from "../../pkg/arcp/gate/resume-key.js";
import { gate, recoverFrom } from "../../pkg/platform/modules/gate.js";
import { ready } from "../../pkg/worker.node.js";

await ready();

const limits = {
  maxConnections: 8,
  maxConnectionsPerAddress: 3,
  maxConnectionsPerPrincipal: 2,
  maxSilentConnections: 8,
  failedHandshakesPerMinute: 3,
  maxFramesPerSec: 10,
  maxBytesPerSec: 1000,
};

const endpoint = () => new gate.bindings.ArcpEndpointCore("{}");

// What a client says comes in through its socket's own gate.
function hear({ core, conn }) {
  const own = new gate.bindings.ArcpGateCore(endpoint(), core, conn, true, true, 1, 2, Date.now());
  own.handleClientBinary(0, Date.now());
}

test("whose place is another's is cut, and nobody else", () => {
  const admission = new Admission(limits);
  const cut = [];
  const begin = (name) => admission.begin(undefined, () => cut.push(name));
  const places = ["first", "second"].map(begin);
  assert.equal(admission.full(undefined), undefined, "one of them can go");
  places.push(begin("third"));
  assert.deepEqual(cut, ["first"]);
  for (const place of places.slice(1)) hear(place);
  assert.deepEqual(admission.full(undefined), { status: 429, reason: "too_many_requests", retryAfter: 60 });
  places[1].hello(false);
  assert.equal(admission.full(undefined), undefined);
  for (const place of places) place.end();
  assert.deepEqual(cut, ["first"]);
});

test("after a trap what was counted before it means nothing", () => {
  const admission = new Admission(limits);
  const before = admission.begin("a", () => assert.fail("it was cut"));
  assert.throws(
    () => gate.bindings.trapForTests(),
    (thrown) => recoverFrom(thrown),
  );
  const places = [1, 2, 3].map(() => admission.begin("a", () => {}));
  assert.ok(places.every((place) => place.refusal("p") === (place === places[2] ? "too_many_connections" : undefined)));
  before.hello(true);
  before.end();
  assert.deepEqual(admission.full("a"), { status: 429, reason: "too_many_connections", retryAfter: 5 });
  for (const place of places) place.end();
  assert.equal(admission.full("a"), undefined);
});

test("IPv6 counts by its first 64 bits, however it is written", () => {
  for (const text of [
    "2001:db8:0:1::1",
    "2001:DB8::1:0:0:0:3",
    "2001:0db8:0000:0001:ffff:ffff:ffff:ffff",
    "2001:db8:0:1::%eth0",
  ]) {
    assert.equal(addressKey(text), "2001:db8:0:1::/64", text);
  }
  assert.equal(addressKey("::1"), "0:0:0:0::/64");
  assert.equal(addressKey("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(addressKey("192.0.2.1"), "192.0.2.1");
  for (const nothing of [undefined, null, ""]) assert.equal(addressKey(nothing), undefined);
  for (const odd of [":", "::::", "x:y", ":".repeat(1000)]) assert.equal(typeof addressKey(odd), "string", odd);
});

test("a code depends on the key and the text alone", async () => {
  const key = "a resume key for tests, of 32 bytes";
  const code = await resumeSealer(key)("text");
  assert.match(code, /^[\w-]{43}$/);
  assert.equal(await resumeSealer(key)("text"), code);
  assert.equal(await resumeSealer(new TextEncoder().encode(key))("text"), code);
  assert.notEqual(await resumeSealer(key)("texts"), code);
  assert.notEqual(await resumeSealer(`${key}.`)("text"), code);
  const random = resumeSealer();
  assert.equal(await random("text"), await random("text"));
  assert.notEqual(await random("text"), await resumeSealer()("text"));
  for (const wrong of ["short", 7, new Uint8Array(31), null]) {
    assert.throws(() => resumeSealer(wrong), { code: "ERR_CONFIG", message: /`arcp.resumeKey`/ });
  }
});

test("where no key is configured, the gate's signing key will do, and no token ever", () => {
  const bytes = new Uint8Array(32);
  assert.equal(secretOf({ mode: "assertion", key: bytes }), bytes);
  assert.ok(secretOf({ mode: "assertion", key: { kty: "EC", d: "abc" } }).length >= 32);
  // A code made with it would let its holder try out everybody's tokens.
  assert.equal(secretOf({ mode: "map", tokenFor: { a: "1", b: "2" } }), undefined);
  assert.equal(secretOf({ mode: "dangerouslySharedToken", token: "x".repeat(40) }), undefined);
  assert.equal(secretOf({ mode: "map", tokenFor: () => "x" }), undefined);
  assert.equal(secretOf({ mode: "passthrough" }), undefined);
});
