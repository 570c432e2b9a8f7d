// Revocation in workerd: the real Durable Object, the entrypoint that revokes, and what outlives the process.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { SignJWT } from "jose";
import { freePort } from "../../scripts/start/ports.mjs";
import { postArc, streamed } from "../lib/arc.mjs";
import { session } from "../lib/arcp.mjs";
import { listener } from "../lib/listener.mjs";
import { startRuntime } from "../lib/scripted-runtime.mjs";
import { startServe } from "../lib/workerd.mjs";

const secret = "a secret of thirty-two bytes or more";
const issuer = "https://idp.example";
const state = mkdtempSync(join(tmpdir(), "arcgate-state-"));
let gate;
let door;
let runtime;
let upstream;

async function start() {
  const port = await freePort();
  door = `http://127.0.0.1:${port}`;
  const scopes = ["arc.agent.caller", "arc.task.controller"];
  gate = await startServe(
    {
      PROVIDERS: { own: { issuer, audience: "arc", secretEnv: "UPSTREAM_KEY", optionalClaims: ["iat"] } },
      STATIC_TOKENS: { fixed: { id: "alice", scopes } },
      // Any variable that the configuration binds can hold the provider's secret.
      UPSTREAM_KEY: secret,
      ARC_UPSTREAM: `http://127.0.0.1:${upstream.address().port}/arc`,
      ARCP_UPSTREAM: runtime.url,
      UPSTREAM_ISSUER: "https://gate.example",
      UPSTREAM_AUDIENCE: "agents",
    },
    { args: ["--revocations", String(port)], state },
  );
}

before(async () => {
  runtime = await startRuntime();
  // Streams without an end, and no answer in ARC to anything else.
  upstream = createServer(
    listener(async (request, response) => {
      const [body] = await once(request, "data");
      const isStream = String(body).includes('"stream":true');
      response.writeHead(200, { "content-type": isStream ? "text/event-stream" : "text/html" });
      if (!isStream) return response.end();
      response.write("data: {}\n\n");
      request.socket.on("close", () => upstream.emit("left"));
    }),
  );
  await once(upstream.listen(0, "127.0.0.1"), "listening");
  await start();
});

after(async () => {
  await gate?.close();
  await runtime?.close();
  upstream?.closeAllConnections();
  upstream?.close();
  rmSync(state, { recursive: true, force: true });
});

const now = () => Math.floor(Date.now() / 1000);

function token({ jti, sub = "alice", iat = now() - 5 } = {}) {
  const jwt = new SignJWT({
    scope: "arc.agent.caller arc.task.controller arc.chat.controller",
    ...(jti && { jti }),
    ...(iat && { iat }),
  });
  return jwt
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer(issuer)
    .setAudience("arc")
    .setSubject(sub)
    .setExpirationTime("10m")
    .sign(new TextEncoder().encode(secret));
}

/** 401, or the 502 of an upstream whose answer is none: whoever gets that was let in. */
const status = async (jwt) => (await postArc(gate.url, { token: jwt })).status;

const revoke = (entry, init = {}) => fetch(door, { method: "POST", body: JSON.stringify(entry), ...init });

test("a token, then a user, is refused from then on; others are not", async () => {
  const [one, other, bob, noDate] = await Promise.all([
    token({ jti: "t1" }),
    token({ jti: "t2" }),
    token({ jti: "t3", sub: "bob" }),
    token({ jti: "t4", iat: 0 }),
  ]);
  for (const jwt of [one, other, bob, noDate, "fixed"]) assert.equal(await status(jwt), 502, gate.log.join("\n"));
  assert.equal((await revoke({ issuer, jti: "t1" })).status, 204);
  assert.deepEqual([await status(one), await status(other)], [401, 502]);
  assert.equal((await revoke({ issuer, sub: "alice", before: now() - 4 })).status, 204);
  assert.deepEqual(
    [await status(other), await status(noDate), await status(bob), await status("fixed")],
    [401, 401, 502, 502],
  );
  assert.equal(await status(await token({ jti: "t5", iat: now() })), 502, "a fresh token of the same user");
});

test("a live session ends, and its token opens no other one", { timeout: 120_000 }, async () => {
  const url = `${gate.url.replace("http", "ws")}/arcp`;
  const [dave, erin] = await Promise.all([token({ sub: "dave" }), token({ sub: "erin" })]);
  const behind = runtime.next();
  const live = await session(url, dave);
  const other = await session(url, erin);
  assert.equal((await revoke({ issuer, sub: "dave" })).status, 204);
  assert.equal((await live.next("session.error")).type, "session.error");
  assert.equal((await live.next("close")).closed.code, 4410);
  for (;;) if ((await (await behind).next("close behind")).closed) break;
  await assert.rejects(session(url, dave));
  await other.close(1000);
});

test("so does a stream that has begun", { timeout: 120_000 }, async () => {
  const left = once(upstream, "left");
  const answered = await fetch(`${gate.url}/arc`, {
    method: "POST",
    headers: { authorization: `Bearer ${await token({ sub: "frank" })}`, "content-type": "application/json" },
    body: JSON.stringify(streamed("far", "x")),
  });
  assert.equal(answered.status, 200);
  assert.equal((await revoke({ issuer, sub: "frank" })).status, 204);
  const text = await answered.text();
  assert.match(text, /^data: \{\}\n\nevent: error\ndata: .*-44001.*\n\nevent: done\n/);
  await left;
});

test("the entrypoint is on no route, and says what is wrong with an entry", async () => {
  for (const path of ["/revoke", "/revocations", "/changes", "/add"]) {
    const { status: answered } = await fetch(`${gate.url}${path}`, { method: "POST", body: '{"issuer":"x"}' });
    assert.equal(answered, 404, path);
  }
  assert.equal((await fetch(door)).status, 405);
  assert.equal((await revoke("", { body: "{" })).status, 400);
  const wrong = await revoke({ issuer, user: "alice" });
  assert.deepEqual([wrong.status, (await wrong.json()).error], [400, "ERR_CONFIG"]);
});

test("what was revoked stays so when the process ends", async () => {
  const jwt = await token({ jti: "t6" });
  assert.equal((await revoke({ issuer, jti: "t6" })).status, 204);
  await gate.close();
  await start();
  assert.equal(await status(jwt), 401);
  assert.equal(await status(await token({ jti: "t7", iat: now() })), 502);
});
