// The ARC front before an upstream that does what it should not: what reaches it, and what of it reaches the client.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { envelope } from "../lib/arc.mjs";
import { front, origin, requests, scopes } from "../lib/arc-upstream.mjs";

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

test("an upstream has its time, and a client that goes takes the connection with it", {
  timeout: 20_000,
}, async (t) => {
  // Time passes once the upstream has answered so far.
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const pass = () => setImmediate(() => t.mock.timers.tick(80));
  const slow = front(pass, { limits: { agentTimeoutMs: 60 } });
  const late = await slow.post();
  assert.deepEqual([late.status, await code(late)], [504, -41006]);
  await requests[0].closed;
  const half = front(
    (_seen, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"arc":');
      pass();
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
  const ends = front(pass, { limits: { clockToleranceSec: 0 } });
  const expired = await ends.post({ token: `alice.${Date.now() + 80}` });
  assert.deepEqual([expired.status, await code(expired)], [403, -44004]);
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

test("an answer that is longer than it says is read no further than the limit, in a Worker too", async (t) => {
  t.mock.getter(globalThis.navigator, "userAgent", () => "Cloudflare-Workers");
  let pulled = 0;
  const body = () =>
    new ReadableStream({
      pull(controller) {
        pulled += 1;
        if (pulled > 100) controller.close();
        else controller.enqueue(new Uint8Array(1000));
      },
    });
  const upstream = {
    fetch: async () => new Response(body(), { headers: { "content-type": "application/json", "content-length": "5" } }),
  };
  const { post } = front(undefined, { upstream, limits: { maxAnswerBytes: 2000 } });
  assert.equal((await post()).status, 502);
  assert.ok(pulled < 10, `${pulled} pieces`);
});
