// An application of createWorker whose verifier knows one token, `good`.

import { builtinAgents, createWorker } from "../../pkg/worker.node.js";
import { envelope } from "./arc.mjs";

export const verifier = { authenticate: async ({ token }) => (token === "good" ? { id: "a" } : null) };
export const ctx = { waitUntil() {} };

/** What is audited, and what posts to it. */
export function app(options = {}) {
  const events = [];
  const worker = createWorker({ verifier, agents: builtinAgents, audit: (event) => events.push(event), ...options });
  return { events, post: (init, path = "/arc") => worker.fetch(arcRequest(init, path), {}, ctx) };
}

/** A request for ARC with a token that is accepted. */
export function arcRequest(
  { token = "good", body = JSON.stringify(envelope()), headers = {}, ...init } = {},
  path = "/arc",
) {
  return new Request(`http://127.0.0.1:8787${path}`, {
    method: "POST",
    duplex: "half",
    body,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    ...init,
  });
}
