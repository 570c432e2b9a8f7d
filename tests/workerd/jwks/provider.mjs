// A Worker with verifiers, and providers on loopback whose keys it verifies with.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { claims, jws, makeKey, serve } from "../../attacks/kit.mjs";

const LATENCY_MS = 60;

export let worker;
export const open = [];

// What workerd says when a promise, a timer or a module of one request was left to another, or a module was lost.
const isTrouble = /hung|different request|panicked|unreachable|RuntimeError|recursive use/;

// Those who left while they waited for another request's promise would have been woken now.
const hasLeft = /Warning: A promise was resolved .* the creating request has already been completed or canceled/;

/** The lines of a Worker's log that tell of it. Where waiters have left, they may have been missed. */
export function troubles(worker, { waitersLeave = false } = {}) {
  return worker?.log.filter((line) => isTrouble.test(line) && !(waitersLeave && hasLeft.test(line))) ?? [];
}

/** Starts the Worker of a test file before its tests. After them its log must be clean. */
export function use(start, leaving) {
  before(async () => {
    worker = await start();
  });
  after(async () => {
    for (const one of open) await one.close();
    await worker?.close();
    assert.deepEqual(troubles(worker, leaving), []);
  });
}

/**
 * A provider on loopback and a verifier of its own in the Worker. `state.keys` are its keys, `status` its answer's status, and
 * `stall` makes it hold its next answers back. With `discovers` the verifier knows nothing but the issuer; `more` is for the
 * Worker's own `/make`.
 */
export async function provider(
  name,
  { keys = [makeKey("ES256", "first")], options = {}, frozen = false, discovers = false, ...more } = {},
) {
  const state = { keys, status: 200, headers: {}, stall: 0, stalled: [] };
  const server = await serve((request, response) => {
    const isMetadata = request.url.startsWith("/.well-known/");
    const answer = () => {
      response.writeHead(state.status, { "content-type": "application/json", ...state.headers });
      const document = isMetadata
        ? { issuer: url, jwks_uri: `${url}/keys` }
        : { keys: state.keys.map(({ jwk }) => jwk) };
      response.end(state.status === 200 ? JSON.stringify(document) : "");
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
    ...more,
    options: {
      providers: { one: { issuer: url, audience: "api", ...(!discovers && { jwksUri: `${url}/keys` }) } },
      ...options,
    },
  });
  return {
    state,
    isolate,
    /** How many requests for this verifier workerd has begun. */
    begun: async () => Number(await post("/begun", { name })),
    /** How often the keys were asked for, metadata included. */
    fetches: () => requests.length,
    /** What was asked for. */
    asked: () => [...requests],
    token: (key = state.keys[0], more = {}) =>
      jws(key, claims({ iss: url, exp: Math.floor(Date.now() / 1000) + 4 * 3600, ...more })),
    unknown: () => jws({ ...makeKeyOnce(), kid: `unknown ${Math.random()}` }, claims({ iss: url })),
    verify: (token, { path = "/verify", passMs = 0, name: other = name } = {}) => verify(other, token, path, passMs),
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
