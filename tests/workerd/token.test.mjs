// TokenManager inside workerd, where a promise or a timer may end with the request that made it: how often the token endpoint
// is asked, and who gets a token. Where time must pass, the manager's clock is set.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "../attacks/kit.mjs";
import { only, startServers } from "../lib/bearer-servers.mjs";
import { startWorkerd } from "../lib/bundled-worker.mjs";
import { startWrangler } from "../lib/worker.mjs";

let worker;
let endpoint;
const issued = new Map();

/** What the token endpoint does for one manager: it may hold its next answers back. */
const stateOf = (name) => {
  const state = issued.get(name) ?? { count: 0, stall: 0, stalled: [], bodies: [], agents: [] };
  issued.set(name, state);
  return state;
};

/** Held back until `answer` is called; `closed` is when the client has gone or got it. */
function hold(state, response, answer) {
  if (state.stall === 0) return answer();
  state.stall -= 1;
  state.stalled.push({ answer, closed: new Promise((resolve) => response.on("close", resolve)) });
}

before(async () => {
  endpoint = await serve((request, response) => {
    const state = stateOf(request.url.slice(1));
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      state.count += 1;
      state.bodies.push(body);
      state.agents.push(request.headers["user-agent"]);
      const token = { access_token: `${request.url.slice(1)}-${state.count}`, token_type: "Bearer", expires_in: 600 };
      hold(state, response, () => {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(token));
      });
    });
  });
  const define = { TOKEN_ENDPOINT: JSON.stringify(endpoint.url) };
  worker = await startWorkerd(fileURLToPath(new URL("token/index.js", import.meta.url)), { define });
});
after(async () => {
  await worker?.close();
  await endpoint?.close();
});

async function post(path, body) {
  const response = await fetch(`${worker.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}
const make = async (name, more) => ({ isolate: await post("/make", { name, ...more }), state: stateOf(name) });
const pass = (name, seconds) => post("/ahead", { name, ms: seconds * 1000 });
const begun = async (name) => JSON.parse(await post("/begun", { name }));
const path = (name, keep) => `/token?name=${name}${keep ? "&keep" : ""}`;
async function token(name, { keep = false } = {}) {
  const response = await fetch(`${worker.url}${path(name, keep)}`);
  return response.text();
}
const times = (count, make) => Promise.all(Array.from({ length: count }, (_, index) => make(index)));
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));
const until = async (isTime) => {
  while (!(await isTime())) await tick();
};

/** A request whose client goes away, by a reset, as soon as `isTime` says so. */
async function leave(name, isTime, { keep = false } = {}) {
  const client = httpRequest(`${worker.url}${path(name, keep)}`, { agent: false });
  client.on("error", () => {});
  client.end();
  await until(isTime);
  client.socket.resetAndDestroy();
}

test("a manager made at the global scope: 20 requests at once, one request for a token", async () => {
  const tokens = await times(20, () => token("early"));
  assert.deepEqual(tokens, Array(20).fill("early-1"));
  assert.equal(stateOf("early").count, 1);
  // workerd itself names nobody.
  assert.match(stateOf("early").agents[0], /^arcgate\/\d/);
  // And one isolate served all: the count means something.
  assert.equal((await make("one")).isolate, (await make("another")).isolate);
});

test("a token that nears its end is refreshed when it is used, and waitUntil keeps that alive past the answer", async () => {
  const { state } = await make("used");
  assert.equal(await token("used"), "used-1");
  await pass("used", 400);
  assert.equal(await token("used"), "used-1");
  assert.equal(state.count, 1, "nothing is done ahead of the lead");
  await pass("used", 140);
  state.stall = 1;
  // The endpoint holds its answer back, and the caller has its own all the same.
  assert.equal(await token("used", { keep: true }), "used-1");
  await until(() => state.stalled.length === 1);
  assert.equal(await token("used", { keep: true }), "used-1");
  state.stalled[0].answer();
  await state.stalled[0].closed;
  await until(async () => (await token("used")) === "used-2");
  assert.equal(state.count, 2);
});

test("a refresh without waitUntil may die with its request: others go on, and get a token", async () => {
  const { state } = await make("dies", { options: { timeoutMs: 1000 } });
  assert.equal(await token("dies"), "dies-1");
  await pass("dies", 540);
  state.stall = 1;
  assert.equal(await token("dies"), "dies-1");
  await pass("dies", 10);
  assert.equal(await token("dies"), "dies-1");
  await pass("dies", 60);
  // Whether the runtime lets it live until its time-out or not.
  await until(async () => /^dies-[23]$/.test(await token("dies")));
  assert.ok(state.count <= 3, `${state.count} requests`);
});

test("the cancelling of the request that owns the fetch leaves no other hanging", async () => {
  const { state } = await make("cancelled", { options: { timeoutMs: 1000 } });
  state.stall = 1;
  let others;
  await leave("cancelled", async () => {
    // They come while the fetch is under way, and wait for it.
    if (state.stalled.length === 1) others ??= times(5, () => token("cancelled"));
    return (await begun("cancelled")).begun >= 6;
  });
  // The owner was given up with its client: workerd closes what it had open.
  await state.stalled[0].closed;
  assert.deepEqual(await others, Array(5).fill("cancelled-2"));
  assert.equal(state.count, 2, "one of those who waited took over");
  assert.equal(await token("cancelled"), "cancelled-2");
});

test("who comes after a cancelled fetch gets a token too", async () => {
  const { state } = await make("after", { options: { timeoutMs: 1000 } });
  state.stall = 1;
  await leave("after", () => state.stalled.length === 1);
  await state.stalled[0].closed;
  assert.deepEqual(await times(5, () => token("after")), Array(5).fill("after-2"));
  assert.equal(state.count, 2);
});

test("with waitUntil, the fetch outlives its cancelled request: the others get its token", async () => {
  const { state } = await make("kept");
  state.stall = 1;
  let others;
  await leave(
    "kept",
    async () => {
      if (state.stalled.length === 1) others ??= times(5, () => token("kept"));
      return (await begun("kept")).begun >= 6;
    },
    { keep: true },
  );
  state.stalled[0].answer();
  assert.deepEqual(await others, Array(5).fill("kept-1"));
  assert.equal(state.count, 1);
});

test("a refresh token whose request was cancelled is sent by who comes next, at once and once", async () => {
  const source = { type: "refresh_token", refreshToken: "r0", clientSecret: undefined };
  const { state } = await make("person", { source, options: { timeoutMs: 1000 } });
  state.stall = 1;
  await leave("person", () => state.stalled.length === 1);
  await state.stalled[0].closed;
  assert.deepEqual(await times(5, () => token("person")), Array(5).fill("person-2"));
  assert.equal(state.count, 2);
});

test("the cancelling of the request that reads or writes the storage leaves no other hanging", async () => {
  const shelf = { stall: 0, stalled: [], text: "null" };
  const storage = await serve((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const done = () => {
        if (request.method === "PUT") shelf.text = body;
        response.end(shelf.text);
      };
      hold(shelf, response, done);
    });
  });
  try {
    const { state } = await make("shelf", { storage: storage.url, options: { timeoutMs: 1000 } });
    // It reads.
    shelf.stall = 1;
    await leave("shelf", () => shelf.stalled.length === 1);
    await shelf.stalled[0].closed;
    assert.deepEqual(await times(3, () => token("shelf")), Array(3).fill("shelf-1"));
    assert.match(shelf.text, /shelf-1/);
    // It writes.
    await pass("shelf", 700);
    state.stall = 1;
    const leaving = leave("shelf", () => shelf.stalled.length === 2);
    await until(() => state.stalled.length === 1);
    shelf.stall = 1;
    state.stalled[0].answer();
    await leaving;
    await shelf.stalled[1].closed;
    assert.deepEqual(await times(3, () => token("shelf")), Array(3).fill("shelf-2"));
    assert.equal(state.count, 2, "what was obtained is not obtained again");
    assert.match(shelf.text, /shelf-2/, "and it is stored");
    assert.ok(!(await begun("shelf")).events.includes("not_stored"));
  } finally {
    await storage.close();
  }
});

test("with KV as its storage, a cold isolate buys no new token", async () => {
  const persistTo = mkdtempSync(join(tmpdir(), "arcgate-kv-"));
  const config = fileURLToPath(new URL("token/kv/wrangler.toml", import.meta.url));
  const run = async (work) => {
    const worker = await startWrangler({ TOKEN_ENDPOINT: `${endpoint.url}/kv` }, { config, persistTo });
    const ask = async (path = "/") => (await fetch(`${worker.url}${path}`)).text();
    try {
      await work(ask);
    } finally {
      await worker.close();
    }
  };
  try {
    await run(async (ask) => {
      const answers = (await times(20, () => ask())).map((text) => JSON.parse(text));
      assert.deepEqual([...new Set(answers.map(({ token }) => token))], ["kv-1"]);
    });
    await run(async (ask) => {
      assert.deepEqual(JSON.parse(await ask()), { token: "kv-1", wasCold: true });
      assert.equal(stateOf("kv").count, 1);
      // What is revoked is not found there again.
      await ask("/revoke");
    });
    await run(async (ask) => assert.deepEqual(JSON.parse(await ask()), { token: "kv-2", wasCold: true }));
  } finally {
    rmSync(persistTo, { recursive: true, force: true });
  }
});

test("createFetch: a token follows no redirect to another origin, and a bad one is replaced, whatever the request is", async () => {
  const servers = await startServers();
  const { api, other, seen } = servers;
  try {
    await post("/make", { name: "calls" });
    const call = async (what) => JSON.parse(await post("/call", { name: "calls", origins: [api, other], ...what }));
    for (const status of [302, 307]) {
      servers.answers["/away"] = () => [status, { location: `${other}/there` }];
      servers.answers["/within"] = () => [status, { location: "/here" }];
      for (const prefix of ["", "request:"]) {
        seen.length = 0;
        const away = await call({ url: `${prefix}${api}/away`, method: "POST", body: "kept" });
        assert.deepEqual([away.status, away.url, away.redirected], [200, `${other}/there`, true]);
        await call({ url: `${prefix}${api}/within`, method: "POST", body: "kept" });
        const gone = seen.map(({ path, method, authorization, body }) => [path, method, authorization, body].join(" "));
        const [method, body] = status === 307 ? ["POST", "kept"] : ["GET", ""];
        assert.deepEqual(gone, [
          "/away POST Bearer calls-1 kept",
          `/there ${method}  ${body}`,
          "/within POST Bearer calls-1 kept",
          `/here ${method} Bearer calls-1 ${body}`,
        ]);
      }
    }
    for (const [number, prefix] of ["", "request:"].entries()) {
      servers.answers["/"] = only(`calls-${number + 2}`);
      seen.length = 0;
      const { status, text } = await call({ url: `${prefix}${api}/`, method: "POST", body: "kept" });
      assert.deepEqual([status, text, seen.length], [200, "kept", 2]);
      await post("/ahead", { name: "calls", ms: 60_000 });
    }
  } finally {
    servers.close();
  }
});
