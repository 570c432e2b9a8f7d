// A token endpoint on loopback that can hold its answers back, and a Worker whose managers ask it.

import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before } from "node:test";
import { serve } from "../../attacks/kit.mjs";
import { troubles } from "../jwks/provider.mjs";

export let worker;
export let endpoint;
const issued = new Map();

/** What the token endpoint does for one manager: it may hold its next answers back. */
export const stateOf = (name) => {
  const state = issued.get(name) ?? { count: 0, stall: 0, stalled: [], bodies: [], agents: [] };
  issued.set(name, state);
  return state;
};

/** Held back until `answer` is called; `closed` is when the client has gone or got it. */
export function hold(state, response, answer) {
  if (state.stall === 0) return answer();
  state.stall -= 1;
  state.stalled.push({ answer, closed: new Promise((resolve) => response.on("close", resolve)) });
}

/** Starts the Worker of a test file before its tests: `start` is told where the token endpoint is. */
export function use(start, leaving) {
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
    worker = await start(endpoint.url);
  });
  after(async () => {
    await worker?.close();
    await endpoint?.close();
    assert.deepEqual(troubles(worker, leaving), []);
  });
}

export async function post(path, body) {
  const response = await fetch(`${worker.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}
export const make = async (name, more) => ({ isolate: await post("/make", { name, ...more }), state: stateOf(name) });
export const pass = (name, seconds) => post("/ahead", { name, ms: seconds * 1000 });
export const begun = async (name) => JSON.parse(await post("/begun", { name }));
const path = (name, keep) => `/token?name=${name}${keep ? "&keep" : ""}`;
export async function token(name, { keep = false } = {}) {
  const response = await fetch(`${worker.url}${path(name, keep)}`);
  return response.text();
}
export const times = (count, make) => Promise.all(Array.from({ length: count }, (_, index) => make(index)));
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));
export const until = async (isTime) => {
  while (!(await isTime())) await tick();
};

/** A request whose client goes away, by a reset, as soon as `isTime` says so. */
export async function leave(name, isTime, { keep = false } = {}) {
  const client = httpRequest(`${worker.url}${path(name, keep)}`, { agent: false });
  client.on("error", () => {});
  client.end();
  await until(isTime);
  client.socket.resetAndDestroy();
}
