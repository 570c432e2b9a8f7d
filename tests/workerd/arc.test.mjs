// POST /arc in workerd: what a caller gets, whatever it sends, and what the log says of it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { envelope, postArc, rawRequest, sse, streamed, text } from "../lib/arc.mjs";
import { upgrade } from "../lib/arcp.mjs";
import { startWrangler } from "../lib/worker.mjs";

let worker;
let url;

before(async () => {
  const config = fileURLToPath(new URL("arc-worker/wrangler.toml", import.meta.url));
  worker = await startWrangler({ DEV_MODE: "true" }, { config });
  url = worker.url;
});

after(() => worker?.close());

const post = (options) => postArc(url, { token: "good", ...options });

/** The audit lines that are in the log, once `enough` of them are there. */
async function audit(enough = () => true) {
  for (let attempt = 0; ; attempt += 1) {
    const lines = worker.log.filter((line) => line.startsWith('{"type":"arc.')).map((line) => JSON.parse(line));
    if (enough(lines)) return lines;
    assert.ok(attempt < 100, "the audit lines did not come");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("an agent runs and its answer has the shape of ARC 1.0", async () => {
  const { status, headers, json } = await post();
  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), "application/arc+json");
  assert.equal(headers.get("cache-control"), "no-store");
  const { result, ...rest } = json;
  assert.deepEqual(rest, {
    arc: "1.0",
    id: "r1",
    responseAgent: "echo",
    targetAgent: "agent-7",
    traceId: "trace-1",
    error: null,
  });
  assert.equal(result.type, "task");
  assert.equal(result.task.status, "COMPLETED");
  assert.match(result.task.taskId, /^task-[0-9a-f-]{36}$/);
  assert.deepEqual(result.task.messages[0].parts, [{ type: "TextPart", content: "hello" }]);
  const chat = await post({
    body: envelope({
      method: "chat.start",
      traceId: undefined,
      params: { initialMessage: text("hi"), chatId: "mine" },
    }),
  });
  assert.equal(chat.json.result.chat.chatId, "mine");
  assert.deepEqual(chat.json.result.chat.message, { role: "agent", parts: [{ type: "TextPart", content: "hi" }] });
  assert.ok(!("traceId" in chat.json));
});

test("the statuses of refusals", async () => {
  const long = "x".repeat(3000);
  const table = [
    ["another method", { method: "GET" }, 405],
    ["no media type of ours", { headers: { "content-type": "text/plain" } }, 415],
    ["another charset", { headers: { "content-type": "application/json; charset=latin1" } }, 415],
    ["compressed", { headers: { "content-encoding": "gzip" } }, 415],
    ["too long", { body: envelope({ extra: long }) }, 413, -45004],
    ["a path below", { path: "/arc/x" }, 404],
    ["a token in the URL", { path: "/arc?access_token=good" }, 400, -44001],
    ["no credentials", { token: undefined }, 401, -44001],
    ["an unknown token", { token: "bad" }, 401, -44001],
    ["undefined is no principal", { token: "undefined" }, 401, -44001],
    ["an unknown scheme", { headers: { authorization: "Basic Z29vZA==" } }, 401, -44001],
    ["expired", { token: "code.ERR_TOKEN_EXPIRED" }, 401, -44004],
    ["expired, by a principal's own word", { token: `until.${Date.now() - 1}` }, 401, -44004],
    ["another audience", { token: "code.ERR_TOKEN_AUDIENCE" }, 401, -44001],
    ["a verifier's own code", { token: "code.ERR_MINE" }, 401, -44001],
    ["an outage", { token: "outage" }, 503, -32603],
    ["a verifier that throws", { token: "bug" }, 500, -32603],
    ["a verifier that returns nonsense", { token: "nonsense" }, 500, -32603],
    ["no JSON", { body: "{" }, 400, -32700],
    ["a list", { body: "[]" }, 400, -32600],
    ["no body", { body: "" }, 400, -32700],
    ["a member twice", { body: '{"arc":"1.0","arc":"1.0"}' }, 400, -32600],
    ["another version", { body: envelope({ arc: "2.0" }) }, 400, -45001],
    ["an unknown method", { body: envelope({ method: "toString" }) }, 404, -32601],
    ["an unknown agent", { body: envelope({ targetAgent: "constructor" }) }, 404, -41001],
    ["a missing scope", { body: envelope({ method: "task.notification" }) }, 403, -44003],
    ["an unknown task", { body: envelope({ method: "task.info", params: { taskId: "t" } }) }, 404, -42001],
    ["an unknown chat", { body: envelope({ method: "chat.end", params: { chatId: "c" } }) }, 404, -43001],
    ["a bad parameter", { body: envelope({ params: {} }) }, 400, -32602],
    ["an agent that throws", { body: envelope({ targetAgent: "fails" }) }, 500, -42004],
    ["an agent whose output is no JSON", { body: envelope({ targetAgent: "cyclic" }) }, 500, -42004],
  ];
  for (const [what, options, status, code] of table) {
    const answer = await post(options);
    assert.equal(answer.status, status, what);
    if (code !== undefined) assert.equal(answer.json.error.code, code, what);
    assert.equal(answer.json.result, null, what);
    assert.equal(answer.headers.get("vary"), "Origin", what);
    assert.doesNotMatch(answer.text, /secret|stack|TypeError|ERR_/, what);
    assert.equal(
      answer.headers.has("www-authenticate"),
      status === 401 || status === 403 || what === "a token in the URL",
      what,
    );
    assert.equal(answer.headers.get("retry-after"), status === 503 ? "17" : null, what);
  }
});

test("what refusals say: challenge, id and traceId once authenticated", async () => {
  const none = await post({ token: undefined });
  assert.equal(none.headers.get("www-authenticate"), 'Bearer realm="arcgate"');
  assert.deepEqual([none.json.id, none.json.responseAgent, none.json.targetAgent], ["error", "arcgate", "unknown"]);
  const bad = await post({ token: "bad" });
  assert.equal(bad.headers.get("www-authenticate"), 'Bearer realm="arcgate", error="invalid_token"');
  assert.equal(bad.text, (await post({ token: "code.ERR_TOKEN_SIGNATURE" })).text);
  const scope = await post({ body: envelope({ method: "task.notification" }) });
  assert.match(
    scope.headers.get("www-authenticate"),
    /error="insufficient_scope", scope="arc\.task\.notify arc\.agent\.receiver"/,
  );
  assert.deepEqual(scope.json.error.details.required_scopes, ["arc.task.notify", "arc.agent.receiver"]);
  assert.deepEqual([scope.json.id, scope.json.traceId, scope.json.targetAgent], ["r1", "trace-1", "agent-7"]);
  const version = await post({ body: envelope({ arc: "0.9" }) });
  assert.deepEqual(version.json.error.details, { supportedVersion: "1.0" });
});

test("the scheme's name is case-insensitive, and one space is one", async () => {
  for (const [authorization, status] of [
    ["bearer good", 200],
    ["BEARER good", 200],
    ["Bearer  good", 400],
    ["Bearer good x", 400],
    ["Bearer", 400],
    ["Bearer good,", 400],
  ]) {
    assert.equal((await post({ headers: { authorization } })).status, status, authorization);
  }
  const headers = ["content-type", "application/json", "authorization", "Bearer good", "authorization", "Bearer bad"];
  const twice = await new Promise((resolve, reject) => {
    import("node:http").then(({ request }) => {
      const { hostname, port } = new URL(url);
      const sent = request(
        { hostname, port, path: "/arc", method: "POST", headers: [...headers, "host", "x"] },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      sent.on("error", reject);
      sent.end("{}");
    });
  });
  assert.equal(twice, 400);
});

test("authentication comes before the body", async () => {
  // The body stays open until the decision is in the log. (The answer itself waits under `wrangler dev`, which reads a
  // body to its end whatever the Worker does.)
  for (const [code, status] of [
    ["ERR_TOKEN_REVOKED", 401],
    ["ERR_TOKEN_TYPE", 401],
    ["ERR_INVALID_REQUEST", 400],
  ]) {
    let isDecided = false;
    const { json, status: got } = await rawRequest(url, {
      headers: { authorization: `Bearer code.${code}` },
      write: async (request) => {
        request.write('{"arc":');
        await audit((lines) => lines.some(({ reason }) => reason === code));
        isDecided = true;
        request.end();
      },
    });
    assert.ok(isDecided);
    assert.equal(got, status);
    assert.equal(json.id, "error");
  }
  // Not even by its faults: no version, no method, no JSON.
  for (const body of [
    "",
    "null",
    "[]",
    "\xff",
    "{",
    JSON.stringify(envelope({ method: "" })),
    JSON.stringify(envelope({ method: undefined })),
  ]) {
    assert.equal((await post({ token: "bad", body })).json.error.code, -44001, body);
  }
});

test("a body without an announced length is read up to the limit, and no further", async () => {
  const answer = await rawRequest(url, {
    headers: { authorization: "Bearer good" },
    // Never ended: the answer can only come from not waiting for the rest.
    write: (request) => request.write(" ".repeat(2500)),
  });
  assert.equal(answer.status, 413);
  assert.equal(answer.json.error.code, -45004);
});

test("a path prefix, a strange Host, a missing method: nothing skips authentication", async () => {
  for (const path of ["/api/arc", "//arc", "/arc//", "/ARC", "/arc%2f", "/arc;x", "/./arc/..", "/arc/../arc/x"]) {
    const { status, text: body } = await rawRequest(url, {
      path,
      headers: { authorization: "Bearer bad" },
      body: JSON.stringify(envelope()),
    });
    assert.ok([401, 404].includes(status), `${path}: ${status}`);
    assert.doesNotMatch(body, /hello/, path);
  }
  for (const host of [
    "x/y?",
    "x/y#",
    "x/healthz?",
    "evil.example",
    "evil.example/arc",
    "localhost:1",
    "[::1]",
    "a@b",
  ]) {
    for (const path of ["/arc", "/healthz"]) {
      const { status, text: body } = await rawRequest(url, {
        path,
        host,
        headers: { authorization: "Bearer bad" },
        body: JSON.stringify(envelope()),
      });
      assert.notEqual(status, 200, `${host} ${path}`);
      assert.doesNotMatch(body, /hello/, `${host} ${path}`);
    }
  }
  for (const method of [undefined, "", null, 0, false, [], {}]) {
    const unauthenticated = await post({ token: "bad", body: envelope({ method }) });
    assert.deepEqual([unauthenticated.status, unauthenticated.json.error.code], [401, -44001]);
    const { status, json } = await post({ body: envelope({ method }) });
    assert.deepEqual([status, json.error.code], [400, -32600]);
    assert.doesNotMatch(JSON.stringify(json), /echo.*count|task\.create/, "nothing is disclosed");
  }
});

test("CORS: on every answer for allowed origins, on none for others", async () => {
  const page = { origin: "https://app.example" };
  const answers = [
    await post({ headers: page }),
    await post({ headers: page, token: undefined }),
    await post({ headers: page, token: "outage" }),
    await post({ headers: page, token: "bug" }),
    await post({ headers: page, body: "{" }),
    await post({ headers: page, body: envelope({ extra: "x".repeat(3000) }) }),
    await post({ headers: { ...page, "content-type": "text/plain" } }),
    await post({ headers: page, body: streamed("echo", "x") }),
    await post({ headers: page, method: "GET" }),
  ];
  for (const { status, headers } of answers) {
    assert.equal(headers.get("access-control-allow-origin"), page.origin, status);
    assert.match(headers.get("access-control-expose-headers"), /WWW-Authenticate/, status);
    assert.equal(headers.get("access-control-allow-credentials"), null, status);
    assert.equal(headers.get("vary"), "Origin", status);
  }
  const same = await post({ headers: { origin: url } });
  assert.equal(same.headers.get("access-control-allow-origin"), url);
  const preflight = await postArc(url, {
    method: "OPTIONS",
    headers: {
      ...page,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization, content-type",
    },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-methods"), "POST");
  assert.equal(preflight.headers.get("access-control-allow-headers"), "Authorization, Content-Type");
  for (const origin of ["https://evil.example", "null", "https://app.example.evil", "http://app.example"]) {
    for (const method of ["POST", "OPTIONS"]) {
      const { status, headers } = await post({ method, headers: { origin } });
      assert.equal(status, 403, origin);
      assert.equal(headers.get("access-control-allow-origin"), null, origin);
    }
  }
});

test("hosts: a page under another name is refused, and configured hosts hold for everybody", async () => {
  const body = JSON.stringify(envelope());
  const good = { authorization: "Bearer good" };
  const rebound = await rawRequest(url, {
    host: "evil.example",
    headers: { ...good, origin: "http://evil.example" },
    body,
  });
  assert.equal(rebound.status, 421);
  assert.equal(rebound.headers["access-control-allow-origin"], undefined);
  assert.equal((await rawRequest(url, { path: "/hosts/arc", headers: good, body })).status, 421);
  assert.equal((await rawRequest(url, { path: "/hosts/arc", host: "gate.example", headers: good, body })).status, 200);
});

test("an event that can't be passed on: an error on the stream, the generator's clean-up, a line in the log", async () => {
  for (const [what, reason] of [
    ["bigint", "bigint"],
    ["half", "not_an_event"],
  ]) {
    const events = [];
    for await (const event of sse(
      await fetch(`${url}/arc`, {
        method: "POST",
        headers: { authorization: "Bearer good", "content-type": "application/json" },
        body: JSON.stringify(streamed("misspeaks", what)),
      }),
    )) {
      events.push(event);
    }
    assert.deepEqual(
      events.map(({ event }) => event),
      ["stream", "error", "done"],
    );
    assert.equal(events[1].data.error.details.reason, reason);
    await audit(() => worker.log.some((line) => line.includes(`misspeaks: finally ${what}`)));
    const problem = events[1].data.error.details.problem;
    await audit((lines) => lines.some(({ type, detail }) => type === "arc.run" && detail === problem));
  }
});

test("a stream: events as they happen, then done", async () => {
  const response = await fetch(`${url}/arc`, {
    method: "POST",
    // As the Python SDK asks for it.
    headers: { authorization: "Bearer good", "content-type": "text/event-stream", accept: "text/event-stream" },
    body: JSON.stringify(streamed("count", '{"to":3,"delayMs":200}')),
  });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const events = [];
  for await (const event of sse(response)) events.push(event);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["stream", "stream", "stream", "stream", "done"],
  );
  const content = (index) => JSON.parse(events[index].data.message.parts[0].content);
  assert.deepEqual(content(0), { kind: "progress", body: { current: 1, total: 3 } });
  assert.equal(content(3), 3);
  assert.deepEqual(events[4].data, { chatId: events[0].data.chatId, status: "ACTIVE", done: true });
  assert.ok(events[2].at - events[0].at > 150, "not all at once");
  const { text: reported } = await post({ body: streamed("reports", "x") });
  assert.equal(reported.match(/event: stream/g).length, 3);
  assert.doesNotMatch(reported, /not for the caller/);
  const { text: failed } = await post({ body: streamed("fails", "x") });
  assert.match(
    failed,
    /^event: error\ndata: \{"chatId":"chat-[^"]*","error":\{"code":-32603,"message":"Internal error"\}\}\n\nevent: done\n/,
  );
  assert.match((await post({ body: streamed("nothing", "x") })).text, /^event: done/);
});

test("a stream is cut when its token ends, also when the agent ignores that", async () => {
  const end = Date.now() + 1500;
  const response = await fetch(`${url}/arc`, {
    method: "POST",
    headers: { authorization: `Bearer until.${end}`, "content-type": "application/json" },
    body: JSON.stringify(streamed("stubborn", "x", { traceId: "cut-1" })),
  });
  const events = [];
  for await (const event of sse(response)) events.push(event);
  const done = events.at(-1);
  assert.ok(events.length > 10);
  assert.deepEqual(events.at(-2).data.error, { code: -44004, message: "Token expired" });
  assert.deepEqual([done.event, done.data.status], ["done", "ERROR"]);
  assert.ok(done.at >= end - 20, `${end - done.at} ms before the end`);
  const lines = await audit((all) => all.some(({ type, traceId }) => type === "arc.run" && traceId === "cut-1"));
  const line = lines.find(({ type, traceId }) => type === "arc.run" && traceId === "cut-1");
  assert.deepEqual([line.outcome, line.reason], ["cut", "ERR_TOKEN_EXPIRED"]);
});

test("an answer that takes longer than its token is no answer", async () => {
  const { status, json } = await post({ token: `until.${Date.now() + 600}`, body: envelope({ targetAgent: "slow" }) });
  assert.deepEqual([status, json.error.code, json.id], [403, -44004, "r1"]);
});

test("an agent stops when its client has gone", async () => {
  const abort = new AbortController();
  const response = await fetch(`${url}/arc`, {
    method: "POST",
    signal: abort.signal,
    headers: { authorization: "Bearer good", "content-type": "application/json" },
    body: JSON.stringify(streamed("stubborn", "x", { traceId: "gone-1" })),
  });
  for await (const _ of sse(response)) break;
  abort.abort();
  await audit((all) =>
    all.some(({ type, traceId, reason }) => type === "arc.run" && traceId === "gone-1" && reason === "client_gone"),
  );
});

test("what an agent is told: no principal, no token", async () => {
  const { json } = await post({ body: envelope({ targetAgent: "context" }) });
  const keys = JSON.parse(json.result.task.messages[0].parts[0].content);
  assert.deepEqual(keys, ["agent", "jobId", "lease", "log", "progress", "signal", "traceId"]);
  const version = async (targetAgent) =>
    (await post({ body: envelope({ targetAgent }) })).json.result.task.messages[0].parts[0].content;
  assert.deepEqual([await version("multi"), await version("multi@1")], ["two", "one"]);
});

test("a verifier for development runs under DEV_MODE, here, and for pages from here", async () => {
  const dev = (options) => postArc(url, { path: "/dev/arc", token: "anyone", ...options });
  assert.equal((await dev()).status, 200);
  assert.equal((await dev({ headers: { origin: url } })).status, 200);
  for (const headers of [{ "cf-ray": "1" }, { "cdn-loop": "cloudflare" }])
    assert.equal((await dev({ headers })).status, 401);
  const elsewhere = { path: "/dev/arc", host: "gate.example", body: JSON.stringify(envelope()) };
  assert.equal((await rawRequest(url, { ...elsewhere, headers: { authorization: "Bearer anyone" } })).status, 401);
  assert.equal((await rawRequest(url, { ...elsewhere, headers: { authorization: "Bearer known" } })).status, 200);
});

test("a verifier is made once", async () => {
  const lines = await Promise.all(Array.from({ length: 5 }, () => postArc(url, { path: "/lazy/arc", token: "x" })));
  assert.ok(
    lines.every(({ status }) => status === 200),
    "and an audit callback that fails changes nothing",
  );
});

test("the other routes", async () => {
  const get = async (path, method = "GET") => {
    const response = await fetch(`${url}${path}`, { method });
    return [response.status, method === "HEAD" ? "" : JSON.parse(await response.text())];
  };
  assert.deepEqual(await get("/healthz"), [200, { status: "ok" }]);
  assert.equal((await get("/healthz", "POST"))[0], 405);
  assert.equal((await get("/arcp"))[0], 426, "a WebSocket, or nothing");
  // Agents over ARCP need a Durable Object, which this Worker doesn't have; what is missing is in the log.
  assert.equal((await upgrade(url, { path: "/arcp" })).status, 503);
  for (let attempt = 0; !worker.log.some((line) => line.includes("bind RuntimeHub as RUNTIME_HUB")); attempt += 1) {
    assert.ok(attempt < 100, worker.log.slice(-3).join("\n"));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal((await get("/nothing"))[0], 404);
  assert.equal((await get("/arc", "HEAD"))[0], 405);
});

test("the audit log: a line for every decision, and no token in it", async () => {
  const token = "code.ERR_TOKEN_AUDIENCE";
  await post({ body: envelope({ traceId: "audit-1" }) });
  await post({ token });
  await post({ token: "bug.eyJhbGciOiJub25lIn0.e30.x" });
  await post({ body: envelope({ traceId: "x".repeat(300), method: "task.notification" }) });
  await post({ body: envelope({ traceId: "audit-2", targetAgent: "nobody" }) });
  const lines = await audit((all) => all.some(({ traceId }) => traceId === "audit-2"));
  const [good, run] = lines.filter(({ traceId }) => traceId === "audit-1");
  assert.deepEqual([run.type, run.outcome, run.reason], ["arc.run", "completed", "ok"]);
  assert.ok(Math.abs(good.time - Date.now() / 1000) < 60);
  assert.deepEqual(
    { ...good, time: 0 },
    {
      type: "arc.request",
      time: 0,
      principal: "custom||agent-7",
      method: "task.create",
      requestAgent: "agent-7",
      targetAgent: "echo",
      traceId: "audit-1",
      outcome: "allowed",
      reason: "ok",
    },
  );
  const refused = lines.find(({ reason }) => reason === "ERR_TOKEN_AUDIENCE");
  assert.deepEqual(
    [refused.outcome, refused.status, refused.arcCode, refused.principal],
    ["refused", 401, -44001, undefined],
  );
  assert.equal(refused.detail, "the token was [token]");
  const nobody = lines.find(({ traceId }) => traceId === "audit-2");
  assert.deepEqual([nobody.reason, nobody.status, nobody.targetAgent], ["agent", 404, "nobody"]);
  assert.ok(
    worker.log.some((line) => line.includes("ERR_INTERNAL: the verifier failed (TypeError: can't read [token])")),
  );
  for (const line of worker.log) {
    assert.doesNotMatch(line, /code\.ERR|eyJ|bug\.|Bearer|until\.\d/, line);
    assert.ok(!line.startsWith('{"type"') || line.length < 1500);
  }
});
