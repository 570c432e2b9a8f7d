// The Worker of this folder, and providers on loopback whose keys it verifies with.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { claims, jws, makeKey, serve } from "../../attacks/kit.mjs";
import { startWorkerd } from "../../lib/bundled-worker.mjs";

const LATENCY_MS = 60;

export let worker;
export const open = [];

before(async () => {
  worker = await startWorkerd(fileURLToPath(new URL("index.js", import.meta.url)));
});

after(async () => {
  for (const one of open) await one.close();
  await worker?.close();
});

/**
 * A provider on loopback and a verifier of its own in the Worker. `publish` sets its keys, `status` its answer's status, and
 * `stall` makes it hold its next answers back.
 */
export async function provider(name, { keys = [makeKey("ES256", "first")], options = {}, frozen = false, store } = {}) {
  const state = { keys, status: 200, headers: {}, stall: 0, stalled: [] };
  const server = await serve((_request, response) => {
    const answer = () => {
      response.writeHead(state.status, { "content-type": "application/json", ...state.headers });
      response.end(state.status === 200 ? JSON.stringify({ keys: state.keys.map(({ jwk }) => jwk) }) : "");
    };
    if (state.stall > 0) {
      state.stall -= 1;
      state.stalled.push({ answer, closed: new Promise((resolve) => response.on("close", resolve)) });
    } else setTimeout(answer, LATENCY_MS);
  });
  open.push(server);
  const { url, requests } = server;
  const isolate = await post("/make", {
    name,
    frozen,
    store,
    options: { providers: { one: { issuer: url, audience: "api", jwksUri: `${url}/keys` } }, ...options },
  });
  return {
    state,
    isolate,
    /** How many requests for this verifier workerd has begun. */
    begun: async () => Number(await post("/begun", { name })),
    /** How often the keys were asked for. */
    fetches: () => requests.length,
    token: (key = state.keys[0], more = {}) =>
      jws(key, claims({ iss: url, exp: Math.floor(Date.now() / 1000) + 4 * 3600, ...more })),
    unknown: () => jws({ ...makeKeyOnce(), kid: `unknown ${Math.random()}` }, claims({ iss: url })),
    verify: (token, { path = "/verify", passMs = 0 } = {}) => verify(name, token, path, passMs),
    async pass(seconds) {
      await post("/ahead", { name, ms: seconds * 1000 });
    },
  };
}

let spare;
const makeKeyOnce = () => (spare ??= makeKey("ES256"));

async function post(path, body) {
  const response = await fetch(`${worker.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

async function verify(name, token, path, passMs) {
  const response = await fetch(`${worker.url}${path}?name=${encodeURIComponent(name)}&pass=${passMs}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await response.text();
  return {
    status: response.status,
    code: response.headers.get("x-code"),
    retryable: response.headers.get("x-retryable"),
    retryAfter: Number(response.headers.get("retry-after")),
  };
}

export const times = (count, make) => Promise.all(Array.from({ length: count }, (_, index) => make(index)));
export const isOutage = ({ status, code, retryable, retryAfter }) => {
  assert.deepEqual([status, code, retryable], [503, "ERR_JWKS_UNAVAILABLE", "true"]);
  assert.ok(retryAfter >= 1, `Retry-After ${retryAfter}`);
};
