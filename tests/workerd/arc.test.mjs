// POST /arc in workerd: what a caller gets, whatever it sends, and what the log says of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { envelope, rawRequest, text } from "../lib/arc.mjs";
import { logged } from "../lib/logged.mjs";
import { audit, post, url, worker } from "./arc-worker/started.mjs";

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
  await logged(worker.log, /ERR_INTERNAL: the verifier failed \(TypeError: can't read \[token\]\)/);
  for (const line of worker.log) {
    assert.doesNotMatch(line, /code\.ERR|eyJ|bug\.|Bearer|until\.\d/, line);
    assert.ok(!line.startsWith('{"type"') || line.length < 1500);
  }
});
