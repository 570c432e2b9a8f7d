// ArcClient against servers that do what servers do: tokens, and what happens when one has expired.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArcgateError } from "../../pkg/entry.node.js";
import { all, answerTo, chat, clientOf, failing, fails, json, SECRET, streaming, task } from "../lib/arc-client.mjs";

test("the token is asked for at each call, whatever gives it", async () => {
  let count = 0;
  const { client, seen } = await clientOf((request) => json(answerTo(request)), {
    token: async () => `token-${++count}`,
  });
  await client.task.create(task);
  await client.task.create(task);
  const asked = [];
  const manager = {
    getToken: async (options) => (asked.push(options) ? "managed" : ""),
    invalidate: () => assert.fail(),
  };
  const { client: managed, seen: sent } = await clientOf((request) => json(answerTo(request)), { token: manager });
  await managed.task.create(task);
  assert.deepEqual([seen[0].token, seen[1].token, sent[0].token], ["token-1", "token-2", "managed"]);
  assert.ok(asked[0].signal instanceof AbortSignal && asked[0].forceRefresh === undefined);
});

/** A TokenManager, as far as a client sees it. */
function managerOf(tokens) {
  const log = [];
  let current = tokens.shift();
  return {
    log,
    async getToken({ forceRefresh } = {}) {
      log.push(forceRefresh ? "force" : "get");
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (forceRefresh) current = tokens.shift();
      return current;
    },
    invalidate(token) {
      log.push(`invalidate ${token}`);
    },
  };
}

const expiredAnswers = {
  "-44004": (request) => json(failing(-44004, "Token expired")(request), 401),
  "the SDK's server": (request) => {
    const body = failing(-44001, "Invalid token: Token expired: Signature has expired")(request);
    return json({ ...body, responseAgent: "auth-middleware" }, 401, { "content-type": "application/json" });
  },
  "a gateway": () =>
    new Response("no", {
      status: 401,
      headers: { "www-authenticate": 'Bearer error_description="the access token expired"' },
    }),
};

for (const [name, expired] of Object.entries(expiredAnswers)) {
  test(`expired, as said by ${name}: one refresh, one retry of the same request`, async () => {
    const manager = managerOf(["old", "new"]);
    const answer = (request, { headers }) =>
      headers.authorization === "Bearer old" ? expired(request) : json(answerTo(request));
    const { client, seen } = await clientOf(answer, { token: manager });
    const result = await client.task.create(task);
    assert.equal(result.task.status, "COMPLETED");
    assert.deepEqual(manager.log, ["get", "get", "invalidate old", "force"]);
    assert.deepEqual(
      seen.map(({ token }) => token),
      ["old", "new"],
    );
    assert.equal(seen[0].init.body, seen[1].init.body);

    let calls = 0;
    const { client: asking } = await clientOf(answer, { token: async () => (calls++ ? "new" : "old") });
    await asking.task.create(task);
    assert.equal(calls, 2);

    const { client: fixed, seen: once } = await clientOf(expired);
    const error = await fails(fixed.task.create(task), "ERR_TOKEN_EXPIRED", /a string as `token` can't be renewed/);
    assert.equal(once.length, 1);
    assert.equal(error.details.status, 401);
  });
}

test("expired for good: one refresh, and then it is final", async () => {
  const manager = managerOf(["old", "new", "newer"]);
  const { client, seen } = await clientOf(expiredAnswers["-44004"], { token: manager });
  const error = await fails(client.task.create(task), "ERR_TOKEN_EXPIRED");
  assert.equal(error.arcCode, -44004);
  assert.equal(seen.length, 2);
  assert.deepEqual(manager.log, ["get", "get", "invalidate old", "force"]);
});

test("many calls with one expired token force one refresh", async () => {
  let refreshes = 0;
  let pending;
  let current = "old";
  const token = {
    getToken({ forceRefresh } = {}) {
      if (!forceRefresh) return pending ?? Promise.resolve(current);
      refreshes += 1;
      pending = new Promise((resolve) => setTimeout(() => resolve((current = "new")), 20)).finally(
        () => (pending = undefined),
      );
      return pending;
    },
    invalidate() {},
  };
  const { client, seen } = await clientOf(
    async (request, { headers }, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 4));
      return headers.authorization === "Bearer old" ? expiredAnswers["-44004"](request) : json(answerTo(request));
    },
    { token },
  );
  await Promise.all(Array.from({ length: 20 }, () => client.task.create(task)));
  assert.equal(refreshes, 1);
  assert.equal(seen.length, 40);
});

test("nothing else is repeated", async () => {
  const cases = [
    [(request) => json(failing(-44001, "Authentication failed")(request), 401), "ERR_UNAUTHENTICATED"],
    [(request) => json(failing(-44004, "Token expired")(request), 200), "ERR_TOKEN_EXPIRED"],
    [(request) => json(failing(-44004, "Token expired")(request), 500), "ERR_TOKEN_EXPIRED"],
    [(request) => json(failing(-44003, "no")(request), 403), "ERR_TOKEN_SCOPE"],
    [(request) => json(failing(-32603, "no")(request), 503), "ERR_REMOTE"],
    [() => new Response("", { status: 502 }), "ERR_REMOTE"],
    [() => json("nonsense"), "ERR_PROTOCOL"],
    [() => Promise.reject(new TypeError("fetch failed")), "ERR_NETWORK"],
    [
      () => streaming([`event: error\ndata: {"error":{"code":-44004,"message":"Token expired"}}\n\n`]).response,
      "ERR_TOKEN_EXPIRED",
    ],
  ];
  for (const [answer, code] of cases) {
    const manager = managerOf(["old", "new"]);
    const { client, seen } = await clientOf(answer, { token: manager });
    await fails(
      code === "ERR_TOKEN_EXPIRED" && cases.at(-1)[0] === answer
        ? all(client.chat.start(chat))
        : client.task.create(task),
      code,
    );
    assert.deepEqual([seen.length, manager.log], [1, ["get"]], code);
  }
});

test("a source of tokens that fails, and one that gives none", async () => {
  const sources = [
    [async () => Promise.reject(new Error("offline")), "ERR_REFRESH_UNAVAILABLE"],
    [
      () => {
        throw new ArcgateError("ERR_REFRESH_REJECTED", "log in again");
      },
      "ERR_REFRESH_REJECTED",
    ],
    [async () => undefined, "ERR_CONFIG"],
    [async () => "two words", "ERR_CONFIG"],
    [async () => `${SECRET}\r\nx: y`, "ERR_CONFIG"],
  ];
  for (const [token, code] of sources) {
    const { client, seen } = await clientOf(() => assert.fail("it was sent"), { token });
    await fails(client.task.create(task), code);
    assert.equal(seen.length, 0);
  }
  // The refresh that fails is the news, not the refusal that caused it.
  const token = { invalidate() {}, getToken: async ({ forceRefresh }) => (forceRefresh ? sources[1][0]() : "old") };
  const { client } = await clientOf(expiredAnswers["-44004"], { token });
  await fails(client.task.create(task), "ERR_REFRESH_REJECTED");
});
