// The repository's Worker and its variables.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { SignJWT } from "jose";
import { envelope, postArc, rawRequest, streamed } from "../lib/arc.mjs";
import { listener } from "../lib/listener.mjs";
import { logged } from "../lib/logged.mjs";
import { startWrangler } from "../lib/worker.mjs";

async function withWorker(variables, run) {
  const worker = await startWrangler(variables);
  try {
    await run(worker.url, worker);
  } finally {
    await worker.close();
  }
}

const probe = async (url) => {
  const response = await fetch(`${url}/readyz`);
  return [response.status, await response.text()];
};

test("nothing configured: everybody is refused", async () => {
  await withWorker({}, async (url, worker) => {
    for (const token of ["x", "dev", "eyJhbGciOiJub25lIn0.e30."]) {
      const { status, json } = await postArc(url, { token });
      assert.deepEqual([status, json.error.code], [401, -44001]);
    }
    await logged(worker.log, /neither PROVIDERS nor STATIC_TOKENS is set/);
    assert.deepEqual(await probe(url), [200, '{"status":"ready"}']);
  });
});

test("static tokens, a provider with a secret, own scopes, origins and hosts", async () => {
  const secret = "a secret of thirty-two bytes or more";
  const variables = {
    STATIC_TOKENS: { "s3cret+/=": "alice", limited: { id: "bob", scopes: ["run"], labels: { team: "a" } } },
    PROVIDERS: { own: { issuer: "https://own.example", audience: "arc", secretEnv: "OWN_SECRET" } },
    OWN_SECRET: secret,
    ARC_SCOPES: { "task.create": ["run"], "agent.look": [] },
    ALLOWED_ORIGINS: "https://app.example, https://other.example",
    ALLOWED_HOSTS: "127.0.0.1,gate.example",
  };
  const jwt = (claims, key = secret) =>
    new SignJWT({ scope: "run", ...claims })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer("https://own.example")
      .setAudience("arc")
      .setSubject("carol")
      .setIssuedAt()
      .setExpirationTime("5m")
      .sign(new TextEncoder().encode(key));
  await withWorker(variables, async (url) => {
    const status = async (options) => (await postArc(url, options)).status;
    assert.equal(await status({ token: "limited" }), 200);
    assert.equal(await status({ token: "limited", headers: { authorization: "bearer limited" } }), 200);
    assert.equal(await status({ token: "limited", body: streamed("echo", "x") }), 403, "the matrix holds for the rest");
    assert.equal(await status({ token: "s3cret+/=", body: streamed("echo", "x") }), 200, "scopes don't apply to it");
    assert.equal(await status({ token: "s3cret+/=" }), 403, "but this deployment asks for one");
    assert.equal(await status({ token: "s3cret" }), 401);
    assert.equal(await status({ token: "limited", body: envelope({ method: "agent.look" }) }), 404);
    assert.equal(await status({ token: await jwt() }), 200, "static tokens first, then JWTs");
    assert.equal(await status({ token: await jwt({}, "another secret of thirty-two bytes.") }), 401);
    assert.equal(await status({ token: await jwt({ scope: "walk" }) }), 403);
    for (const [origin, expected] of [
      ["https://app.example", 200],
      ["https://other.example", 200],
      ["https://evil.example", 403],
    ]) {
      assert.equal(await status({ token: "limited", headers: { origin } }), expected, origin);
    }
    const raw = { headers: { authorization: "Bearer limited" }, body: JSON.stringify(envelope()) };
    assert.equal((await rawRequest(url, { ...raw, host: "gate.example" })).status, 200);
    assert.equal((await rawRequest(url, { ...raw, host: "evil.example" })).status, 421);
  });
});

test("a variable that is no JSON: the log names it, the answer doesn't, and nobody is let in", async () => {
  await withWorker({ STATIC_TOKENS: { good: "alice" }, PROVIDERS: "{secret-value" }, async (url, worker) => {
    const answer = await postArc(url, { token: "good" });
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.text, /secret|PROVIDERS|ERR_/);
    const lines = worker.log.filter((line) => line.includes("worker.config")).map((line) => JSON.parse(line));
    assert.match(lines[0].detail, /^PROVIDERS: is not valid JSON/);
    assert.deepEqual(
      lines.map(({ time }) => time === undefined),
      [true, false],
      "once while it starts, when there is no time, and once in a request",
    );
    assert.deepEqual(await probe(url), [503, '{"status":"not_ready"}']);
    for (const line of worker.log) assert.doesNotMatch(line, /secret-value/);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });
});

test("an upstream, with a token for each user, under wrangler too", async () => {
  const seen = [];
  const upstream = createServer(
    listener(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks).toString();
      seen.push({ authorization: request.headers.authorization, body });
      const { id, params } = JSON.parse(body);
      response.writeHead(200, { "content-type": params.stream ? "text/event-stream" : "application/arc+json" });
      const answer = { arc: "1.0", id, responseAgent: "far", targetAgent: "agent-7", result: { type: "task" } };
      response.end(params.stream ? "event: done\ndata: {}\n\n" : JSON.stringify(answer));
    }),
  );
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const variables = {
    STATIC_TOKENS: { "of-alice": "alice", "of-bob": "bob" },
    ARC_UPSTREAM: `http://127.0.0.1:${upstream.address().port}/arc`,
    UPSTREAM_AUTH: "map",
    UPSTREAM_TOKENS: { alice: "there-alice" },
  };
  try {
    await withWorker(variables, async (url) => {
      const body = JSON.stringify(envelope({ targetAgent: "far" }), null, 2);
      const { status, json } = await postArc(url, { token: "of-alice", body });
      assert.deepEqual([status, json.responseAgent], [200, "far"]);
      assert.deepEqual(seen, [{ authorization: "Bearer there-alice", body }]);
      const stream = await postArc(url, { token: "of-alice", body: streamed("far", "x") });
      assert.equal(stream.text, "event: done\ndata: {}\n\n");
      const bob = await postArc(url, { token: "of-bob", body });
      assert.deepEqual([bob.status, bob.json.error.code, seen.length], [403, -44006, 2]);
    });
  } finally {
    upstream.closeAllConnections();
    upstream.close();
  }
});
