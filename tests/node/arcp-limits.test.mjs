// What is counted by address, and what resume tokens are sealed with.

import assert from "node:assert/strict";
import { test } from "node:test";
import { addressKey, FailedHandshakes, Places, Rates, Silent, Waiting } from "../../pkg/arcp/gate/limits.js";
import { resumeSealer, secretOf } from "../../pkg/arcp/gate/resume-key.js";

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

test("a bucket fills with failures, and empties in a minute", () => {
  const failed = new FailedHandshakes(3);
  for (let n = 0; n < 3; n += 1) {
    assert.ok(!failed.isFull("a", n));
    failed.add("a", n);
  }
  assert.ok(failed.isFull("a", 10));
  assert.ok(!failed.isFull("b", 10), "another's is empty");
  assert.ok(!failed.isFull(undefined, 10), "nobody pays for those without an address");
  assert.ok(failed.isFull("a", 19_000));
  assert.ok(!failed.isFull("a", 21_000));
  failed.add("a", 21_000);
  assert.ok(failed.isFull("a", 21_000));
  assert.ok(failed.isFull("a", 0), "a clock that was set back");
  assert.ok(!failed.isFull("a", 100_000));
});

test("the oldest addresses are forgotten, so that memory is bounded", () => {
  const failed = new FailedHandshakes(1);
  for (let n = 0; n < 20_000; n += 1) failed.add(`a${n}`, 0);
  assert.ok(!failed.isFull("a0", 0));
  assert.ok(failed.isFull("a19999", 0));
});

test("an address has a quarter of the places to wait in", () => {
  const waiting = new Waiting(8);
  const ends = [waiting.begin("a"), waiting.begin("a"), waiting.begin("b")];
  assert.ok(waiting.isFull("a") && !waiting.isFull("b"));
  ends[0]();
  ends[0]();
  assert.ok(!waiting.isFull("a"));
  waiting.begin("a");
  assert.ok(waiting.isFull("a"), "an end counts once");
  for (let n = 0; n < 10; n += 1) waiting.begin(undefined);
  assert.ok(!waiting.isFull(undefined));
});

test("of those who say nothing for a while there are few, and the oldest go", () => {
  const silent = new Silent(8);
  const cut = [];
  const begin = (key, name) => silent.begin(key, () => cut.push(name));
  const [one, two, three] = ["1", "2", "3"].map((name) => begin("a", name));
  assert.ok(silent.has("a") && !silent.has("b"));
  for (const socket of [one, two, three]) socket.age();
  assert.deepEqual(cut, ["1"], "a quarter from one address");
  two.end();
  begin("a", "4").age();
  assert.deepEqual(cut, ["1"], "who has said something is none of them");
  two.age();
  one.age();
  for (let n = 0; n < 6; n += 1) begin(`b${n}`, `b${n}`).age();
  assert.deepEqual(cut, ["1"]);
  begin("c", "c").age();
  assert.deepEqual(cut, ["1", "3"], "of all, the oldest");
  begin("d", "d1");
  begin("d", "d2");
  silent.makeRoom("d");
  silent.makeRoom("e");
  assert.deepEqual(cut, ["1", "3", "d1"]);
  for (let n = 0; n < 1000; n += 1) begin("f", "f");
  assert.equal(cut.length, 3, "who has just come is on the way to a hello");
});

test("each key has its places, and an end counts once", () => {
  const places = new Places(2);
  const end = places.begin("a");
  places.begin("a");
  assert.ok(places.isFull("a") && !places.isFull("b"));
  end();
  end();
  assert.ok(!places.isFull("a"));
  places.begin("a");
  assert.ok(places.isFull("a"));
});

test("what a principal's sessions say together leaks with time, by frames and by bytes", () => {
  const rates = new Rates(10, 1000, 4000);
  for (let n = 0; n < 100; n += 1) assert.ok(rates.takes("a", 1, 0));
  assert.ok(!rates.takes("a", 1, 0));
  assert.ok(rates.takes("b", 1, 0), "another's is empty");
  assert.ok(rates.takes("a", 1, 1000));
  assert.ok(!rates.takes("b", 4000, 0));
  assert.ok(!rates.takes("b", 0, -1000), "a clock that was set back leaks nothing");
  assert.ok(rates.takes("b", 0, 3000));
  assert.ok(rates.takes("d", 9000, 0) && !rates.takes("d", 1, 0), "what is larger than a burst comes alone");
  const never = () => assert.fail("it is too long whatever it weighs");
  assert.ok(!rates.takes("d", 1, 0, never));
  assert.ok(rates.takes("e", 10, 0) && rates.takes("e", 10, 0, () => 3990), "what it weighs counts");
  assert.ok(!rates.takes("e", 1, 0));
  for (let n = 0; n < 20_000; n += 1) rates.takes(`c${n}`, 5000, 0);
  assert.ok(rates.takes("c0", 1, 0), "memory is bounded: the oldest is forgotten");
  assert.ok(!rates.takes("c19999", 1, 0));
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
