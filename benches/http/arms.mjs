// Who is measured, and the requests that all of them are sent.

import { audience, issuer, tokensOf } from "../tokens.mjs";
import { requestOf } from "./load.mjs";

export const algorithms = ["ES256", "RS256"];

/**
 * The arms: a Worker of its own, or a check in the Worker that all checks share. `tokens`: which kinds of token make a difference
 * to it; in Node the checks are measured, too.
 */
export const arms = {
  bare: { label: "bare", check: "bare", tokens: [] },
  verify: { label: "+ bare `subtle.verify`", check: "bare-verify", tokens: ["new"] },
  jose: { label: "jose", check: "jose", tokens: ["new", "seen"] },
  hono: { label: "Hono, `jwk`", worker: "hono", tokens: ["new", "seen"] },
  authenticate: { label: "`authenticateRequest`", check: "authenticate", tokens: ["new", "seen"] },
  logging: { label: "bare: body, fields, log", worker: "logging", tokens: [] },
  arc: { label: "`POST /arc`, `echo`", worker: "arc", tokens: ["new", "seen"] },
  forwarder: { label: "bare forwarder with jose", worker: "forwarder", tokens: ["new", "seen"], hasUpstream: true },
  upstream: { label: "`POST /arc`, upstream", worker: "arc", tokens: ["new", "seen"], hasUpstream: true },
};

// A request of ARC. Those who do not speak it read nothing of it.
const body = JSON.stringify({
  arc: "1.0",
  id: "r1",
  method: "task.create",
  requestAgent: "bench",
  targetAgent: "echo",
  params: { initialMessage: { role: "user", parts: [{ type: "TextPart", content: "hello" }] } },
});

/** So many requests of each algorithm, each with a token of its own, and what a server must know to let them in. */
export async function requestsOf(count, wanted = algorithms) {
  const requests = {};
  const keys = [];
  for (const algorithm of wanted) {
    process.stderr.write(`requests: ${count} tokens, ${algorithm} …\n`);
    const { tokens, jwk } = await tokensOf(algorithm, count);
    requests[algorithm] = tokens.map((token) => requestOf(token, body));
    keys.push(jwk);
  }
  return { requests, setup: { keys, issuer, audience } };
}
