// Requests of one principal, however they end: what they have had is free again, and none knows of another.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorker, ready } from "../../pkg/worker.node.js";
import { envelope } from "../lib/arc.mjs";

await ready();

const settled = () => new Promise((resolve) => setImmediate(resolve));
const forever = () => new Promise(() => {});

test("each way out gives the place back, and a request that is under way shares nothing with another", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const limits = { maxRequestsPerPrincipal: 2, agentTimeoutMs: 30, bodyTimeoutMs: 30 };
  const worker = createWorker({
    verifier: {
      async authenticate({ token }) {
        return token === "nobody" ? null : { id: "a", scopes: ["arc.task.controller", "arc.agent.caller"] };
      },
    },
    agents: {
      echo: async (input) => input,
      fails: async () => {
        throw new Error("a mistake");
      },
      never: forever,
      waits: async (input) => {
        await settled();
        return input;
      },
    },
    audit() {},
    limits,
  });
  const post = async (body, token = "t") => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const init = { method: "POST", duplex: "half", body, headers };
    const response = await worker.fetch(new Request("http://127.0.0.1:8787/arc", init), {}, { waitUntil() {} });
    return { status: response.status, json: await response.json() };
  };
  const ask = (targetAgent, content = "x", id = "r") => {
    const params = { initialMessage: { role: "user", parts: [{ type: "TextPart", content }] } };
    return JSON.stringify(envelope({ targetAgent, id, params }));
  };
  const broken = () => new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
  // Time passes for those alone that wait for it.
  const late = async (answered) => {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    answered.then(over, over);
    for (; !isOver; await settled()) t.mock.timers.tick(30);
    return answered;
  };
  const ways = [
    [() => post(ask("echo")), 200],
    [() => post(ask("fails")), 500],
    [() => late(post(ask("never"))), 504],
    [() => post(ask("nobody-knows")), 404],
    [() => post("no JSON"), 400],
    [() => post(broken()), 400],
    [() => late(post(new ReadableStream({}))), 408],
    [() => post(ask("echo"), "nobody"), 401],
  ];
  // Each of them more often than there are places.
  for (const [way, expected] of ways) {
    for (let times = 0; times < 3; times += 1) assert.equal((await way()).status, expected, String(way));
  }
  const [one, other] = await Promise.all([post(ask("waits", "one", "1")), post(ask("waits", "other", "2"))]);
  assert.deepEqual([one.status, other.status, one.json.id, other.json.id], [200, 200, "1", "2"]);
  assert.match(JSON.stringify(one.json.result), /"one"/);
  assert.match(JSON.stringify(other.json.result), /"other"/);
});

for (const [what, spoil] of [
  ["breaks off", (controller) => controller.error(new Error("aborted"))],
  ["never comes", () => {}],
]) {
  test(`a client that goes while its token is verified, and whose body ${what}, leaves nothing behind`, async () => {
    const abort = new AbortController();
    let controller;
    let isCancelled = false;
    const body = new ReadableStream({
      start(given) {
        controller = given;
      },
      cancel() {
        isCancelled = true;
      },
    });
    const verifier = {
      async authenticate() {
        await settled();
        abort.abort();
        spoil(controller);
        return { id: "a", scopes: [] };
      },
    };
    const worker = createWorker({ verifier, agents: { echo: async (input) => input }, audit() {} });
    const headers = { authorization: "Bearer t", "content-type": "application/json" };
    const init = { method: "POST", duplex: "half", body, headers, signal: abort.signal };
    const response = await worker.fetch(new Request("http://127.0.0.1:8787/arc", init), {}, { waitUntil() {} });
    assert.equal(response.status, 400);
    // A rejection that nobody has seen fails the test now: a process would end by it.
    await settled();
    assert.equal(isCancelled, what === "never comes", "nobody reads it any more");
  });
}
