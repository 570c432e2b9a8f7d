// ArcClient against servers that do what servers do: errors, answers that are none, time-outs and aborts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArcClient } from "../../pkg/entry.node.js";
import {
  all,
  answerTo,
  chat,
  clientOf,
  done,
  failing,
  fails,
  json,
  piece,
  SECRET,
  serve,
  streaming,
  task,
} from "../lib/arc-client.mjs";

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

test("time-outs and aborts end a call wherever it stands, and its connection with it", async (t) => {
  // Time passes once a call stands where it is to end, however long it took to get there.
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let arrived;
  const server = await serve((request, response) => {
    const closed = new Promise((resolve) => response.on("close", resolve));
    request.resume();
    arrived.open({ url: request.url, closed });
    if (request.url === "/arc/head") return;
    response.writeHead(200, { "content-type": "application/json" });
    response.write("{");
  });
  try {
    for (const path of ["/head", "/body"]) {
      const headed = gate();
      const client = await ArcClient.create({
        endpoint: server.url + path,
        requestAgent: "me",
        token: SECRET,
        timeoutMs: 60,
        fetch: async (...asked) => {
          const response = await fetch(...asked);
          headed.open();
          return response;
        },
      });
      const ended = async (options, end, ...expected) => {
        arrived = gate();
        const failed = fails(client.task.create({ ...task, ...options }), ...expected);
        const { url, closed } = await arrived.opened;
        assert.equal(url, `/arc${path}`);
        if (path === "/body") await headed.opened;
        end();
        const error = await failed;
        await closed;
        return error;
      };
      const late = await ended({}, () => t.mock.timers.tick(60), "ERR_TIMEOUT", /60 ms/);
      assert.equal(late.retryable, true);
      const abort = new AbortController();
      const enough = () => abort.abort(new Error("enough"));
      const given = await ended({ signal: abort.signal, timeoutMs: 5000 }, enough, "ERR_ABORTED");
      assert.equal(given.cause.message, "enough");
    }
  } finally {
    t.mock.timers.reset();
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

// Shut until it is opened, with a value.
function gate() {
  const made = {};
  made.opened = new Promise((resolve) => {
    made.open = resolve;
  });
  return made;
}
