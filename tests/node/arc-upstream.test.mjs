// The ARC front before an upstream that does what it should not: what reaches it, and what of it reaches the client.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { ready } from "../../pkg/entry.node.js";
import { EventSplitter } from "../../pkg/event-splitter.js";
import { createWorker } from "../../pkg/worker.js";
import { envelope, sse, streamed } from "../lib/arc.mjs";

const ctx = { waitUntil() {} };
const scopes = ["arc.task.controller", "arc.chat.controller", "arc.agent.caller"];
const verifier = {
  async authenticate({ token }) {
    const [id, until] = token.split(".");
    return { id, scopes, ...(until && { expiresAt: Number(until) / 1000 }) };
  },
};

let server;
let origin;
let requests;
let answer;

before(async () => {
  await ready();
  server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const seen = { method: request.method, url: request.url, raw: request.rawHeaders, headers: request.headers };
    seen.body = Buffer.concat(chunks).toString();
    seen.closed = new Promise((resolve) => response.on("close", resolve));
    requests.push(seen);
    await answer(seen, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

/** A front before the upstream that answers so. */
function front(how, { path = "/arc", upstreamAuth = { mode: "passthrough" }, upstream, ...options } = {}) {
  requests = [];
  answer = how;
  const events = [];
  const worker = createWorker({
    verifier,
    arc: { upstream: upstream ?? origin + path, upstreamAuth },
    allowedOrigins: ["https://app.example"],
    audit: (event) => events.push(event),
    ...options,
  });
  const post = async ({ token = "alice", body = envelope(), headers = {}, signal } = {}) =>
    worker.fetch(
      new Request("http://127.0.0.1:8787/arc", {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
        signal,
      }),
      {},
      ctx,
    );
  return { post, events };
}

const ok = {
  arc: "1.0",
  id: "r1",
  responseAgent: "far",
  targetAgent: "agent-7",
  result: { type: "task", task: {} },
  error: null,
};
const json = (response, status, body, headers = {}) => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body));
};
const breaksOff = (response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.write("{");
  setTimeout(() => response.destroy(), 20);
};
const code = async (response) => (await response.json()).error.code;
const event = (n) =>
  `event: stream\ndata: {"chatId":"c","message":{"role":"agent","parts":[{"type":"TextPart","content":"${n}"}]}}\n\n`;

test("the checked bytes go there, and nothing of the client's head that could speak for somebody", {
  timeout: 60_000,
}, async () => {
  const { post, events } = front((_seen, response) =>
    json(response, 200, ok, {
      "set-cookie": "session=theirs",
      "access-control-allow-origin": "*",
      "access-control-allow-credentials": "true",
      "x-powered-by": "peer",
      connection: "close",
      link: "<https://evil.example>; rel=preload",
    }),
  );
  // White space, order, an escape and a number's spelling: as it was checked, so it goes.
  const body = `  {"params": {"initialMessage":{"role":"user","parts":[{"type":"TextPart","content":"h\\u00e9"}]},"n":1.00},\n "arc":"1.0","id":"r1","method":"task.create","requestAgent":"me","targetAgent":"nobody-here-knows"}  `;
  const response = await post({
    body,
    headers: {
      cookie: "session=own",
      origin: "https://app.example",
      "x-arcgate-principal": "forged",
      x_arcgate_principal: "forged",
      "X-ArcGate_Principal": "forged",
      "x-arcgate-scopes": "forged",
      "x-forwarded-for": "9.9.9.9",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    },
  });
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), ok);
  const [{ headers, raw, body: sent, method, url }] = requests;
  assert.deepEqual([method, url, sent], ["POST", "/arc", body]);
  assert.equal(headers.authorization, "Bearer alice");
  assert.match(headers["user-agent"], /^arcgate\/\d/);
  assert.doesNotMatch(raw.join("\n"), /forged|session=own|9\.9\.9\.9|app\.example/);
  const decoded = (name) => Buffer.from(headers[name], "base64url").toString();
  assert.deepEqual(["x-arcgate-principal", "x-arcgate-kind", "x-arcgate-id", "x-arcgate-scopes"].map(decoded), [
    "custom||alice",
    "custom",
    "alice",
    scopes.join(" "),
  ]);
  const names = raw.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase().replaceAll("_", "-"));
  assert.equal(names.filter((name) => name === "x-arcgate-principal").length, 1);
  assert.equal(headers["content-length"], String(Buffer.byteLength(body)));
  assert.ok(headers.traceparent);
  assert.deepEqual([...response.headers.keys()].sort(), [
    "access-control-allow-origin",
    "access-control-expose-headers",
    "cache-control",
    "content-type",
    "vary",
    "x-content-type-options",
  ]);
  assert.equal(response.headers.get("access-control-allow-origin"), "https://app.example");
  assert.deepEqual(
    events.map(({ type, outcome, reason, status }) => [type, outcome, reason, status]),
    [
      ["arc.request", "allowed", "ok", undefined],
      ["arc.run", "completed", "ok", 200],
    ],
  );
});

test("without passthrough the client's token stays here", async () => {
  const upstreamAuth = { mode: "map", tokenFor: { "custom||alice": "for-alice" } };
  const { post, events } = front((_seen, response) => json(response, 200, ok), { upstreamAuth });
  assert.equal((await post({ token: "alice" })).status, 200);
  assert.equal(requests[0].headers.authorization, "Bearer for-alice");
  const bob = await post({ token: "bob" });
  assert.deepEqual([bob.status, await code(bob)], [403, -44006]);
  assert.equal(requests.length, 1, "nothing of bob's reached the upstream");
  assert.deepEqual([events.at(-1).outcome, events.at(-1).reason], ["refused", "ERR_PERMISSION_DENIED"]);
});

test("what is refused is never sent", async () => {
  const { post } = front((_seen, response) => json(response, 200, ok));
  for (const [init, status] of [
    [{ body: envelope({ method: "task.notification" }) }, 403],
    [{ body: envelope({ method: "" }) }, 400],
    [{ body: envelope({ method: "agent.own" }) }, 404],
    [{ body: '{"arc":"1.0","arc":"1.0"}' }, 400],
    [{ headers: { origin: "https://evil.example" } }, 403],
    [{ token: "" }, 400],
    [{ token: `alice.${Date.now() - 60_000}` }, 401],
  ]) {
    assert.equal((await post(init)).status, status, JSON.stringify(init));
  }
  assert.equal(requests.length, 0);
});

test("answers that are none become typed ones, and tell nothing of what was there", async () => {
  const table = [
    ["a proxy's page", (r) => json(r, 502, "<html>secret</html>", { "content-type": "text/html" }), 502, -41003],
    ["a page", (r) => json(r, 200, "<html>secret</html>", { "content-type": "text/html" }), 502, -41003],
    ["half a JSON", (r) => json(r, 200, '{"arc":"1.0","secret":'), 502, -41003],
    ["no UTF-8", (r) => json(r, 200, Buffer.from([0x22, 0xff, 0x22])), 502, -41003],
    ["no object", (r) => json(r, 200, "[]"), 502, -41003],
    ["no ARC", (r) => json(r, 200, { detail: "secret" }), 502, -41003],
    ["nothing", (r) => json(r, 200, ""), 502, -41003],
    ["another request's answer", (r) => json(r, 200, { ...ok, id: "r2" }), 502, -41003],
    ["full", (r) => json(r, 503, "secret", { "content-type": "text/plain" }), 503, -41002],
    ["too much", (r) => json(r, 200, { ...ok, secret: "x".repeat(5000) }), 502, -45004],
    ["it breaks off", breaksOff, 502, -41003],
    ["no answer", (r) => r.destroy(), 502, -41003],
  ];
  for (const [what, how, status, expected] of table) {
    const { post, events } = front((_seen, response) => void how(response), { limits: { maxAnswerBytes: 2000 } });
    const response = await post();
    const text = await response.text();
    assert.deepEqual([response.status, JSON.parse(text).error?.code], [status, expected], what);
    assert.deepEqual([JSON.parse(text).id, JSON.parse(text).traceId], ["r1", "trace-1"], what);
    assert.doesNotMatch(text, /secret|html/, what);
    assert.deepEqual(
      [events.at(-1).type, events.at(-1).outcome, events.at(-1).status],
      ["arc.run", "failed", status],
      what,
    );
  }
  const { post } = front(() => {}, { upstream: "http://127.0.0.1:9/arc" });
  assert.equal(await code(await post()), -41003);
});

test("errors in ARC come through; one about credentials is the client's only if they were", async () => {
  const error = (number) => ({ ...ok, id: "error", result: null, error: { code: number, message: "m" } });
  for (const [status, number, upstreamAuth, expected] of [
    [404, -42001, undefined, [404, -42001]],
    [500, -42004, undefined, [500, -42004]],
    [403, -44003, undefined, [403, -44003]],
    [401, -44004, undefined, [401, -44004]],
    [401, -44004, { mode: "dangerouslySharedToken", token: "ours" }, [502, -41005]],
    [400, -44001, { mode: "dangerouslySharedToken", token: "ours" }, [502, -41005]],
  ]) {
    const { post } = front((_seen, response) => json(response, status, error(number)), { upstreamAuth });
    const response = await post();
    assert.equal(response.headers.has("www-authenticate"), response.status === 401);
    assert.deepEqual([response.status, await code(response)], expected);
  }
});

test("a redirect is followed to nobody; a slash at the end of our own path is found once", async () => {
  let elsewhere = 0;
  const other = createServer((_request, response) => {
    elsewhere += 1;
    json(response, 200, ok);
  });
  await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
  const away = `http://127.0.0.1:${other.address().port}`;
  for (const [status, location] of [
    [307, `${away.replace("127.0.0.1", "localhost")}/arc/`],
    [307, "//evil.example/arc/"],
    [307, "/other/"],
    [307, "/arc"],
    [307, "/arc//"],
    [307, "/arc/?next=1"],
    [307, undefined],
    [308, "https://evil.example/arc/"],
    [301, "/arc/"],
    [302, "/arc/"],
    [303, "/arc/"],
  ]) {
    const { post, events } = front((_seen, response) => json(response, status, "", location ? { location } : {}));
    const response = await post();
    assert.deepEqual([response.status, await code(response)], [502, -41003], `${status} ${location}`);
    assert.equal(requests.length, 1, `${status} ${location}`);
    assert.equal(events.at(-1).reason, "upstream_redirect");
  }
  other.close();
  assert.equal(elsewhere, 0);
  // The SDK's router: /arc is /arc/. Behind a proxy it gets the scheme wrong, which changes nothing.
  for (const location of ["/arc/?v=1", `${origin.replace("http:", "https:")}/arc/?v=1`]) {
    const slashed = (seen, response) =>
      seen.url === "/arc/?v=1" ? json(response, 200, ok) : json(response, 307, "", { location });
    const { post } = front(slashed, { path: "/arc?v=1" });
    assert.deepEqual([(await post()).status, (await post()).status], [200, 200]);
    assert.deepEqual(
      requests.map(({ url }) => url),
      ["/arc?v=1", "/arc/?v=1", "/arc/?v=1"],
    );
    assert.equal(requests[1].body, requests[0].body);
  }
  // One that sends in circles is asked twice.
  const { post } = front((seen, response) => json(response, 307, "", { location: `${seen.url}/` }));
  assert.equal((await post()).status, 502);
  assert.equal(requests.length, 2);
});

test("an upstream has its time, and a client that goes takes the connection with it", { timeout: 20_000 }, async () => {
  const slow = front(() => {}, { limits: { agentTimeoutMs: 60 } });
  const late = await slow.post();
  assert.deepEqual([late.status, await code(late)], [504, -41006]);
  await requests[0].closed;
  const half = front(
    (_seen, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"arc":');
    },
    { limits: { agentTimeoutMs: 60 } },
  );
  assert.equal(await code(await half.post()), -41006);
  await requests[0].closed;
  const client = new AbortController();
  const { post, events } = front(() => client.abort());
  await post({ signal: client.signal });
  await requests[0].closed;
  assert.deepEqual([events.at(-1).outcome, events.at(-1).reason], ["cut", "client_gone"]);
  const ends = front(() => {}, { limits: { clockToleranceSec: 0 } });
  const expired = await ends.post({ token: `alice.${Date.now() + 80}` });
  assert.deepEqual([expired.status, await code(expired)], [403, -44004]);
});

test("a stream comes through as it comes, and its client's going ends it there", { timeout: 20_000 }, async () => {
  let response;
  const { post, events } = front((_seen, stream) => {
    response = stream;
    stream.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "set-cookie": "a=b" });
    stream.write(event(1));
  });
  const answered = await post({ body: streamed("far", "x") });
  assert.equal(answered.headers.get("content-type"), "text/event-stream");
  assert.equal(answered.headers.has("set-cookie"), false);
  const events_ = sse(answered);
  assert.equal((await events_.next()).value.data.message.parts[0].content, "1");
  // In pieces that are no events.
  for (const piece of [event(2).slice(0, 20), event(2).slice(20) + event(3).slice(0, 5)]) response.write(piece);
  assert.equal((await events_.next()).value.data.message.parts[0].content, "2");
  response.write(event(3).slice(5));
  assert.equal((await events_.next()).value.data.message.parts[0].content, "3");
  await events_.return();
  await requests[0].closed;
  assert.deepEqual([events.at(-1).outcome, events.at(-1).reason], ["cut", "client_gone"]);
});

test("a stream is cut between events: with its token, when the upstream breaks off, when an event has no end", {
  timeout: 20_000,
}, async () => {
  const half = event("half").slice(0, -8);
  const start = (stream) => {
    stream.writeHead(200, { "content-type": "text/event-stream" });
    stream.write(event(1) + half);
  };
  for (const [how, options, token, expected, reason] of [
    [start, { limits: { clockToleranceSec: 0 } }, () => `alice.${Date.now() + 150}`, -44004, "ERR_TOKEN_EXPIRED"],
    [start, { limits: { agentTimeoutMs: 150 } }, () => "alice", -41006, "timeout"],
    [
      (stream) => {
        start(stream);
        setTimeout(() => stream.destroy(), 30);
      },
      {},
      () => "alice",
      -41003,
      "upstream_unreachable",
    ],
    [
      (stream) => {
        start(stream);
        stream.write("x".repeat(3000));
      },
      { limits: { maxAnswerBytes: 2000 } },
      () => "alice",
      -45004,
      "upstream_too_large",
    ],
  ]) {
    const { post, events } = front((_seen, stream) => void how(stream), options);
    const answered = await post({ token: token(), body: streamed("far", "x") });
    const text = await answered.text();
    assert.ok(text.startsWith(event(1)) && !text.includes(half), text);
    const [error, done] = text.slice(event(1).length).split("\n\n");
    assert.equal(JSON.parse(error.slice("event: error\ndata: ".length)).error.code, expected);
    assert.equal(JSON.parse(done.slice("event: done\ndata: ".length)).status, "ERROR");
    assert.equal(events.at(-1).reason, reason);
    await requests[0].closed;
  }
});

test("a reader that is slow slows the upstream down", { timeout: 30_000 }, async () => {
  let sent = 0;
  const chunk = `data: ${"x".repeat(64 * 1024)}\n\n`;
  const { post } = front(async (seen, stream) => {
    stream.writeHead(200, { "content-type": "text/event-stream" });
    let isClosed = false;
    seen.closed.then(() => (isClosed = true));
    while (!isClosed && sent < 2000) {
      sent += 1;
      if (!stream.write(chunk))
        await Promise.race([new Promise((resolve) => stream.once("drain", resolve)), seen.closed]);
    }
  });
  const answered = await post({ body: streamed("far", "x") });
  const reader = answered.body.getReader();
  await reader.read();
  // Until the upstream is held back: nothing more goes out, however often it is looked at.
  let before;
  do {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  } while (sent !== before);
  assert.ok(sent < 1000, `${sent} chunks of 64 kB went out unread`);
  await reader.cancel();
  await requests[0].closed;
});

test("events end where events end, however they are cut", () => {
  const encoder = new TextEncoder();
  for (const newline of ["\n", "\r\n", "\r"]) {
    const one = `event: a${newline}data: 1${newline}${newline}`;
    const text = `${one}${newline}${one}: comment${newline}${newline}data: tail`;
    for (let size = 1; size <= text.length; size += 1) {
      const splitter = new EventSplitter(1000);
      let whole = "";
      for (let at = 0; at < text.length; at += size) {
        const given = splitter.push(encoder.encode(text.slice(at, at + size)));
        if (given === undefined) continue;
        whole += new TextDecoder().decode(given);
        const blank = whole.endsWith(newline + newline) || whole.endsWith("\r\n\r");
        assert.ok(blank, `${JSON.stringify(whole)} of pieces of ${size}`);
      }
      assert.equal(whole.replace(/[\r\n]/g, ""), text.slice(0, text.indexOf("data: tail")).replace(/[\r\n]/g, ""));
      assert.ok(!whole.includes("tail") && whole.includes("comment"));
    }
  }
  const splitter = new EventSplitter(10);
  assert.equal(splitter.push(encoder.encode("data: 1")), undefined);
  splitter.check();
  splitter.push(encoder.encode("2345"));
  assert.throws(() => splitter.check(), RangeError);
});

test("a service binding sees the host that the client called, and is asked like any upstream", async () => {
  const seen = [];
  const binding = {
    async fetch(url, init) {
      seen.push({ url, ...init });
      if (!url.endsWith("/")) return new Response(null, { status: 307, headers: { location: "/arc/" } });
      return Response.json(ok);
    },
  };
  const { post } = front(undefined, { upstream: binding, basePath: "" });
  assert.equal((await post()).status, 200);
  assert.deepEqual(
    seen.map(({ url, method, redirect }) => [url, method, redirect]),
    [
      ["http://127.0.0.1:8787/arc", "POST", "manual"],
      ["http://127.0.0.1:8787/arc/", "POST", "manual"],
    ],
  );
  assert.equal(seen[0].headers.authorization, "Bearer alice");
  // One that ignores its signal is left all the same.
  const deaf = front(undefined, { upstream: { fetch: () => new Promise(() => {}) }, limits: { agentTimeoutMs: 40 } });
  assert.equal(await code(await deaf.post()), -41006);
});
