// What a 401 costs when many clients share one source of tokens: one renewal, whichever form the source has, and nothing for those who
// get along with the token.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, mock, test } from "node:test";
import { ArcClient, createFetch } from "../../pkg/client.node.js";
import { bad, counting, only, startServers } from "../lib/bearer-servers.mjs";
import { create } from "../lib/token-manager.mjs";

let api;
let other;
let seen;
let servers;
before(async () => {
  servers = await startServers();
  ({ api, other, seen } = servers);
});
after(() => servers.close());
beforeEach(() => servers.reset());

/** A function that gives a manager's tokens, as a Worker hands it over. */
const asFunction = (manager) => (options) => manager.getToken({ ...options, waitUntil: () => {} });

/** What has a manager's methods but for `invalidate`. */
const asGiver = (manager) => ({ getToken: (options) => manager.getToken(options) });

const statuses = async (calls) => (await Promise.all(calls)).map(({ status }) => status);

describe("a source of each form", () => {
  for (const [name, form] of [
    ["a manager", (manager) => manager],
    ["a function", asFunction],
    ["what has getToken", asGiver],
  ]) {
    test(`${name}: one more try after a 401, and the next call has the new token`, async () => {
      const { manager, reasons } = await counting();
      const authorized = createFetch(form(manager), { origins: [api] });
      servers.answers["/"] = only("t2");
      assert.deepEqual(await statuses([authorized(api)]), [200]);
      assert.deepEqual(await statuses([authorized(api)]), [200]);
      assert.deepEqual([servers.bearers(), reasons.length], [["Bearer t1", "Bearer t2", "Bearer t2"], 2]);
    });

    test(`${name}: ten calls with a createFetch each, refused one after the other, cost one renewal`, async () => {
      const { manager, reasons } = await counting();
      const token = form(manager);
      // Each is refused only when the one before has had its answer.
      let turn = Promise.resolve();
      const inTurn = (input, init) => {
        const answer = turn.then(() => fetch(input, init));
        turn = answer.catch(() => {});
        return answer;
      };
      servers.answers["/"] = only("t2");
      const once = () => createFetch(token, { origins: [api], fetch: inTurn })(api);
      assert.deepEqual([...new Set(await statuses(Array.from({ length: 10 }, once)))], [200]);
      assert.equal(reasons.length, 2);
    });
  }

  test("a function that is made at each call: those who are refused later take what the first has brought", async () => {
    const { manager, reasons } = await counting();
    const once = () => createFetch(asFunction(manager), { origins: [api] })(api);
    servers.answers["/"] = only("t2");
    await manager.getToken();
    const early = await statuses([once()]);
    assert.deepEqual([early, await statuses([once(), once(), once()]), reasons.length], [[200], [200, 200, 200], 2]);
  });

  test("a function is told what is wanted, and when nobody waits any more", async () => {
    const asked = [];
    const abort = new AbortController();
    const token = (options) => {
      asked.push(options);
      if (!options.forceRefresh) return "t1";
      abort.abort();
      return new Promise(() => {});
    };
    servers.answers["/"] = () => [401, bad];
    const call = createFetch(token, { origins: [api] })(api, { signal: abort.signal });
    await assert.rejects(call, { name: "AbortError" });
    assert.deepEqual(
      asked.map(({ forceRefresh }) => forceRefresh),
      [undefined, undefined, true],
    );
    assert.ok(asked.every(({ signal }) => signal.aborted));
  });

  test("who leaves takes the renewal from nobody else", async () => {
    const { manager } = await counting();
    const [opened, refused] = [later(), later()];
    let plain = 0;
    let told;
    const token = async (options) => {
      if (options.forceRefresh) {
        told = options.signal;
        await opened.promise;
      } else {
        plain += 1;
        // Both have asked once more.
        if (plain === 4) setImmediate(refused.resolve);
      }
      return manager.getToken(options);
    };
    servers.answers["/"] = only("t2");
    const authorized = createFetch(token, { origins: [api] });
    const abort = new AbortController();
    const leaving = authorized(api, { signal: abort.signal });
    const staying = authorized(api);
    await refused.promise;
    abort.abort();
    await assert.rejects(leaving, { name: "AbortError" });
    assert.equal(told.aborted, false);
    opened.resolve();
    assert.equal((await staying).status, 200);
  });
});

function later() {
  const it = {};
  it.promise = new Promise((resolve) => {
    it.resolve = resolve;
  });
  return it;
}

describe("a server that refuses every token", () => {
  for (const [name, form] of [
    ["a manager", (manager) => manager],
    ["a function", asFunction],
  ]) {
    test(`${name}: gets its 401, and the others go on with the token`, async () => {
      const { manager, reasons } = await counting();
      const authorized = createFetch(form(manager), { origins: [api, other] });
      const states = [];
      manager.subscribe(({ state }) => states.push(state));
      servers.answers["/deaf"] = () => [401];
      for (let round = 0; round < 5; round += 1) {
        assert.deepEqual(await statuses([authorized(`${other}/deaf`), authorized(`${api}/good`)]), [401, 200]);
      }
      assert.deepEqual([reasons.length, manager.state], [2, "valid"]);
      assert.ok(!states.includes("failed") && !states.includes("empty"));
    });
  }

  test("is given a fresh one again after a minute, then after two; one that helps begins anew", async () => {
    mock.timers.enable({ apis: ["Date"], now: Date.now() });
    try {
      const { manager, reasons } = await counting();
      const authorized = createFetch(manager, { origins: [api] });
      servers.answers["/"] = () => [401, bad];
      const renewedAfter = async (secs) => {
        const before = reasons.length;
        mock.timers.tick(secs * 1000);
        await authorized(api);
        return reasons.length - before;
      };
      await authorized(api);
      const passed = [59, 2, 61, 60, 200].map((secs) => () => renewedAfter(secs));
      const renewed = [];
      for (const pass of passed) renewed.push(await pass());
      assert.deepEqual(renewed, [0, 1, 0, 1, 0]);
      servers.answers["/"] = only(`t${reasons.length + 1}`);
      assert.deepEqual([await renewedAfter(60), reasons.length], [1, 5]);
      servers.answers["/"] = () => [401, bad];
      assert.deepEqual([await renewedAfter(1), await renewedAfter(61)], [1, 1]);
    } finally {
      mock.timers.reset();
    }
  });

  test("and another one of its kind costs nothing more", async () => {
    const { manager, reasons } = await counting();
    servers.answers["/deaf"] = () => [401, bad];
    for (const origin of [api, other, api, other]) {
      assert.equal((await createFetch(manager, { origins: [origin] })(`${origin}/deaf`)).status, 401);
    }
    assert.equal(reasons.length, 2);
  });

  test("takes the token from nobody where no other one comes", async () => {
    const manager = await create({ type: "static", token: "t1" });
    const authorized = createFetch(manager, { origins: [api] });
    servers.answers["/deaf"] = () => [401, bad];
    assert.deepEqual(await statuses([authorized(`${api}/deaf`), authorized(`${api}/good`)]), [401, 200]);
    assert.deepEqual([manager.state, await manager.getToken()], ["valid", "t1"]);
  });

  test("of ARC: calls later the token is still there for others", async () => {
    const { manager, reasons } = await counting();
    const expired = { "content-type": "application/json" };
    const body = JSON.stringify({ arc: "1.0", id: null, error: { code: -44004, message: "Token expired" } });
    const endpoint = "https://agents.example/arc";
    const fetch = async () => new Response(body, { status: 401, headers: expired });
    const client = await ArcClient.create({ endpoint, requestAgent: "me", token: manager, fetch });
    for (let round = 0; round < 4; round += 1) {
      await assert.rejects(client.task.info({ targetAgent: "a", taskId: "1" }), { code: "ERR_TOKEN_EXPIRED" });
    }
    assert.deepEqual([manager.state, reasons.length, seen.length], ["valid", 2, 0]);
  });
});
