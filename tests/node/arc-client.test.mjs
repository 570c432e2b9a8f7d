// ArcClient against servers that do what servers do: every kind of answer, refusal, stream and break.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { ArcClient, ArcgateError } from "../../pkg/entry.node.js";

const SECRET = "a-token-that-nobody-may-see.0123456789";

const answerTo = (request, changes = {}) => ({
  arc: "1.0",
  id: request.id,
  responseAgent: request.targetAgent,
  targetAgent: request.requestAgent,
  result: { type: "task", task: { taskId: "t1", status: "COMPLETED" } },
  error: null,
  ...changes,
});

const json = (body, status = 200, headers = {}) =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), {
    status,
    headers: { "content-type": "application/arc+json", ...headers },
  });

const failing = (code, message, details) => (request) =>
  answerTo(request, { result: null, error: { code, message, details } });

/** A client whose fetch is `answer(request, init, index)`; `seen` are the requests. */
async function clientOf(answer, options = {}) {
  const seen = [];
  const fetch = async (url, init) => {
    const request = JSON.parse(init.body);
    seen.push({ url, init, request, token: init.headers.authorization.slice("Bearer ".length) });
    return answer(request, init, seen.length - 1);
  };
  const client = await ArcClient.create({
    endpoint: "https://agents.example/arc",
    requestAgent: "me",
    token: SECRET,
    fetch,
    ...options,
  });
  return { client, seen };
}

/** What a promise fails with: an ArcgateError of this code that shows no token anywhere. */
async function fails(promise, code, pattern = /./) {
  const error = await promise.then(
    (value) => assert.fail(`it succeeded with ${JSON.stringify(value)}`),
    (thrown) => thrown,
  );
  assert.ok(error instanceof ArcgateError, error?.stack ?? String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, pattern);
  for (let at = error; at; at = at.cause) {
    const shown = `${at.message}\n${at.stack}\n${JSON.stringify(at, Object.getOwnPropertyNames(at))}`;
    assert.ok(!shown.includes(SECRET), `a token in ${shown}`);
  }
  return error;
}

const task = { targetAgent: "echo", initialMessage: "hi" };
const chat = { ...task, stream: true };

/** A response that streams these texts (or whatever `pull` does). */
function streaming(texts, { headers = {}, open = false } = {}) {
  const encoder = new TextEncoder();
  const state = { pulled: 0, cancelled: false };
  const body = new ReadableStream(
    {
      pull(controller) {
        if (state.pulled < texts.length) {
          const text = texts[state.pulled++];
          controller.enqueue(typeof text === "string" ? encoder.encode(text) : text);
        } else if (!open) controller.close();
        else return new Promise(() => {});
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  const response = new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8", ...headers } });
  return { response, state };
}

const piece = (text) =>
  `event: stream\ndata: ${JSON.stringify({ chatId: "c1", message: { role: "agent", parts: [{ type: "TextPart", content: text }] } })}\n\n`;
const done = `event: done\ndata: {"chatId":"c1","status":"ACTIVE","done":true}\n\n`;

async function all(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

const contents = (events) => events.map(({ type, message }) => message?.parts[0].content ?? type);

async function serve(handler) {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/arc`, close };
}

// ---- requests

test("each of the nine methods sends its envelope", async () => {
  const { client, seen } = await clientOf((request) => json(answerTo(request, { result: { success: true } })));
  const message = { role: "user", parts: [{ type: "DataPart", content: "{}", mimeType: "application/json" }] };
  const common = { targetAgent: "echo", traceId: "trace-1" };
  const hi = { role: "user", parts: [{ type: "TextPart", content: "hi" }] };
  const calls = [
    ["task", "create", { initialMessage: "hi", priority: "HIGH", metadata: { a: 1 } }, { initialMessage: hi }],
    ["task", "send", { taskId: "t", message }, {}],
    ["task", "info", { taskId: "t", includeMessages: false, includeArtifacts: true }, {}],
    ["task", "cancel", { taskId: "t", reason: "no" }, {}],
    ["task", "subscribe", { taskId: "t", callbackUrl: "https://me.example/cb", events: ["TASK_COMPLETED"] }, {}],
    ["task", "notification", { taskId: "t", event: "TASK_FAILED", timestamp: "2026-01-01T00:00:00Z", data: {} }, {}],
    ["chat", "start", { initialMessage: message, chatId: "c", metadata: {} }, {}],
    ["chat", "message", { chatId: "c", message: "hi", stream: false }, { message: hi }],
    ["chat", "end", { chatId: "c", reason: "over" }, {}],
  ];
  for (const [group, method, params, changes] of calls) {
    assert.deepEqual(await client[group][method]({ ...common, ...params }), { success: true });
    const { url, init, request, token } = seen.at(-1);
    assert.match(request.id, /^[\w-]{36}$/);
    assert.deepEqual(request, {
      arc: "1.0",
      id: request.id,
      method: `${group}.${method}`,
      requestAgent: "me",
      targetAgent: "echo",
      traceId: "trace-1",
      params: { ...params, ...changes },
    });
    assert.deepEqual(
      [url, init.method, init.redirect, token],
      ["https://agents.example/arc", "POST", "manual", SECRET],
    );
    assert.equal(init.headers["content-type"], "application/arc+json");
  }
  assert.equal(new Set(seen.map(({ request }) => request.id)).size, 9, "an id is used once");
});

test("call sends any method and gives the result as it is", async () => {
  const result = { deep: JSON.parse(`${"[".repeat(100)}1.0${"]".repeat(100)}`) };
  const { client, seen } = await clientOf((request) => json(answerTo(request, { result })));
  assert.deepEqual(await client.call("agent.getCapabilities", { targetAgent: "echo", params: {} }), result);
  assert.equal(seen[0].request.method, "agent.getCapabilities");
  assert.ok(!("traceId" in seen[0].request));
  const { client: other } = await clientOf((request) => json(answerTo(request, { result: null })));
  assert.equal(await other.call("x", { targetAgent: "echo", params: {} }), null);
});

test("what can't be sent is refused before a token is asked for", async () => {
  const token = () => assert.fail("a token was asked for");
  const { client } = await clientOf(() => assert.fail("it was sent"), { token });
  const cycle = {};
  cycle.cycle = cycle;
  for (const [send, pattern] of [
    [() => client.task.create(), /options/],
    [() => client.task.create({ initialMessage: "hi" }), /`targetAgent` is missing/],
    [() => client.task.create({ targetAgent: "", initialMessage: "hi" }), /`targetAgent` must have 1 to 256/],
    [() => client.task.create({ targetAgent: "echo" }), /`initialMessage` is missing/],
    [() => client.task.create({ targetAgent: "echo", initialMessage: 7 }), /`initialMessage` must be a string, or/],
    [() => client.task.create({ ...task, priorty: "LOW" }), /did you mean `priority`/],
    [() => client.task.create({ ...task, timeoutMs: 0 }), /timeoutMs/],
    [() => client.task.create({ ...task, traceId: "" }), /`traceId`/],
    [() => client.task.create({ ...task, metadata: cycle }), /JSON/],
    [() => client.task.create({ ...task, metadata: 1n }), /JSON/],
    [() => client.chat.message({ targetAgent: "echo", chatId: "c" }), /`message` is missing/],
    [() => client.chat.end({ targetAgent: "echo" }), /`chatId` is missing/],
    [() => client.call("x", { targetAgent: "echo" }), /`params` must be an object/],
    [() => client.call("x", { targetAgent: "echo", params: [] }), /`params` must be an object/],
    [() => client.call("x", { targetAgent: "echo", params: { toJSON: () => 1 } }), /`params` must be an object/],
    [() => client.call("", { targetAgent: "echo", params: {} }), /`method`/],
    [() => client.call(undefined, { targetAgent: "echo", params: {} }), /`method` is missing/],
    [() => all(client.chat.start({ ...chat, strem: true })), /did you mean `stream`/],
  ]) {
    await fails(send(), "ERR_CONFIG", pattern);
  }
});

test("create refuses what a token must not be sent to, and wrong options", async () => {
  const good = { endpoint: "https://agents.example/arc", requestAgent: "me", token: SECRET };
  for (const [changes, pattern] of [
    [{ endpoint: "http://agents.example/arc" }, /`endpoint` must begin with https/],
    [{ endpoint: "http://localhost.evil.example/arc" }, /https/],
    [{ endpoint: "https://user:word@agents.example/arc" }, /user name or password/],
    [{ endpoint: "/arc" }, /https/],
    [{ endpoint: undefined }, /`endpoint`/],
    [{ requestAgent: undefined }, /`requestAgent` is missing/],
    [{ requestAgent: "" }, /`requestAgent`/],
    [{ token: undefined }, /`token` must be a string, a TokenManager, or a function/],
    [{ token: "" }, /no bearer token/],
    [{ token: `Bearer ${SECRET}` }, /without `Bearer `/],
    [{ token: `${SECRET}\n` }, /no bearer token/],
    [{ token: {} }, /`token` must be/],
    [{ fetch: "x" }, /`fetch` must be a function/],
    [{ timeoutMs: -1 }, /timeoutMs/],
    [{ limits: { maxAnswerBytes: "1" } }, /limits.maxAnswerBytes/],
    [{ limits: { maxAnswers: 1 } }, /limits.maxAnswers/],
    [{ retries: 1 }, /`retries` is not an option/],
  ]) {
    await fails(ArcClient.create({ ...good, ...changes }), "ERR_CONFIG", pattern);
  }
  for (const endpoint of [
    "http://localhost:1/arc",
    "http://127.0.0.1:1/arc",
    "http://[::1]:1/arc",
    new URL(good.endpoint),
  ]) {
    await ArcClient.create({ ...good, endpoint });
  }
});

// ---- tokens

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
    assert.deepEqual(manager.log, ["get", "invalidate old", "force"]);
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
  assert.deepEqual(manager.log, ["get", "invalidate old", "force"]);
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

// ---- answers

test("failures have the peer's code, its details, and whether a retry helps", async () => {
  const scopes = { required_scopes: ["arc.agent.caller", "x"], provided_scopes: ["x"] };
  const { client } = await clientOf((request) =>
    json(failing(-44003, "Insufficient OAuth2 scope", scopes)(request), 403),
  );
  const scope = await fails(client.task.create(task), "ERR_TOKEN_SCOPE", /-44003.*it needs arc.agent.caller x/);
  assert.equal(scope.arcCode, -44003);
  assert.deepEqual(scope.details, {
    fault: "caller",
    subject: "arc.agent.caller x",
    status: 403,
    requiredScopes: ["arc.agent.caller", "x"],
    providedScopes: ["x"],
    peer: scopes,
  });
  const { client: busy } = await clientOf((request) =>
    json(failing(-44007, "Slow down", { limit: 3 })(request), 429, { "retry-after": "7" }),
  );
  const limited = await fails(busy.task.create(task), "ERR_REMOTE", /-44007: Slow down/);
  assert.deepEqual(
    [limited.arcCode, limited.retryable, limited.details],
    [-44007, true, { fault: "peer", status: 429, retryAfterSec: 7, peer: { limit: 3 } }],
  );
  const later = new Date(Date.now() + 30_000).toUTCString();
  const { client: down } = await clientOf(
    () => new Response("<html>", { status: 503, headers: { "retry-after": later } }),
  );
  const unavailable = await fails(down.task.create(task), "ERR_REMOTE", /HTTP status 503/);
  assert.ok(
    unavailable.retryable && unavailable.details.retryAfterSec >= 28 && unavailable.details.retryAfterSec <= 31,
  );
  assert.equal(unavailable.arcCode, undefined);
});

test("an error needs neither our id nor our name; a success needs both", async () => {
  const of = async (changes, status) => {
    const { client } = await clientOf((request) => json(answerTo(request, changes), status));
    return client.task.create(task);
  };
  const error = { code: -42001, message: "Task not found" };
  const strange = { id: "error", targetAgent: "unknown", result: null, error };
  assert.equal((await fails(of(strange, 404), "ERR_REMOTE")).arcCode, -42001);
  assert.equal((await fails(of(strange, 200), "ERR_REMOTE")).arcCode, -42001);
  for (const [changes, pattern] of [
    [{ id: "other" }, /id of another request/],
    [{ targetAgent: "other" }, /for another agent/],
    [{ arc: "2.0" }, /not of ARC 1.0/],
    [{ result: undefined }, /no result/],
    [{ result: 7 }, /no result/],
  ]) {
    const broken = await fails(of(changes, 200), "ERR_PROTOCOL", pattern);
    assert.equal(broken.details.fault, "peer");
  }
  for (const body of ["", "null", "[]", '"x"', "{", "\ufeff"]) {
    const { client } = await clientOf(() => json(body));
    await fails(client.task.create(task), "ERR_PROTOCOL");
  }
  const { client } = await clientOf(() => new Response(new Uint8Array([0x7b, 0xff, 0x7d])));
  await fails(client.task.create(task), "ERR_PROTOCOL", /UTF-8/);
  const { client: unasked } = await clientOf(() => streaming([done]).response);
  await fails(unasked.task.create(task), "ERR_PROTOCOL", /was not asked for/);
});

test("no token comes back in an error, whatever the peer or a fetch quotes", async () => {
  const quote = `you sent ${SECRET}, did you?`;
  const escaped = JSON.stringify({ error: { code: -32600, message: quote } }).replaceAll("a-token", "\\u0061-token");
  const answers = [
    [(request) => json(failing(-32600, quote, { got: [quote], [SECRET]: 1 })(request), 400), "ERR_REMOTE"],
    [() => json(escaped, 400), "ERR_REMOTE"],
    [() => json({ message: quote }, 500), "ERR_REMOTE"],
    [() => json({ detail: quote }, 500), "ERR_REMOTE"],
    [() => new Response(quote, { status: 500 }), "ERR_REMOTE"],
    [
      () => new Response("", { status: 401, headers: { "www-authenticate": `Bearer error_description="${quote}"` } }),
      "ERR_UNAUTHENTICATED",
    ],
    [() => new Response("", { status: 307, headers: { location: `https://x.example/?${SECRET}` } }), "ERR_PROTOCOL"],
    [() => Promise.reject(new TypeError(quote)), "ERR_NETWORK"],
    [() => Promise.reject(new TypeError("fetch failed", { cause: new Error(quote) })), "ERR_NETWORK"],
    [
      () => {
        throw quote;
      },
      "ERR_NETWORK",
    ],
    [
      () => streaming([`event: error\ndata: ${JSON.stringify({ message: quote, code: -43005 })}\n\n`]).response,
      "ERR_REMOTE",
    ],
    [() => streaming([`event: error\ndata: ${quote}\n\n`]).response, "ERR_REMOTE"],
  ];
  for (const [answer, code] of answers) {
    for (const token of [SECRET, async () => SECRET]) {
      const { client } = await clientOf(answer, { token });
      await fails(all(client.chat.start(chat)), code);
    }
  }
});

test("a long error is cut, and keeps its code", async () => {
  const details = { long: "x".repeat(200_000), note: "kept" };
  const { client } = await clientOf((request) => json(failing(-32600, "y".repeat(100_000), details)(request), 400));
  const error = await fails(client.task.create(task), "ERR_REMOTE");
  assert.equal(error.arcCode, -32600);
  assert.ok(error.message.length < 200 && JSON.stringify(error.details).length < 1000);
});

test("a redirect is not followed, and an answer is bounded", async () => {
  let stolen = 0;
  const thief = await serve((request, response) => {
    if (request.headers.authorization) stolen += 1;
    response.end();
  });
  const server = await serve((request, response) => {
    if (request.url === "/arc") response.writeHead(307, { location: thief.url }).end();
    else response.writeHead(200, { "content-type": "application/json" }).end("x".repeat(100_000));
  });
  try {
    const options = { requestAgent: "me", token: SECRET, limits: { maxAnswerBytes: 50_000 } };
    const client = await ArcClient.create({ ...options, endpoint: server.url });
    const error = await fails(client.task.create(task), "ERR_PROTOCOL", /redirect/);
    assert.equal(error.retryable, false);
    assert.equal(stolen, 0);
    const long = await ArcClient.create({ ...options, endpoint: `${server.url}/long` });
    const { details } = await fails(long.task.create(task), "ERR_PROTOCOL", /maxAnswerBytes.*50000 are allowed/);
    assert.deepEqual([details.limit, details.bytes > 50_000, details.fault], [50_000, true, "peer"]);
  } finally {
    await Promise.all([server.close(), thief.close()]);
  }
});

test("nobody there", async () => {
  const server = await serve(() => {});
  await server.close();
  const client = await ArcClient.create({ endpoint: server.url, requestAgent: "me", token: SECRET });
  const error = await fails(client.task.create(task), "ERR_NETWORK");
  assert.ok(error.retryable && error.cause instanceof TypeError);
});

test("time-outs and aborts end a call wherever it stands, and its connection with it", async () => {
  const gone = [];
  const server = await serve((request, response) => {
    response.on("close", () => gone.push(request.url));
    request.resume();
    if (request.url === "/arc/head") return;
    response.writeHead(200, { "content-type": "application/json" });
    response.write("{");
  });
  try {
    for (const path of ["/head", "/body"]) {
      const client = await ArcClient.create({
        endpoint: server.url + path,
        requestAgent: "me",
        token: SECRET,
        timeoutMs: 60,
      });
      const late = await fails(client.task.create(task), "ERR_TIMEOUT", /60 ms/);
      assert.equal(late.retryable, true);
      const abort = new AbortController();
      const call = client.task.create({ ...task, signal: abort.signal, timeoutMs: 5000 });
      setTimeout(() => abort.abort(new Error("enough")), 60);
      const given = await fails(call, "ERR_ABORTED");
      assert.equal(given.cause.message, "enough");
    }
    for (const until = Date.now() + 2000; gone.length < 4 && Date.now() < until; )
      await new Promise((r) => setTimeout(r, 10));
    assert.deepEqual(gone.toSorted(), ["/arc/body", "/arc/body", "/arc/head", "/arc/head"]);
  } finally {
    await server.close();
  }
  // A source of tokens, or a fetch of one's own, that never answers.
  const { client } = await clientOf(() => assert.fail("it was sent"), {
    token: () => new Promise(() => {}),
    timeoutMs: 30,
  });
  await fails(client.task.create(task), "ERR_TIMEOUT");
  const { client: deaf } = await clientOf(() => new Promise(() => {}), { timeoutMs: 30 });
  await fails(deaf.task.create(task), "ERR_TIMEOUT");
  const { client: never, seen } = await clientOf(() => assert.fail("it was sent"), {
    token: () => assert.fail("asked"),
  });
  await fails(never.task.create({ ...task, signal: AbortSignal.abort() }), "ERR_ABORTED");
  assert.equal(seen.length, 0);
});

// ---- streams

test("a stream is an async iterable, with and without a second await", async () => {
  const { client, seen } = await clientOf(
    () => streaming([piece("a") + piece("b").slice(0, 20), piece("b").slice(20), done]).response,
  );
  for (const stream of [
    client.chat.start(chat),
    await client.chat.message({ targetAgent: "echo", chatId: "c1", message: "hi", stream: true }),
  ]) {
    const events = await all(stream);
    assert.deepEqual(contents(events), ["a", "b", "done"]);
    assert.deepEqual(events[0], {
      type: "message",
      event: "stream",
      chatId: "c1",
      message: { role: "agent", parts: [{ type: "TextPart", content: "a" }] },
      data: { chatId: "c1", message: { role: "agent", parts: [{ type: "TextPart", content: "a" }] } },
    });
    assert.deepEqual([events[2].chatId, events[2].status], ["c1", "ACTIVE"]);
  }
  assert.match(seen[0].init.headers.accept, /text\/event-stream/);
  assert.equal(seen[0].request.params.stream, true);
  const called = await client.call("chat.start", { targetAgent: "echo", params: { stream: true } });
  assert.equal((await all(called)).length, 3);
});

test("every framing and every name gives the same pieces", async () => {
  const data = (text) =>
    JSON.stringify({ chatId: "c1", message: { role: "agent", parts: [{ type: "TextPart", content: text }] } });
  const enveloped = (text) =>
    JSON.stringify({ arc: "1.0", id: "x", result: { type: "chat", chat: JSON.parse(data(text)) }, error: null });
  const framings = [
    [piece("a") + piece("b") + done],
    [(piece("a") + piece("b") + done).replaceAll("\n", "\r\n")],
    [(piece("a") + piece("b") + done).replaceAll("\n", "\r")],
    [`\ufeff: hello\n\n${piece("a")}: ping\n\n`, piece("b"), done],
    [piece("a"), piece("b")],
    [piece("a"), piece("b"), "event: done\ndata: {}"],
    [piece("a"), piece("b"), "event: done\n\n"],
    [`event: chat\ndata: ${data("a")}\n\nevent: message\ndata: ${data("b")}\n\n`],
    [`data: ${data("a")}\n\ndata: ${enveloped("b")}\n\ndata: {"done":true}\n\n`],
    [`data: ${data("a").replaceAll(",", ",\ndata: ")}\n\ndata: ${data("b")}\n\n`],
    [...new TextEncoder().encode(piece("a") + piece("b") + done)].map((byte) => new Uint8Array([byte])),
  ];
  for (const [index, texts] of framings.entries()) {
    const { client } = await clientOf(() => streaming(texts).response);
    const events = await all(client.chat.start(chat));
    assert.deepEqual(contents(events.filter(({ type }) => type !== "done")), ["a", "b"], `framing ${index}`);
    assert.ok(events.every(({ type, message }) => type === "done" || message.role === "agent"));
  }
  const { client } = await clientOf(
    () => streaming(["event: ping\ndata: now\n\nevent: content\ndata: {}\n\n", done]).response,
  );
  const others = await all(client.chat.start(chat));
  assert.deepEqual(others.slice(0, 2), [
    { type: "other", event: "ping", data: "now" },
    { type: "other", event: "content", data: {} },
  ]);
});

test("an error on a stream, in its three forms, ends the iteration after what came before", async () => {
  for (const [data, arcCode, pattern] of [
    ['{"message":"boom","code":-43005}', -43005, /-43005: boom/],
    ['{"chatId":"c","error":{"code":-43005,"message":"boom"}}', -43005, /-43005: boom/],
    ['{"chatId":"c","error":"boom"}', undefined, /boom/],
    ['{"error":"boom"}', undefined, /boom/],
    ['"boom"', undefined, /boom/],
    ["boom", undefined, /boom/],
  ]) {
    const { response, state } = streaming([`${piece("a")}event: error\ndata: ${data}\n\n`, done], { open: true });
    const { client } = await clientOf(() => response);
    const seen = [];
    const read = async () => {
      for await (const event of client.chat.start(chat)) seen.push(event);
    };
    const error = await fails(read(), "ERR_REMOTE", pattern);
    assert.equal(error.arcCode, arcCode);
    assert.deepEqual(contents(seen), ["a"]);
    assert.ok(state.cancelled, "nobody reads on");
  }
  const { client } = await clientOf(
    () => streaming(['event: done\ndata: {"status":"ERROR","done":true}\n\n']).response,
  );
  await fails(all(client.chat.start(chat)), "ERR_REMOTE", /status ERROR/);
  const { client: enveloped } = await clientOf(
    () => streaming(['data: {"arc":"1.0","error":{"code":-43001}}\n\n']).response,
  );
  assert.equal((await fails(all(enveloped.chat.start(chat)), "ERR_REMOTE")).arcCode, -43001);
});

test("a stream that is none, that is broken, or that is too long", async () => {
  const chatResult = {
    type: "chat",
    chat: {
      chatId: "c1",
      status: "ACTIVE",
      message: { role: "agent", parts: [{ type: "TextPart", content: "whole" }] },
    },
  };
  const { client: whole } = await clientOf((request) => json(answerTo(request, { result: chatResult })));
  assert.deepEqual(contents(await all(whole.chat.start(chat))), ["whole"]);
  const { client: refused } = await clientOf((request) => json(failing(-44003, "no")(request), 403));
  await fails(refused.chat.start(chat), "ERR_TOKEN_SCOPE");
  await fails(all(refused.chat.start(chat)), "ERR_TOKEN_SCOPE");
  const limits = { maxEventBytes: 1000, maxStreamBytes: 3000 };
  for (const [texts, pattern] of [
    [["data: {\n\n"], /not JSON/],
    [["data: [DONE]\n\n"], /not JSON/],
    [[piece("a").slice(0, 40)], /not JSON/],
    [["data: \u00ff".repeat(200)], /maxEventBytes/],
    [[piece("x".repeat(2000))], /maxEventBytes.*1000 are allowed/],
    [Array(100).fill(": ping\n\n".repeat(10)), /maxStreamBytes/],
    [[new Uint8Array([...new TextEncoder().encode("data: "), 0xff, 10, 10])], /UTF-8/],
  ]) {
    const { response, state } = streaming(texts, { open: true });
    const { client } = await clientOf(() => response, { limits, timeoutMs: 500 });
    const finished = pattern.source === "not JSON" && !String(texts[0]).endsWith("\n\n");
    const { response: short } = streaming(texts);
    const { client: ending } = await clientOf(() => short, { limits });
    await fails(all((finished ? ending : client).chat.start(chat)), "ERR_PROTOCOL", pattern);
    if (!finished) assert.ok(state.cancelled, String(pattern));
  }
});

test("the largest result that a gate sends by default fits, in a stream and as an answer, also as JSON in a text", async () => {
  // 10 MiB of JSON, of which each character is escaped once more.
  const result = { a: '"'.repeat(5_242_875) };
  const text = JSON.stringify(result);
  assert.equal(text.length, 10_485_758);
  const message = { role: "agent", parts: [{ type: "DataPart", content: text, mimeType: "application/json" }] };
  const { client } = await clientOf(() => streaming([`data: ${JSON.stringify({ message })}\n\n`, done]).response);
  assert.equal((await all(client.chat.start(chat)))[0].message.parts[0].content.length, text.length);
  const answer = { type: "task", task: { taskId: "t", status: "COMPLETED", messages: [message] } };
  const { client: other } = await clientOf((request) => json(answerTo(request, { result: answer })));
  assert.equal((await other.task.create(task)).task.messages[0].parts[0].content.length, text.length);
});

test("a stream's error about a size has it and the limit", async () => {
  const { client } = await clientOf(() => streaming([piece("x".repeat(2000))]).response, {
    limits: { maxEventBytes: 1000 },
  });
  const { details } = await fails(all(client.chat.start(chat)), "ERR_PROTOCOL", /maxEventBytes/);
  assert.deepEqual([details.limit, details.bytes > 1000, details.fault], [1000, true, "peer"]);
});

test("a large piece goes into the core bit by bit", async () => {
  const text = Array.from({ length: 20_000 }, (_, index) => piece(String(index))).join("");
  const { client } = await clientOf(() => streaming([text, done]).response);
  assert.equal((await all(client.chat.start(chat))).length, 20_001);
});

test("nothing is read before it is asked for, and leaving gives the connection up", async () => {
  const texts = Array.from({ length: 50 }, (_, index) => piece(String(index)));
  for (const leave of ["break", "return", "unread", "throw"]) {
    const { response, state } = streaming(texts, { open: true });
    const { client } = await clientOf(() => response);
    const stream = await client.chat.start(chat);
    assert.equal(state.pulled, 0, "a stream that nobody reads is held back");
    if (leave === "return") {
      await stream.next();
      const waiting = stream.return();
      assert.deepEqual(await waiting, { done: true, value: undefined });
    } else if (leave === "unread") {
      await stream.return();
    } else {
      const read = (async () => {
        for await (const { message } of stream) {
          if (message.parts[0].content !== "2") continue;
          if (leave === "throw") throw new RangeError("mine");
          break;
        }
      })();
      if (leave === "throw") await assert.rejects(read, RangeError);
      else await read;
    }
    assert.ok(state.pulled <= 3, `${leave}: ${state.pulled} were pulled`);
    assert.ok(state.cancelled, leave);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  }
});

test("returning while an event is awaited ends the wait", async () => {
  const { response, state } = streaming([piece("a")], { open: true });
  const { client } = await clientOf(() => response);
  const stream = await client.chat.start(chat);
  await stream.next();
  const waiting = stream.next();
  await stream.return();
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.ok(state.cancelled);
});

test("an abort ends a stream, read or not; a silent one times out; a slow reader does not", async () => {
  for (const isReading of [true, false]) {
    const { response, state } = streaming([piece("a")], { open: true });
    const { client } = await clientOf(() => response);
    const abort = new AbortController();
    const stream = await client.chat.start({ ...chat, signal: abort.signal });
    await stream.next();
    const waiting = isReading && stream.next();
    abort.abort();
    if (!isReading) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      assert.ok(state.cancelled, "at once, even when nobody reads");
    }
    await fails(waiting || stream.next(), "ERR_ABORTED");
    assert.ok(state.cancelled);
  }
  const { client: silent } = await clientOf(() => streaming([piece("a")], { open: true }).response, { timeoutMs: 40 });
  const seen = [];
  const read = async () => {
    for await (const event of silent.chat.start(chat)) seen.push(event);
  };
  await fails(read(), "ERR_TIMEOUT");
  assert.equal(seen.length, 1);
  const { client: slow } = await clientOf(() => streaming([piece("a"), piece("b"), done]).response, { timeoutMs: 40 });
  let count = 0;
  for await (const _ of slow.chat.start(chat)) {
    count += 1;
    await new Promise((resolve) => setTimeout(resolve, 80));
  }
  assert.equal(count, 3);
});

test("the wait counts from the last byte, and a comment is one", async (t) => {
  let controller;
  const body = new ReadableStream({
    start: (given) => {
      controller = given;
    },
  });
  const headers = { "content-type": "text/event-stream" };
  const { client } = await clientOf(() => new Response(body, { headers }), { timeoutMs: 1000 });
  const stream = await client.chat.start(chat);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const next = stream.next();
  for (let comment = 0; comment < 5; comment += 1) {
    t.mock.timers.tick(900);
    controller.enqueue(new TextEncoder().encode(": still working\n\n"));
    await new Promise((resolve) => setImmediate(resolve));
  }
  controller.enqueue(new TextEncoder().encode("event: done\ndata: {}\n\n"));
  assert.equal((await next).value.type, "done");
  t.mock.timers.reset();
  await stream.return();
});

test("what was wrong with an agent's output is in the error's words, and the agent's fault", async () => {
  const details = { problem: "The agent's event 2 has a BigInt, which JSON can't hold", reason: "bigint", event: 2 };
  const error = { code: -32603, message: "Internal error", details };
  const { client } = await clientOf((_request, _init, index) =>
    index === 0
      ? new Response(`event: error\ndata: ${JSON.stringify({ error })}\n\n`, {
          headers: { "content-type": "text/event-stream" },
        })
      : json(failing(-42004, "Task execution failed", details)(_request), 500),
  );
  const read = async () => {
    for await (const _ of client.chat.start(chat));
  };
  for (const failure of [read(), client.task.create(task)]) {
    const told = await fails(failure, "ERR_REMOTE", /The agent's event 2 has a BigInt/);
    assert.deepEqual([told.details.fault, told.retryable, told.details.peer], ["peer", false, details]);
  }
});

test("half a character is not sent: a server that is strict could only say that it is no JSON", async () => {
  const { client, seen } = await clientOf(() => json({}));
  const cut = "hi \u{1F600}".slice(0, 4);
  await fails(
    client.task.create({ ...task, initialMessage: cut }),
    "ERR_CONFIG",
    /`params\.initialMessage\.parts\[0\]\.content` has half of a character/,
  );
  await fails(client.call("x.y", { targetAgent: "a", params: { [cut]: 1 } }), "ERR_CONFIG", /`params`/);
  assert.equal(seen.length, 0);
});

test("a connection that breaks in the middle is an error, not an end", async () => {
  const server = await serve((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(piece("a"), () => setTimeout(() => response.destroy(), 30));
  });
  try {
    const client = await ArcClient.create({ endpoint: server.url, requestAgent: "me", token: SECRET });
    const seen = [];
    const read = async () => {
      for await (const event of client.chat.start(chat)) seen.push(event);
    };
    await fails(read(), "ERR_NETWORK");
    assert.equal(seen.length, 1);
  } finally {
    await server.close();
  }
});

test("nothing of a finished call stays on the caller's signal", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener: add, removeEventListener: remove } = signal;
  signal.addEventListener = (...args) => {
    listeners += 1;
    add.apply(signal, args);
  };
  signal.removeEventListener = (...args) => {
    listeners -= 1;
    remove.apply(signal, args);
  };
  const { client } = await clientOf((request) =>
    request.params.stream ? streaming([piece("a"), done]).response : json(answerTo(request)),
  );
  await client.task.create({ ...task, signal });
  await all(client.chat.start({ ...chat, signal }));
  await fails(client.call("x", { targetAgent: "", params: {}, signal }), "ERR_CONFIG");
  assert.equal(listeners, 0);
});
